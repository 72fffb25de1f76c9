"""A canvas that follows what is being read and how it is shown."""

from collections.abc import Sequence

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from lungview.domain.box import Box
from lungview.ui.display_state import DisplayState
from lungview.ui.panes.canvas import Overlay, SliceCanvas
from lungview.ui.panes.shown import Shown, shown_slab, shown_slice
from lungview.ui.panes.view import Framing
from lungview.ui.state import ViewerState


class StateCanvas(SliceCanvas):
    """Shows the current slice through the current window. A hidden one does nothing until it is shown."""

    has_slab = False
    """Whether the 10 mm slab is shown here too when the reader asks for it."""

    def __init__(
        self,
        state: ViewerState,
        display: DisplayState,
        parent: QWidget | None = None,
        overlays: Sequence[Overlay] = (),
    ) -> None:
        super().__init__(parent, overlays)
        self.state, self.display = state, display
        state.stack_changed.connect(self._on_stack_changed)
        state.volume_changed.connect(self._on_stack_changed)
        state.case_changed.connect(self.refresh)
        state.slice_changed.connect(self.refresh)
        state.slice_read.connect(self._on_slice_read)
        display.mip_changed.connect(self.refresh)
        display.window_changed.connect(self._on_window_changed)
        display.inverted_changed.connect(self._on_window_changed)
        self._on_window_changed()
        self._on_stack_changed()

    def shown(self) -> Shown:
        """What this canvas shows now."""
        return shown_slab(self.state) if self.has_slab and self.display.is_mip else shown_slice(self.state)

    def wanted_framing(self) -> Framing:
        """The framing to begin with: it fits the whole slice, in the patient's proportions."""
        volume = self.state.volume
        if volume is None:
            return Framing(Box(0, 0, 1, 1))
        rows, columns = volume.voxels.shape[1:3]
        down_mm, across_mm = volume.geometry.pixel_spacing_mm
        return Framing(Box(0, 0, columns, rows), down_mm / across_mm)

    def refresh(self) -> None:
        """Show what the state says now."""
        if self.isVisible():
            shown = self.shown()
            self.show_values(shown.values, shown.message)

    def reframe(self) -> None:
        """Show the frame wanted now; zoom and pan stay where it is the one shown already."""
        wanted, held = self.wanted_framing(), self.framing
        if (wanted.frame, wanted.aspect) != (held.frame, held.aspect):
            self.set_framing(wanted)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while hidden."""
        super().showEvent(event)
        self.refresh()

    def _on_stack_changed(self) -> None:
        self.reframe()
        self.refresh()

    def _on_slice_read(self, index: int) -> None:
        if index == self.state.slice_index or (self.has_slab and self.display.is_mip):
            self.refresh()

    def _on_window_changed(self) -> None:
        self.set_window(self.display.window, self.display.is_inverted)
