"""The brightest value through a few slices: thin-slab maximum intensity projection."""

import numpy as np

from lungview.domain.arrays import IntArray, VoxelArray
from lungview.domain.geometry import VolumeGeometry
from lungview.domain.volume import Volume

_ROUNDING_MM = 1e-3
"""Positions come as decimal text; a slice this far beyond the slab still counts as on its face."""


def slab_slices(geometry: VolumeGeometry, index: int, thickness_mm: float) -> IntArray:
    """Indices of the slices whose true position lies within thickness_mm / 2 of slice index, that slice included."""
    positions = geometry.positions_mm
    return np.flatnonzero(np.abs(positions - positions[index]) <= thickness_mm / 2 + _ROUNDING_MM)


def maximum_intensity(volume: Volume, index: int, thickness_mm: float = 10.0) -> VoxelArray:
    """Maximum over a slab centred on slice index, (rows, columns) in the volume's unit and dtype.

    Slices still to be read are left out, so the slab grows while a series loads; at the ends of the stack it is
    thinner. A volume of colours gives the slice itself. The result is the caller's own, save for a slab of one slice,
    which is a view of the volume.
    """
    if volume.is_colour:
        return np.asarray(volume.voxels[index])
    slices = slab_slices(volume.geometry, index, thickness_mm)
    slices = slices[volume.is_read[slices]]
    if slices.size < 2:
        return np.asarray(volume.voxels[int(slices[0]) if slices.size else index])
    first, last = int(slices[0]), int(slices[-1])
    if last - first + 1 == slices.size:
        return np.asarray(volume.voxels[first : last + 1].max(axis=0))
    return np.asarray(volume.voxels[slices].max(axis=0))
