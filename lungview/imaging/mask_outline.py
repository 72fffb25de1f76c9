"""A closed contour of the lesion inside a box, read off the mask that a network drew."""

import numpy as np

from lungview.domain.arrays import FloatArray
from lungview.domain.box import Box
from lungview.imaging.contour import area_mm2, axes
from lungview.imaging.outline import Outline

_LEVEL = 0.5
_LEAST_CERTAIN = 0.6
"""Somewhere in the box the network must be at least so sure of the lesion."""
_LEAST_SHARE = 0.15
"""Of the box's area; a smaller outline is no lesion of that box's size."""
_MARGIN = 0.15
"""Readers' and models' boxes are a little off: the outline may reach beyond the box by this share of its sides."""
_FINE = 64
"""Points a side on which the mask is read, between its cells too."""


def mask_outline(
    mask: FloatArray, shape: tuple[int, int], box: Box, pixel_spacing_mm: tuple[float, float]
) -> Outline | None:
    """Outline what the mask holds in a box of a slice, None where the network is not sure of anything there.

    mask: (h, w) in [0, 1], covering the whole slice of shape (rows, columns). pixel_spacing_mm: (rows, columns).
    """
    inside = box.clipped(*shape)
    if inside.area <= 0:
        return None
    grown = Box(
        box.xmin - _MARGIN * box.width,
        box.ymin - _MARGIN * box.height,
        box.xmax + _MARGIN * box.width,
        box.ymax + _MARGIN * box.height,
    ).clipped(*shape)
    x, y = np.linspace(grown.xmin, grown.xmax, _FINE), np.linspace(grown.ymin, grown.ymax, _FINE)
    values = _between(mask, shape, x, y)
    if values.max() < _LEAST_CERTAIN:
        return None
    outlines = [_placed(ring, x, y) for ring in _rings(values)]
    area, points = max(((area_mm2(each, (1.0, 1.0)), each) for each in outlines), key=lambda each: each[0])
    if area < _LEAST_SHARE * inside.area:
        return None
    long_axis, short_axis = axes(points, pixel_spacing_mm)
    return Outline(points, long_axis, short_axis, area_mm2(points, pixel_spacing_mm))


def _between(mask: FloatArray, shape: tuple[int, int], x: FloatArray, y: FloatArray) -> FloatArray:
    """(y, x) the mask between its cells' centres, bilinear; x, y: places in slice pixels."""
    from scipy.ndimage import map_coordinates  # takes long to import, and few ask for it

    down, across = (
        places * cells / pixels - 0.5 for places, cells, pixels in zip((y, x), mask.shape, shape, strict=True)
    )
    at = np.meshgrid(down, across, indexing="ij")
    return np.asarray(map_coordinates(mask.astype(np.float64), at, order=1, mode="nearest"))


def _rings(values: FloatArray) -> list[FloatArray]:
    """Closed lines (N, 2) of (row, column) at _LEVEL; what reaches beyond the border is closed along it."""
    from skimage.measure import find_contours

    found = find_contours(np.pad(values, 1), _LEVEL)  # type: ignore[no-untyped-call]
    return [np.asarray(ring - 1, dtype=np.float64) for ring in found]


def _placed(ring: FloatArray, x: FloatArray, y: FloatArray) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """A ring (N, 2) of (row, column) on the fine grid as (x, y) in slice pixels."""
    steps = np.arange(_FINE)
    return np.stack([np.interp(ring[:, 1], steps, x), np.interp(ring[:, 0], steps, y)], axis=1)
