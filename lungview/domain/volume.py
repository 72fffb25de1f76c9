"""A stack assembled: voxels with their place in the patient."""

from dataclasses import dataclass

from lungview.domain.arrays import BoolArray, VoxelArray
from lungview.domain.geometry import VolumeGeometry
from lungview.domain.study import Stack


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """The voxels of a stack in its slice order.

    voxels: (slice, row, column) int16 HU for CT, float32 where a unit needs it (PET), or
        (slice, row, column, 3) uint8 RGB for colour. Filled while it is read.
    is_read: (slice,) True where that slice's voxels are final; shared with the loader, which sets it.
    unreadable: (slice, sentence) for slices whose file could not be decoded; they show as air.
    notes: sentences on what reading had to change, such as values beyond what int16 holds.
    beside: for slices whose place is not known, the indices of those that are taken to lie at -10, -5, 5 and 10 mm from
        each, None where there is none; empty where nothing is known of them.
    """

    stack: Stack
    voxels: VoxelArray
    geometry: VolumeGeometry
    is_read: BoolArray
    unreadable: tuple[tuple[int, str], ...] = ()
    notes: tuple[str, ...] = ()
    beside: tuple[tuple[int | None, ...], ...] = ()

    @property
    def is_colour(self) -> bool:
        """Whether voxels are RGB rather than measured values."""
        return self.voxels.ndim == 4

    @property
    def slice_count(self) -> int:
        """How many slices."""
        return int(self.voxels.shape[0])
