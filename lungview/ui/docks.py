"""Dockable panes with a quiet title row."""

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QMainWindow, QToolButton, QWidget

from lungview.ui import icons, theme
from lungview.ui.theme import Size, Space

_BUTTON_ICON = 14


class TitleRow(QWidget):
    """The title, and buttons to float and to close. Dragging it moves the dock."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self.setObjectName("paneTitle")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(Size.TITLE_ROW)
        label = QLabel(dock.windowTitle())
        label.setProperty("role", "title")
        dock.windowTitleChanged.connect(label.setText)
        self._float = _button("Undock, or dock again")
        self._float.clicked.connect(lambda: dock.setFloating(not dock.isFloating()))
        self._close = _button("Close this pane; the View menu shows it again")
        self._close.clicked.connect(dock.close)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.BETWEEN, 0, Space.TIGHT, 0)
        row.setSpacing(0)
        row.addWidget(label, 1)
        row.addWidget(self._float)
        row.addWidget(self._close)
        self.dress()

    def dress(self) -> None:
        """Draw the icons in the colours in use."""
        colours = theme.current_palette()
        self._float.setIcon(icons.icon("arrow-square-out", colours, _BUTTON_ICON))
        self._close.setIcon(icons.icon("x", colours, _BUTTON_ICON))


class PaneDock(QDockWidget):
    """A pane that can be moved, floated and closed, and is found again after a restart by its name."""

    def __init__(self, name: str, title: str, pane: QWidget, window: QMainWindow) -> None:
        super().__init__(title, window)
        self.setObjectName(name)
        self.setWidget(pane)
        self._title = TitleRow(self)
        self.setTitleBarWidget(self._title)

    def float_on(self, wanted: SignalInstance) -> None:
        """Undock the pane, or dock it again, when it asks for room."""
        wanted.connect(lambda: self.setFloating(not self.isFloating()))

    def dress(self) -> None:
        """Draw the title row in the colours in use."""
        self._title.dress()


def _button(tooltip: str) -> QToolButton:
    button = QToolButton()
    button.setToolTip(tooltip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
