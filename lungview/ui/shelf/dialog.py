"""The manager of models: a table, what is known of the chosen one, and what can be done with it."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QInputDialog,
    QLabel,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lungview.domain.model_shelf import Deleted, Shelf, StoredModel
from lungview.errors import LungViewError
from lungview.ui import theme
from lungview.ui.message_bar import MessageBar
from lungview.ui.shelf.details import Details
from lungview.ui.shelf.keeper import ShelfKeeper
from lungview.ui.shelf.promoting import promote
from lungview.ui.shelf.table import Column, ShelfTable
from lungview.ui.shelf.trash_button import TrashButton
from lungview.ui.theme import Size, Space

_FILES = "Models (*.safetensors *.json *.pt *.pth);;All files (*)"


class ModelsDialog(QDialog):
    """Shows the keeper's shelf; never blocks the window, so that the slices stay in sight while models are tried."""

    use_wanted = Signal(str)
    """The model that is to answer now, by name."""

    def __init__(self, keeper: ShelfKeeper, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Models")
        self.resize(1100, 660)
        self._keeper = keeper
        self._wanted_key = ""
        self._undo_token = ""
        self.model = ShelfTable(self)
        self.table = _table(self.model)
        self.details = Details(keeper)
        self.trouble = MessageBar()
        self.note = QLabel()
        self.note.setProperty("role", "secondary")
        self.undo = self._button("Undo", lambda: keeper.restore(self._undo_token), "Bring the deleted model back")
        self.undo.setProperty("role", "link")
        self.use = self._button("Use now", self._use, "Let this model look at the series that is open")
        self.make_default = self._button("Make default", self._set_default, "Let it answer where no model is chosen")
        self.rename = self._button("Rename…", self._ask_name, "Call it something else (F2)")
        self.delete = self._button("Delete", self._delete, "Move it to the trash (Del)")
        self.import_file = self._button("Import…", self._ask_file, "Keep weights from a file")
        self.export = self._button("Export…", self._ask_folder, "Write weights and cards into a folder")
        self.trash = TrashButton(keeper.restore)
        self.back = self._button("Back to the default before", keeper.roll_back)
        self.shut = self._button("Close", self.close)
        self._lay_out()
        self._connect()
        self.show_shelf(keeper.shelf)

    @property
    def chosen(self) -> StoredModel | None:
        """The model that the buttons are about."""
        return self.model.model_at(self.table.currentIndex().row())

    def choose(self, key: str) -> None:
        """Put the selection on a model."""
        row = self.model.row_of(key)
        mode = QItemSelectionModel.SelectionFlag
        index = self.model.index(max(row, 0), Column.NAME)
        self.table.selectionModel().setCurrentIndex(index, mode.ClearAndSelect | mode.Rows)
        self.table.scrollTo(index)

    def show_shelf(self, shelf: Shelf) -> None:
        """Show the shelf as it is now; the selection stays where it was, or goes to what is new."""
        before, row = self.chosen, self.table.currentIndex().row()
        wanted = self._wanted_key or (before.key if before is not None else shelf.default)
        self._wanted_key = ""
        self.model.show_shelf(shelf)
        neighbour = self.model.model_at(max(0, min(row, len(shelf.models) - 1)))
        is_here = self.model.row_of(wanted) >= 0 or neighbour is None
        self.choose(wanted if is_here or neighbour is None else neighbour.key)
        self.back.setText(f"Back to {shelf.previous}" if shelf.previous else "Back to the default before")
        self.back.setToolTip("Make the default before this one the default again")
        self.trash.show_names(shelf.trash)
        self._on_chosen()

    def show_in_use(self, sha256: str) -> None:
        """Mark the model that answers now."""
        self.model.show_in_use(sha256)

    def tell(self, error: object) -> None:
        """Say what went wrong; what is none of the reader's business goes on to the window."""
        if isinstance(error, LungViewError):
            self.trouble.tell(str(error))

    def say(self, sentence: str, undo_token: str = "") -> None:
        """Say what was done. undo_token: of the deleted model that can be brought back."""
        self.note.setText(sentence)
        self._undo_token = undo_token
        self.undo.setVisible(bool(undo_token))

    def _connect(self) -> None:
        keeper = self._keeper
        keeper.shelf_changed.connect(self.show_shelf)
        keeper.failed.connect(self.tell)
        keeper.busy_changed.connect(self._on_busy)
        keeper.imported.connect(lambda model: self._on_new(model, f"Imported as {model.name}."))
        keeper.restored.connect(lambda model: self._on_new(model, f"{model.name} is back."))
        keeper.renamed.connect(lambda _old, model: self._on_new(model, f"Now called {model.name}."))
        keeper.exported.connect(lambda path: self.say(f"Written: {path.name}, and its cards beside it."))
        keeper.default_changed.connect(lambda model: self._on_new(model, f"{model.name} is the default now."))
        keeper.deleted.connect(self._on_deleted)
        self.table.selectionModel().currentRowChanged.connect(lambda _now, _before: self._on_chosen())
        self.table.doubleClicked.connect(self._on_double_click)
        keys = (("F2", self._ask_name), ("Del", self._delete), ("Ctrl+Z", self._bring_back))
        for key, do in keys:
            QShortcut(QKeySequence(key), self).activated.connect(do)

    def _on_chosen(self) -> None:
        model, is_free = self.chosen, not self._keeper.is_busy
        self.details.show_model(self.model.shelf, model)
        is_sound = is_free and model is not None and not model.trouble
        is_own = is_free and model is not None and not model.is_bundled
        is_default = model is not None and model.key == self.model.shelf.default
        for button, is_enabled in (
            (self.use, is_sound),
            (self.make_default, is_sound and not is_default),
            (self.rename, is_sound and is_own),
            (self.delete, is_own),
            (self.export, is_sound),
            (self.import_file, is_free),
            (self.trash, is_free),
            (self.back, is_free and bool(self.model.shelf.previous)),
            (self.undo, is_free),
        ):
            button.setEnabled(is_enabled)

    def _on_busy(self, doing: str) -> None:
        if doing:
            self.trouble.clear()
            self.say(doing)
        elif self.note.text().endswith("…"):
            self.say("")
        self._on_chosen()

    def _on_new(self, model: StoredModel, sentence: str) -> None:
        self._wanted_key = model.key
        self.say(sentence)

    def _on_deleted(self, deleted: Deleted) -> None:
        default = " The bundled model is the default again." if deleted.was_default else ""
        self.say(f"{deleted.name} is in the trash, for 30 days.{default}", deleted.token)

    def _on_double_click(self, _index: QModelIndex) -> None:
        self._use()

    def _use(self) -> None:
        if self.use.isEnabled() and self.chosen is not None:
            self.use_wanted.emit(self.chosen.name)

    def _set_default(self) -> None:
        if self.chosen is not None:
            promote(self._keeper, self.chosen.name, self.model.shelf.doubt(self.chosen), self)

    def _delete(self) -> None:
        if self.delete.isEnabled() and self.chosen is not None:
            self._keeper.delete(self.chosen.name)

    def _bring_back(self) -> None:
        if self._undo_token and self.undo.isEnabled():
            self._keeper.restore(self._undo_token)

    def _ask_name(self) -> None:
        model = self.chosen
        if model is None or not self.rename.isEnabled():
            return
        asking = QInputDialog(self)
        asking.setWindowTitle("Rename the model")
        asking.setLabelText("Name:")
        asking.setTextValue(model.name)
        asking.resize(Size.PROMPT, asking.sizeHint().height())  # or the title has no room
        asking.textValueSelected.connect(lambda new: self._keeper.rename(model.name, new))
        asking.finished.connect(asking.deleteLater)
        asking.open()

    def _ask_file(self) -> None:
        dialog = self._file_dialog("Import a model", QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(_FILES)
        dialog.fileSelected.connect(lambda chosen: self._keeper.import_file(Path(chosen)))
        dialog.open()

    def _ask_folder(self) -> None:
        model = self.chosen
        if model is None:
            return
        dialog = self._file_dialog(f"Export {model.name} into a folder", QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda chosen: self._keeper.export(model.name, Path(chosen)))
        dialog.open()

    def _file_dialog(self, title: str, mode: QFileDialog.FileMode) -> QFileDialog:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(mode)
        dialog.finished.connect(dialog.deleteLater)
        return dialog

    def _button(self, text: str, do: Callable[[], object], hint: str = "") -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(hint)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _checked: do())
        return button

    def _lay_out(self) -> None:
        above = _row(
            self.use, self.make_default, self.rename, self.delete, None, self.trash, self.import_file, self.export,
        )  # fmt: skip
        split = QSplitter(Qt.Orientation.Vertical)
        split.addWidget(_column(self.table, above))
        split.addWidget(self.details)
        split.setSizes([190, 330])
        split.setChildrenCollapsible(False)
        split.setHandleWidth(Space.BETWEEN)
        told = _row(self.note, self.undo, None)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.AROUND, Space.AROUND, Space.AROUND, Space.AROUND)
        column.setSpacing(Space.BETWEEN)
        column.addWidget(self.trouble)
        column.addWidget(split, 1)
        column.addLayout(_row(self.back, Space.BETWEEN, told, None, self.shut))
        self.undo.hide()


def _column(table: QWidget, below: QHBoxLayout) -> QWidget:
    """The table with its buttons."""
    part = QWidget()
    column = QVBoxLayout(part)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(Space.INSIDE)
    column.addWidget(table, 1)
    column.addLayout(below)
    return part


def _row(*parts: QWidget | QHBoxLayout | int | None) -> QHBoxLayout:
    """Parts side by side; None for room to stretch, a number for a gap in px."""
    row = QHBoxLayout()
    row.setSpacing(Space.INSIDE)
    for part in parts:
        if part is None:
            row.addStretch(1)
        elif isinstance(part, int):
            row.addSpacing(part)
        elif isinstance(part, QHBoxLayout):
            row.addLayout(part)
        else:
            row.addWidget(part)
    return row


def _table(model: ShelfTable) -> QTableView:
    table = QTableView()
    table.setModel(model)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(Size.TITLE_ROW)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    header.setHighlightSections(False)
    header.setSectionsClickable(False)
    metrics = QFontMetrics(theme.font())
    for column, text in _WIDEST.items():
        header.resizeSection(column, metrics.horizontalAdvance(text) + 2 * Space.BETWEEN)
    header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Stretch)
    return table


_WIDEST = {
    Column.MARK: "default, in use", Column.NETWORK: "pyramid-attention", Column.PARENT: "a name of twenty let",
    Column.MADE: "0000-00-00", Column.IOU: "0.00 (0.00–0.00) val.", Column.PRECISION: "0.00 (0.00–0.00) val.",
}  # fmt: skip
"""What a column must have room for, whatever the system's font is."""
