"""The strip's rows as a Qt model."""

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage

from lungview.ui.strip.rows import RowKind, StripRow

Index = QModelIndex | QPersistentModelIndex

ROW_ROLE = int(Qt.ItemDataRole.UserRole)
"""The StripRow."""


class StripModel(QAbstractListModel):
    """Rows of the strip; only stacks can be chosen. Thumbnails come later, one by one."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[StripRow, ...] = ()
        self._thumbnails: dict[str, QImage] = {}

    def set_rows(self, rows: tuple[StripRow, ...]) -> None:
        """List another folder."""
        self.beginResetModel()
        self._rows = rows
        self._thumbnails.clear()
        self.endResetModel()

    def reword(self, rows: tuple[StripRow, ...]) -> None:
        """Put other words in the same rows."""
        self._rows = rows
        if rows:
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))

    def set_thumbnail(self, stack_key: str, image: QImage) -> None:
        """Show the picture of a stack."""
        row = self.row_of(stack_key)
        if row >= 0:
            self._thumbnails[stack_key] = image
            self.dataChanged.emit(self.index(row), self.index(row), [Qt.ItemDataRole.DecorationRole])

    def row_of(self, stack_key: str) -> int:
        """Where a stack stands, -1 where it does not."""
        for number, row in enumerate(self._rows):
            if row.stack is not None and row.stack.key == stack_key:
                return number
        return -1

    def row(self, number: int) -> StripRow:
        """What stands in a row."""
        return self._rows[number]

    def rowCount(self, parent: Index | None = None) -> int:
        """How many rows; rows have no children."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Stacks can be chosen, headings can't."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if self._rows[index.row()].kind is RowKind.STACK:
            return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: Index, role: int = int(Qt.ItemDataRole.DisplayRole)) -> object:
        """The title, the picture, the words for a tooltip and for a screen reader, or the row itself."""
        if not index.isValid():
            return None
        row = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == Qt.ItemDataRole.DecorationRole and row.stack is not None:
            return self._thumbnails.get(row.stack.key)
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return _in_words(row)
        return row if role == ROW_ROLE else None


def _in_words(row: StripRow) -> str:
    boxed = f"{row.boxes} reader boxes" if row.boxes else ""
    return "\n".join(part for part in (row.title, row.part, row.details, boxed) if part)
