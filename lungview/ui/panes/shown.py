"""Which values a pane shows for the slice being looked at."""

from dataclasses import dataclass

from lungview.domain.arrays import VoxelArray
from lungview.domain.volume import Volume
from lungview.imaging.slab import maximum_intensity
from lungview.ui.state import ViewerState

NOTHING_OPEN = ""
"""The invitation in the middle of the window says what to do; once is enough."""
SLAB_MM = 10.0
NO_STACK = "Choose a series on the left"


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What stands in a pane: a slice (rows, columns[, 3]) borrowed from the volume, or a sentence in its place."""

    values: VoxelArray | None
    message: str = ""


def shown_slice(state: ViewerState) -> Shown:
    """Return the current slice, or what the reader should know where there is none."""
    volume = state.volume
    if state.stack is None:
        return Shown(None, NO_STACK if state.case is not None and state.case.scan.stacks else NOTHING_OPEN)
    if volume is None:
        return Shown(None, "Reading the series…")
    return _slice_of(volume, state.slice_index)


def shown_slab(state: ViewerState) -> Shown:
    """Return the brightest values of a 10 mm slab around the current slice, once that one is read."""
    shown, volume = shown_slice(state), state.volume
    if shown.values is None or volume is None:
        return shown
    return Shown(maximum_intensity(volume, state.slice_index, SLAB_MM))


def _slice_of(volume: Volume, index: int) -> Shown:
    for unreadable, sentence in volume.unreadable:
        if unreadable == index:
            return Shown(None, sentence)
    if not volume.is_read[index]:
        return Shown(None, f"Reading slice {index + 1}…")
    return Shown(volume.voxels[index])
