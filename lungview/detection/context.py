"""Which slices beside a slice a network sees too: those at fixed places along the patient, whatever the spacing."""

from collections.abc import Sequence

import numpy as np

from lungview.domain.arrays import FloatArray
from lungview.domain.volume import Volume
from lungview.errors import DetectionError

OFFSETS_MM: dict[int, tuple[float, ...]] = {0: (), 2: (-5.0, 5.0), 4: (-10.0, -5.0, 5.0, 10.0)}
"""By number of neighbours: where they lie along the slices' normal, mm from the slice itself, ascending."""

CHANNEL_COUNTS = tuple(3 + count for count in OFFSETS_MM)
"""What networks may see of a slice: three windows of its own, then its neighbours."""

TOLERANCE_MM = 3.0
"""A slice stands for a place up to this far from it. Less than the least offset: no slice is its own neighbour."""


def candidates(positions_mm: FloatArray, index: int, offset_mm: float) -> list[int]:
    """Indices of the slices that may stand for the place offset_mm from a slice, nearest first.

    positions_mm: (slices,) along the normal, in any order. Of two that are equally near, the one nearer to the slice.
    """
    aside = np.round(np.asarray(positions_mm, dtype=np.float64) - positions_mm[index], 3)
    off = np.round(np.abs(aside - offset_mm), 3)
    order = np.lexsort((np.abs(aside), off))
    return [int(place) for place in order if off[place] <= TOLERANCE_MM]


def places_among_four(count: int) -> tuple[int, ...]:
    """Which of the four places, at -10, -5, 5 and 10 mm, a network with so many neighbours looks at."""
    return tuple(OFFSETS_MM[4].index(offset) for offset in OFFSETS_MM[count])


def neighbours(volume: Volume, index: int, count: int) -> tuple[int, ...]:
    """Slice indices that stand at each of the count places around a slice, the slice itself where none does.

    Slices that could not be read are passed over. One that is still to be read may not be: the answer would be another
    one once it is. DetectionError says so, and the slice must wait.
    """
    if not volume.geometry.is_known:
        return _as_told(volume, index, count)
    positions = volume.geometry.positions_mm
    places = (candidates(positions, index, offset) for offset in OFFSETS_MM[count])
    return tuple(_first_usable(volume, index, near) for near in places)


def _as_told(volume: Volume, index: int, count: int) -> tuple[int, ...]:
    """Where no positions are known: the neighbours that the volume names."""
    if not volume.beside:
        return (index,) * count
    named = (volume.beside[index][place] for place in places_among_four(count))
    return tuple(_first_usable(volume, index, () if place is None else (place,)) for place in named)


def _first_usable(volume: Volume, index: int, near: Sequence[int]) -> int:
    unreadable = {place for place, _ in volume.unreadable}
    for place in near:
        if not volume.is_read[place]:
            raise DetectionError(
                f"Slice {index + 1} is looked at together with slice {place + 1}, which has not been read yet: "
                "wait until the series is open."
            )
        if place not in unreadable and not _is_blank(volume, place):
            return place
    return index


def _is_blank(volume: Volume, index: int) -> bool:
    """Whether a slice holds one value only: while a series is read, that is how an unreadable slice can be told."""
    pixels = volume.voxels[index]
    return bool((pixels == pixels.flat[0]).all())
