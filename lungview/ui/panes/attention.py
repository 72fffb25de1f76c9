"""The pane that shows where the model looked on the whole slice."""

from PySide6.QtWidgets import QWidget

from lungview.ui.display_state import DisplayState
from lungview.ui.panes.attention_map import AttentionOverlay, missing_attention
from lungview.ui.panes.focus import Focus
from lungview.ui.panes.mark_overlay import MarkOverlay
from lungview.ui.panes.shown import Shown
from lungview.ui.panes.slice_pane import SlicePane
from lungview.ui.state import ViewerState


class AttentionPane(SlicePane):
    """Shows the attention map over the whole slice, or says why there is none."""

    def __init__(self, state: ViewerState, display: DisplayState, focus: Focus, parent: QWidget | None = None) -> None:
        super().__init__(state, display, focus.marks, parent)
        overlay = AttentionOverlay(state)
        overlay.is_shown = True
        self.overlays = [overlay, MarkOverlay(focus.marks.on_slice, has_labels=False)]
        state.detections_changed.connect(self._on_detections_changed)
        state.model_changed.connect(self.refresh)

    def shown(self) -> Shown:
        """The current slice, where the model has looked at it."""
        shown = super().shown()
        missing = missing_attention(self.state)
        return Shown(None, missing) if missing and shown.values is not None else shown

    def _on_detections_changed(self, index: int) -> None:
        if index in (-1, self.state.slice_index):
            self.refresh()
