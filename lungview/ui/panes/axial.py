"""The large pane: the slice being read, with its marks."""

from math import floor

from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from lungview.domain.geometry import OrientationLetters, orientation_letters
from lungview.ui.display_state import DisplayState
from lungview.ui.panes.attention_map import AttentionOverlay
from lungview.ui.panes.corner_text import CornerText, corner_text, describe_probe
from lungview.ui.panes.corners import CornerOverlay, LettersOverlay, bottom_left_area
from lungview.ui.panes.mark_overlay import MarkOverlay
from lungview.ui.panes.mark_source import MarkSource
from lungview.ui.panes.slice_pane import SlicePane
from lungview.ui.panes.view import View
from lungview.ui.state import ViewerState

_BOTTOM_LINES = 4
"""Most lines that the bottom left corner ever holds."""


class AxialPane(SlicePane):
    """Shows the current slice with its marks, corner text and, where asked for, the attention map.

    marks: those of the focus, where there is one, so that they are worked out once.
    """

    has_slab = True

    def __init__(
        self,
        state: ViewerState,
        display: DisplayState,
        parent: QWidget | None = None,
        *,
        marks: MarkSource | None = None,
    ) -> None:
        super().__init__(state, display, marks or MarkSource(state, display), parent)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._cursor: QPointF | None = None
        self._attention = AttentionOverlay(state)
        self._attention.is_shown = display.shows_attention
        self.overlays = [
            self._attention,
            MarkOverlay(self.marks.on_slice),
            LettersOverlay(self._letters),
            CornerOverlay(self._corner_text),
        ]
        display.attention_shown_changed.connect(self._on_attention_shown)
        display.corner_text_changed.connect(self.update)
        state.detections_changed.connect(self._on_detections_changed)

    def refresh(self) -> None:
        """Show what the state says now, and remember the slice as looked at."""
        super().refresh()
        if self.isVisible() and self.values is not None:
            self.state.mark_viewed(self.state.slice_index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag, and say what lies under the cursor."""
        super().mouseMoveEvent(event)
        self._point_at(event.position())

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

    def _letters(self) -> OrientationLetters | None:
        volume = self.state.volume
        return orientation_letters(volume.geometry) if volume is not None and volume.geometry.is_known else None

    def _corner_text(self, view: View) -> CornerText:
        return corner_text(self.state, self.display, view.scale_x, self.probe())
