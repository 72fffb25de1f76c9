"""What is known of the chosen model: its card, and where it comes from."""

from PySide6.QtWidgets import QHBoxLayout, QLabel, QTextBrowser, QVBoxLayout, QWidget

from lungview.domain.model_shelf import Shelf, StoredModel
from lungview.ui.shelf.keeper import ShelfKeeper
from lungview.ui.shelf.lineage import LineageTree
from lungview.ui.theme import Space


class Details(QWidget):
    """Card and lineage side by side; the card is read in the background, each time another model is chosen."""

    def __init__(self, keeper: ShelfKeeper) -> None:
        super().__init__()
        self._keeper = keeper
        self._shown: StoredModel | None = None
        self.card = QTextBrowser()
        self.card.setOpenLinks(False)
        self.card.document().setDocumentMargin(Space.BETWEEN)
        self.lineage = LineageTree()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.BETWEEN)
        row.addLayout(_titled("Card", self.card), 3)
        row.addLayout(_titled("Lineage", self.lineage), 2)
        self.setMinimumHeight(180)

    def show_model(self, shelf: Shelf, model: StoredModel | None) -> None:
        """Show another model's card and lineage."""
        self.lineage.show_model(shelf, model)
        if model == self._shown:
            return
        self._shown = model
        self.card.clear()
        if model is not None:
            self._keeper.read_card(model.name, lambda text: self._show_card(model, text))

    def _show_card(self, model: StoredModel, text: str) -> None:
        if model == self._shown:
            self.card.setMarkdown(text)


def _titled(title: str, part: QWidget) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(Space.TIGHT)
    heading = QLabel(title)
    heading.setProperty("role", "title")
    column.addWidget(heading)
    column.addWidget(part, 1)
    return column
