"""The large pane: the slice being read, with its marks."""

from math import floor

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from lungview.domain.geometry import OrientationLetters, orientation_letters
from lungview.ui.display_state import DisplayState
from lungview.ui.marks.box_tool import BoxTool
from lungview.ui.marks.editor import MarksEditor
from lungview.ui.panes.attention_map import AttentionOverlay
from lungview.ui.panes.corner_text import CornerText, corner_text, describe_probe
from lungview.ui.panes.corners import CornerOverlay, LettersOverlay, bottom_left_area
from lungview.ui.panes.graphics_overlay import GraphicsOverlay
from lungview.ui.panes.mark_overlay import MarkOverlay
from lungview.ui.panes.mark_source import MarkSource
from lungview.ui.panes.marks import BoxMark
from lungview.ui.panes.slice_pane import SlicePane
from lungview.ui.panes.view import View
from lungview.ui.state import ViewerState

_BOTTOM_LINES = 4
"""Most lines that the bottom left corner ever holds."""


class AxialPane(SlicePane):
    """Shows the current slice with its marks, corner text and, where asked for, the attention map.

    marks: those of the focus, where there is one, so that they are worked out once. editor: of the reader's own boxes,
    which can then be drawn here.
    """

    has_slab = True

    def __init__(
        self,
        state: ViewerState,
        display: DisplayState,
        parent: QWidget | None = None,
        *,
        marks: MarkSource | None = None,
        editor: MarksEditor | None = None,
    ) -> None:
        super().__init__(state, display, marks or MarkSource(state, display), parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._cursor: QPointF | None = None
        self._editor = editor
        self._tool = BoxTool(self, editor) if editor is not None else None
        self._attention = AttentionOverlay(state)
        self._attention.is_shown = display.shows_attention
        self.overlays = [
            self._attention,
            GraphicsOverlay(state, display),
            MarkOverlay(self._marks_shown),
            *([self._tool.overlay] if self._tool is not None else []),
            LettersOverlay(self._letters),
            CornerOverlay(self._corner_text),
        ]
        display.attention_shown_changed.connect(self._on_attention_shown)
        display.graphics_shown_changed.connect(self.update)
        display.corner_text_changed.connect(self.update)
        state.graphics_read.connect(self._on_graphics_read)
        state.detections_changed.connect(self._on_detections_changed)
        state.slice_changed.connect(self._on_slice_changed)

    def refresh(self) -> None:
        """Show what the state says now, and remember the slice as looked at."""
        super().refresh()
        if self.isVisible() and self.values is not None:
            self.state.mark_viewed(self.state.slice_index)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin to draw a box, a click or a drag."""
        if self._tool is None or not self._tool.press(event):
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Draw or drag, and say what lies under the cursor."""
        if self._tool is None or not self._tool.move(event):
            super().mouseMoveEvent(event)
        self._point_at(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End drawing, a click or a drag."""
        if self._tool is None or not self._tool.release(event):
            super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask for the whole window, unless boxes are being drawn: the second of two quick presses draws too."""
        if self._tool is None or not self._tool.press(event):
            super().mouseDoubleClickEvent(event)

    def cancel_drawing(self) -> bool:
        """Let go of a box under way; whether there was one."""
        return self._tool is not None and self._tool.cancel()

    def leaveEvent(self, event: QEvent) -> None:
        """Forget where the cursor was."""
        super().leaveEvent(event)
        self._point_at(None)

    def probe(self) -> str:
        """What lies under the cursor: place and value, "" where that is nothing."""
        volume = self.state.volume
        if self._cursor is None or self.values is None or volume is None:
            return ""
        x, y = self.view.to_slice(self._cursor)
        column, row = floor(x), floor(y)
        if not (0 <= row < self.values.shape[0] and 0 <= column < self.values.shape[1]):
            return ""
        return describe_probe(self.values, volume.stack.unit, row, column)

    def _on_click(self, button: Qt.MouseButton, at: QPointF) -> None:
        """Select the reader's own box under a click, with its lesion."""
        if self._editor is not None:
            mark = self._editor.mark_at(*self.view.to_slice(at))
            self._editor.select(mark.id if mark is not None else None)
        super()._on_click(button, at)

    def _on_slice_changed(self) -> None:
        """A box under way belongs to the slice it was begun on."""
        self.cancel_drawing()

    def _marks_shown(self) -> tuple[BoxMark, ...]:
        marks = self.marks.on_slice()
        return self._tool.without_dragged(marks) if self._tool is not None else marks

    def _point_at(self, cursor: QPointF | None) -> None:
        """Write what lies under the cursor, repainting no more than that corner."""
        self._cursor = cursor
        self.update(bottom_left_area(self.view, _BOTTOM_LINES))

    def _on_attention_shown(self, shown: bool) -> None:
        self._attention.is_shown = shown
        self.update()

    def _on_detections_changed(self, index: int) -> None:
        if self._attention.is_shown and index in (-1, self.state.slice_index):
            self.update()

    def _on_graphics_read(self, index: int) -> None:
        if index == self.state.slice_index:
            self.update()

    def _letters(self) -> OrientationLetters | None:
        volume = self.state.volume
        return orientation_letters(volume.geometry) if volume is not None and volume.geometry.is_known else None

    def _corner_text(self, view: View) -> CornerText:
        return corner_text(self.state, self.display, view.scale_x, self.probe())
