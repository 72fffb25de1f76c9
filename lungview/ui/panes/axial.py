"""The large pane: the slice being read, with its marks."""

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from lungview.ui.display_state import DisplayState
from lungview.ui.panes.mouse import Drag, PaneMouse
from lungview.ui.panes.state_canvas import StateCanvas
from lungview.ui.state import ViewerState


class AxialPane(StateCanvas):
    """Shows the current slice; the mouse scrolls, windows, zooms and pans it."""

    maximise_requested = Signal()
    menu_requested = Signal(QPoint)
    """A right click, at this global position."""

    def __init__(self, state: ViewerState, display: DisplayState, parent: QWidget | None = None) -> None:
        super().__init__(state, display, parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._mouse = PaneMouse(self, state, display, self._on_click)

    def set_tool(self, tool: Drag | None) -> None:
        """Let the left button drag this instead of the mouse scheme's choice."""
        self._mouse.tool = tool

    def refresh(self) -> None:
        """Show what the state says now, and remember the slice as looked at."""
        super().refresh()
        if self.isVisible() and self.values is not None:
            self.state.mark_viewed(self.state.slice_index)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll, or zoom with Ctrl."""
        self._mouse.wheel(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        self._mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag."""
        self._mouse.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag or click."""
        self._mouse.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask to be the only pane, or one of several again."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.maximise_requested.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Forget where the cursor was."""
        super().leaveEvent(event)

    def _on_click(self, button: Qt.MouseButton, at: QPointF) -> None:
        if button == Qt.MouseButton.RightButton:
            self.menu_requested.emit(self.mapToGlobal(at.toPoint()))
