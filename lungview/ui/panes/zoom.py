"""The pane that stays on the lesion in focus, enlarged."""

from PySide6.QtWidgets import QWidget

from lungview.domain.box import Box
from lungview.ui.display_state import DisplayState
from lungview.ui.panes.focus import Focus
from lungview.ui.panes.mark_overlay import MarkOverlay
from lungview.ui.panes.scale_bar import ScaleBar
from lungview.ui.panes.shown import Shown
from lungview.ui.panes.slice_pane import SlicePane
from lungview.ui.panes.view import Framing
from lungview.ui.state import ViewerState

MARGIN = 0.35
"""How much more than the box is shown on each side, as a share of its longer side."""
LEAST_MARGIN_PX = 8.0
NO_TARGET = "Choose a finding, or scroll to a slice with a box"


def margin_of(box: Box) -> float:
    """Slice pixels shown around a box."""
    return max(MARGIN * max(box.width, box.height), LEAST_MARGIN_PX)


class ZoomPane(SlicePane):
    """Shows the box in focus with a margin, through the same window, with all marks of the slice."""

    has_slab = True

    def __init__(self, state: ViewerState, display: DisplayState, focus: Focus, parent: QWidget | None = None) -> None:
        self._focus = focus
        super().__init__(state, display, focus.marks, parent)
        self.scale_bar = ScaleBar(self._column_mm)
        self.overlays = [MarkOverlay(focus.marks.on_slice), self.scale_bar]
        focus.changed.connect(self._on_focus_changed)

    def shown(self) -> Shown:
        """The current slice, where there is something to look at."""
        shown = super().shown()
        if shown.values is not None and self._focus.target is None:
            return Shown(None, NO_TARGET)
        return shown

    def wanted_framing(self) -> Framing:
        """The box in focus with its margin."""
        whole, target = super().wanted_framing(), self._focus.target
        return whole if target is None else whole.framed(target.box.grown(margin_of(target.box)), whole.aspect)

    def _on_focus_changed(self) -> None:
        self.reframe()
        self.refresh()

    def _column_mm(self) -> float | None:
        volume = self.state.volume
        shows = self.values is not None and volume is not None and volume.geometry.is_known
        return volume.geometry.pixel_spacing_mm[1] if shows and volume is not None else None
