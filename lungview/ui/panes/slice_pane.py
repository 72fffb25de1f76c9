"""What every pane of slices has in common: mouse, marks, and a place to ask for a menu or the whole window."""

from PySide6.QtCore import QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from lungview.ui.display_state import DisplayState
from lungview.ui.panes.mark_source import MarkSource
from lungview.ui.panes.mouse import Drag, PaneMouse
from lungview.ui.panes.state_canvas import StateCanvas
from lungview.ui.state import ViewerState


class SlicePane(StateCanvas):
    """A canvas that follows the state, drawn on by marks and driven by the mouse."""

    maximise_requested = Signal()
    menu_requested = Signal(QPoint)
    """A right click, at this global position."""

    def __init__(
        self, state: ViewerState, display: DisplayState, marks: MarkSource, parent: QWidget | None = None
    ) -> None:
        super().__init__(state, display, parent)
        self.marks = marks
        self._mouse = PaneMouse(self, state, display, self._on_click)
        marks.changed.connect(self.update)

    def set_tool(self, tool: Drag | None) -> None:
        """Let the left button drag this instead of the mouse scheme's choice."""
        self._mouse.tool = tool

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
            self._mouse.cancel()
            self.maximise_requested.emit()

    def _on_click(self, button: Qt.MouseButton, at: QPointF) -> None:
        if button == Qt.MouseButton.RightButton:
            self.menu_requested.emit(self.mapToGlobal(at.toPoint()))
        elif button == Qt.MouseButton.LeftButton:
            row_id = self.marks.row_at(self.view, at)
            if row_id is not None:
                self.state.select(row_id)
