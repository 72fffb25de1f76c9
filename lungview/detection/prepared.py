"""Slices resampled once, though each is looked at several times as its neighbours' neighbour."""

import threading
import weakref
from collections.abc import Collection, Mapping

from torch import Tensor

from lungview.detection.detector import slices_of
from lungview.detection.preprocess import Grid, resample
from lungview.domain.arrays import VoxelArray
from lungview.domain.volume import Volume


class PreparedSlices:
    """The last resampled slices of one volume, for any number of threads."""

    def __init__(self, most: int = 48) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._of: weakref.ref[VoxelArray] | None = None
        self._grid: Grid | None = None
        self._kept: dict[int, Tensor] = {}

    def of(self, volume: Volume, wanted: Collection[int], grid: Grid) -> dict[int, Tensor]:
        """(1, h, w) HU on the grid by slice index; only what is not kept is resampled."""
        kept = self._known(volume, grid)
        found = {index: kept[index] for index in wanted if index in kept}
        missing = sorted(set(wanted) - found.keys())
        if missing:
            fresh = dict(zip(missing, resample(slices_of(volume, missing), grid).unbind(), strict=True))
            found |= fresh
            self._keep(volume, grid, found)
        return found

    def _known(self, volume: Volume, grid: Grid) -> dict[int, Tensor]:
        with self._lock:
            return dict(self._kept) if self._is_of(volume, grid) else {}

    def _keep(self, volume: Volume, grid: Grid, used: Mapping[int, Tensor]) -> None:
        with self._lock:
            if not self._is_of(volume, grid):
                # The voxels are not held here: a series that was closed must leave the memory.
                self._of, self._grid, self._kept = weakref.ref(volume.voxels), grid, {}
            recent = {index: value for index, value in self._kept.items() if index not in used} | dict(used)
            self._kept = dict(list(recent.items())[-self._most :])

    def _is_of(self, volume: Volume, grid: Grid) -> bool:
        return self._of is not None and self._of() is volume.voxels and self._grid == grid
