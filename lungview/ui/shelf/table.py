"""The shelf of models as a table."""

from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from lungview.domain.model_shelf import Figure, Shelf, StoredModel
from lungview.ui import theme

Index = QModelIndex | QPersistentModelIndex


class Column(IntEnum):
    """Columns from left to right."""

    NAME = 0
    MARK = 1
    NETWORK = 2
    PARENT = 3
    MADE = 4
    IOU = 5
    PRECISION = 6


_HEADERS = {
    Column.NAME: ("Name", "What it is called, here and with --model"),
    Column.MARK: ("", "The default answers where no model is chosen"),
    Column.NETWORK: ("Network", "Its architecture"),
    Column.PARENT: ("Trained from", "The model whose weights its training began with"),
    Column.MADE: ("Date", "When it was made or imported"),
    Column.IOU: ("Box IoU", "Mean IoU of the best box with a reader's, with its 95 % interval, on patients held out"),
    Column.PRECISION: ("AP 50", "Average precision at IoU 0.5, with its 95 % interval, on patients held out"),
}
_ON_VALIDATION = "Measured on validation patients, by which the weights were chosen: rather too good"


class ShelfTable(QAbstractTableModel):
    """One row per model, the default first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shelf = Shelf()
        self._in_use = ""

    @property
    def shelf(self) -> Shelf:
        """What is shown."""
        return self._shelf

    def show_shelf(self, shelf: Shelf) -> None:
        """Show another shelf."""
        self.beginResetModel()
        self._shelf = shelf
        self.endResetModel()

    def show_in_use(self, sha256: str) -> None:
        """Mark the model that answers now, by its weights."""
        self._in_use = sha256
        if self._shelf.models:
            self.dataChanged.emit(self.index(0, Column.MARK), self.index(len(self._shelf.models) - 1, Column.MARK))

    def model_at(self, row: int) -> StoredModel | None:
        """The model of a row."""
        return self._shelf.models[row] if 0 <= row < len(self._shelf.models) else None

    def row_of(self, key: str) -> int:
        """The row of a model, -1 where it is not here."""
        return next((row for row, model in enumerate(self._shelf.models) if model.key == key), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Models."""
        return 0 if parent.isValid() else len(self._shelf.models)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Columns."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """What a column is called."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        text, hint = _HEADERS[Column(section)]
        return {Qt.ItemDataRole.DisplayRole: text, Qt.ItemDataRole.ToolTipRole: hint}.get(Qt.ItemDataRole(role))

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """A cell's text, hint, or font."""
        model = self.model_at(index.row())
        if model is None:
            return None
        column = Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(model, column)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._hint(model, column)
        if role == Qt.ItemDataRole.FontRole and column is Column.NAME and model.key == self._shelf.default:
            return theme.font(is_bold=True)
        return None

    def _text(self, model: StoredModel, column: Column) -> str:
        if column is Column.NAME:
            return model.name
        if column is Column.MARK:
            return self._mark(model)
        return _fact(model, column)

    def _mark(self, model: StoredModel) -> str:
        if model.trouble:
            return "cannot be used"
        marks = ["default"] if model.key == self._shelf.default else []
        marks += ["in use"] if self._in_use and model.info.weights_sha256 == self._in_use else []
        return ", ".join(marks)

    def _hint(self, model: StoredModel, column: Column) -> str:
        figure = {Column.IOU: model.iou, Column.PRECISION: model.precision}.get(column)
        if figure is not None and not figure.is_test:
            return _ON_VALIDATION
        return model.trouble or self._text(model, column)


def _fact(model: StoredModel, column: Column) -> str:
    facts = {
        Column.NETWORK: model.info.architecture,
        Column.PARENT: model.lineage.parent or ("–" if not model.lineage.source else "imported"),
        Column.MADE: model.made,
        Column.IOU: figure_in_words(model.iou),
        Column.PRECISION: figure_in_words(model.precision),
    }
    return facts[column]


def figure_in_words(figure: Figure | None) -> str:
    """A figure with its interval; a dash where nobody measured it."""
    if figure is None:
        return "–"
    spread = f" ({figure.low:.2f}–{figure.high:.2f})" if figure.low is not None and figure.high is not None else ""
    return f"{figure.value:.2f}{spread}{'' if figure.is_test else ' val.'}"
