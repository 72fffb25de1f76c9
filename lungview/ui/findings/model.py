"""The lesion rows as a Qt model."""

from enum import IntEnum
from typing import TYPE_CHECKING

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QColor

from lungview.domain.finding import ReviewState, Source
from lungview.ui import theme
from lungview.ui.display_state import DisplayState
from lungview.ui.findings.thumbnails import LesionPictures
from lungview.ui.state import ViewerState
from lungview.ui.theme import Mark

if TYPE_CHECKING:
    from lungview.reading.comparison import LesionRow

Index = QModelIndex | QPersistentModelIndex

ROW_ROLE = int(Qt.ItemDataRole.UserRole)
"""The LesionRow."""
REVIEW_ROLE = ROW_ROLE + 1
"""The ReviewState."""
PICTURE_ROLE = ROW_ROLE + 2
"""The lesion's QImage, None while its slice is not read; not Qt's own role, whose picture the style would tint."""

_SOURCE_WORDS = {Source.AI: "AI", Source.READER: "Reader", Source.BOTH: "Both"}
_SOURCE_COLOURS = {Source.AI: Mark.AI, Source.READER: Mark.READER}
_REVIEW_WORDS = {ReviewState.OPEN: "Open", ReviewState.ACCEPTED: "Accepted", ReviewState.DISMISSED: "Dismissed"}
_WINDOW_PAUSE_MS = 150


class Column(IntEnum):
    """Columns of the findings list, in their order."""

    PICTURE = 0
    SOURCE = 1
    SCORE = 2
    SIZE = 3
    SLICES = 4
    IOU = 5
    HIT = 6
    STATE = 7


_HEADERS = {
    Column.PICTURE: ("", "The lesion on the slice it is best seen on"),
    Column.SOURCE: ("By", "Who marks it: the model, a reader, or both"),
    Column.SCORE: ("Score", "The model's best score, 0 to 1, not a probability"),
    Column.SIZE: ("mm", "Largest width and height of its boxes, mm"),
    Column.SLICES: ("Slices", "First and last slice it is marked on"),
    Column.IOU: ("IoU", "Overlap of the model's boxes with the reader's over all slices, 0 to 1"),
    Column.HIT: ("Hit", "Whether the middle of the model's lesion lies in the reader's"),
    Column.STATE: ("State", "What you made of it"),
}


class FindingsModel(QAbstractTableModel):
    """One line per lesion, best score first."""

    def __init__(self, state: ViewerState, display: DisplayState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._display = state, display
        self._rows: tuple[LesionRow, ...] = state.rows
        self._pictures = LesionPictures()
        self._window_timer = QTimer(self)
        self._window_timer.setSingleShot(True)
        self._window_timer.setInterval(_WINDOW_PAUSE_MS)
        self._window_timer.timeout.connect(self._on_pictures_changed)
        state.rows_changed.connect(self._on_rows_changed)
        state.stack_changed.connect(self._pictures.clear)
        state.reviews_changed.connect(self._on_reviews_changed)
        display.window_changed.connect(lambda _window: self._window_timer.start())

    def row_of(self, row_id: str | None) -> int:
        """Where a lesion stands, -1 where it does not."""
        ids = [row.id for row in self._rows]
        return ids.index(row_id) if row_id in ids else -1

    def lesion_row(self, number: int) -> "LesionRow":
        """What stands in a line."""
        return self._rows[number]

    def rowCount(self, parent: Index | None = None) -> int:
        """How many lesions; they have no children."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index | None = None) -> int:
        """How many columns."""
        return 0 if parent is not None and parent.isValid() else len(Column)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = int(Qt.ItemDataRole.DisplayRole)
    ) -> object:
        """The columns' names and what they mean."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        name, meaning = _HEADERS[Column(section)]
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        return meaning if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        """A cell's text, colour, picture or tooltip, or the row itself."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], Column(index.column())
        review = self._state.reviews.get(row.id, ReviewState.OPEN)
        if role == Qt.ItemDataRole.DisplayRole:
            return _text(row, column)
        if role == PICTURE_ROLE:
            return self._pictures.of(row, self._state.volume, self._display.window)
        if role == Qt.ItemDataRole.ForegroundRole:
            return _colour(row, column, review)
        if role == Qt.ItemDataRole.ToolTipRole:
            return _REVIEW_WORDS[review] if column is Column.STATE else in_words(row)
        if role == Qt.ItemDataRole.AccessibleTextRole and column is Column.STATE:
            return _REVIEW_WORDS[review]
        return {ROW_ROLE: row, REVIEW_ROLE: review}.get(role)

    def _on_rows_changed(self) -> None:
        rows = self._state.rows
        if [row.id for row in rows] == [row.id for row in self._rows]:
            before, self._rows = self._rows, rows
            for number, (old, new) in enumerate(zip(before, rows, strict=True)):
                if old != new:  # painting the list is dear while detections stream in
                    self.dataChanged.emit(self.index(number, 0), self.index(number, len(Column) - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    def _on_reviews_changed(self) -> None:
        self._tell_all_changed()

    def _on_pictures_changed(self) -> None:
        self._pictures.clear()
        self._tell_all_changed()

    def _tell_all_changed(self) -> None:
        if self._rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._rows) - 1, len(Column) - 1))


def header_of(column: Column) -> str:
    """A column's name."""
    return _HEADERS[column][0]


def _text(row: "LesionRow", column: Column) -> str | None:
    across, down, _through = row.size_mm
    texts = {
        Column.SOURCE: _SOURCE_WORDS[row.source],
        Column.SCORE: "–" if row.score is None else f"{row.score:.2f}",
        Column.SIZE: f"{across:.0f} × {down:.0f}",
        Column.SLICES: f"{row.first + 1}–{row.last + 1}" if row.last > row.first else f"{row.first + 1}",
        Column.IOU: "–" if row.iou is None else f"{row.iou:.2f}",
        Column.HIT: {True: "yes", False: "no", None: "–"}[row.is_centre_hit],
    }
    return texts.get(column)


def _colour(row: "LesionRow", column: Column, review: ReviewState) -> QColor | None:
    if review is ReviewState.DISMISSED:
        return QColor(Mark.DISMISSED)
    if column is Column.SOURCE and row.source in _SOURCE_COLOURS:
        return theme.legible(_SOURCE_COLOURS[row.source])
    return None


def in_words(row: "LesionRow") -> str:
    """A lesion in a sentence, for tooltips and screen readers."""
    across, down, through = row.size_mm
    parts = [f"{across:.0f} × {down:.0f} × {through:.0f} mm"]
    parts += [f"labelled {row.label}"] if row.label else []
    parts += [f"best seen on slice {row.key_slice + 1}"]
    return ", ".join(parts)
