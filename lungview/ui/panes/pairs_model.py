"""The boxes of the current slice as a table: which reader's box belongs to which predicted one, and their IoU."""

from dataclasses import dataclass
from enum import IntEnum

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from lungview.domain.box import Box
from lungview.reading.comparison import SliceComparison
from lungview.ui import theme
from lungview.ui.panes.mark_source import MarkSource

_NONE = "\N{EN DASH}"
_ROOT = QModelIndex()


class Column(IntEnum):
    """What stands in which column."""

    READER = 0
    PREDICTED = 1
    SCORE = 2
    IOU = 3


_HEADS = {
    Column.READER: "Reader",
    Column.PREDICTED: "Predicted",
    Column.SCORE: "Score",
    Column.IOU: "IoU",
}


@dataclass(frozen=True, slots=True)
class PairRow:
    """A pair, or a box that stands alone; iou: 0 for a reader's box that the model missed, None for one accepted."""

    reader: Box | None
    predicted: Box | None
    score: float | None
    iou: float | None


def rows_of(compared: SliceComparison) -> tuple[PairRow, ...]:
    """Pairs first, then readers' boxes missed, then the model's left over."""
    pairs = [PairRow(each.finding.box, each.detection.box, each.detection.score, each.iou) for each in compared.pairs]
    missed = [PairRow(each.box, None, None, 0.0) for each in compared.missed]
    extra = [PairRow(None, each.box, each.score, None) for each in compared.extra]
    return (*pairs, *missed, *extra)


class PairsModel(QAbstractTableModel):
    """One row for each pair, then for each box that stands alone."""

    def __init__(self, marks: MarkSource, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._source = marks
        self._rows = rows_of(marks.current.comparison)
        marks.changed.connect(self._on_marks_changed)

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        """How many pairs and lonely boxes."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = _ROOT) -> int:
        """Reader's box, predicted box, score, IoU."""
        return 0 if parent.isValid() else len(Column)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Names of the columns."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _HEADS[Column(section)]
        return _alignment(Column(section)) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text, its colour, and its place."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], Column(index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(row, column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return _colour(row, column)
        return _alignment(column) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def _on_marks_changed(self) -> None:
        rows = rows_of(self._source.current.comparison)
        if rows != self._rows:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()


def _alignment(column: Column) -> int:
    is_number = column in {Column.SCORE, Column.IOU}
    across = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
    return int(across | Qt.AlignmentFlag.AlignVCenter)


def _text(row: PairRow, column: Column) -> str:
    if column is Column.READER:
        return _corners(row.reader)
    if column is Column.PREDICTED:
        return _corners(row.predicted)
    value = row.score if column is Column.SCORE else row.iou
    return f"{value:.2f}" if value is not None else _NONE


def _corners(box: Box | None) -> str:
    """A box's corners as x, y: the top left one over the bottom right one, so that a narrow column holds them."""
    return _NONE if box is None else f"{box.xmin:.0f}, {box.ymin:.0f}\n{box.xmax:.0f}, {box.ymax:.0f}"


def _colour(row: PairRow, column: Column) -> QColor | None:
    if column is Column.READER and row.reader is not None:
        return QColor(theme.Mark.READER)
    if column in {Column.PREDICTED, Column.SCORE} and row.predicted is not None:
        return QColor(theme.Mark.AI)
    return None
