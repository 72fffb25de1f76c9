"""A pane with its title above it, as a figure of the comparison."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from lungview.ui.theme import Size, Space


class Figure(QWidget):
    """A title row and a pane; tools stand at the right end of the row."""

    def __init__(self, title: str, pane: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pane = pane
        row = QWidget()
        row.setObjectName("paneTitle")
        row.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row.setFixedHeight(Size.TITLE_ROW)
        self._label = QLabel(title)
        self._label.setProperty("role", "title")
        self._row = QHBoxLayout(row)
        self._row.setContentsMargins(Space.BETWEEN, 0, Space.TIGHT, 0)
        self._row.addWidget(self._label, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(row)
        column.addWidget(pane, 1)

    @property
    def title(self) -> str:
        """What stands above the pane."""
        return self._label.text()

    def set_title(self, title: str) -> None:
        """Name what the pane shows now."""
        self._label.setText(title)

    def add_tool(self, tool: QWidget) -> None:
        """Put a button into the title row."""
        self._row.addWidget(tool)
