"""A closed contour of the lesion inside a box, found on the Sobel gradient.

The contour is the cheapest closed path around the box's centre, where a step is cheap if the slice falls off steeply
outwards there. Rays are stretched to the box's shape, so a round path is the ellipse in the box; the path stays near
that ellipse where there is no edge to follow, as where a lesion lies on the chest wall.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungview.domain.arrays import VoxelArray
from lungview.domain.box import Box
from lungview.imaging.contour import Axis, area_mm2, axes
from lungview.imaging.gradient import Gradient, sobel_components

Float64 = NDArray[np.float64]

_RAYS = 96
_RADII = np.linspace(0.3, 1.5, 41)
"""Places along a ray, 1 being the ellipse that touches the box's sides."""
_EXPECTED_RADIUS = 0.9
"""Readers' boxes stand a little off the lesion."""
_SHAPE_WEIGHT = 1.5
_BEND_WEIGHT = 0.015
_LARGEST_STEP = 2
_STEPS = np.arange(-_LARGEST_STEP, _LARGEST_STEP + 1)
_BRIGHT_LEVEL = 0.75
"""Share of the lesion's contrast above which all is alike, so that ribs and calcium beside it draw no edge, and the
edge lies where a lesion begins to show rather than half-way up. Chosen on the masks of LIDC-IDRI readers."""
_SMALLEST_SEMI_AXIS = 1.5
_LEAST_CONTRAST = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """The outline of a lesion on one slice.

    points: (N, 2) float64 (x, y) in the pixels of the slice as boxes count them (pixel i reaches from i to i + 1),
        closed: the last point is the first again.
    long_axis, short_axis: greatest diameter, and the greatest one at a right angle to it. area_mm2: inside points.
    """

    points: Float64
    long_axis: Axis
    short_axis: Axis
    area_mm2: float


def find_outline(values: VoxelArray, box: Box, pixel_spacing_mm: tuple[float, float]) -> Outline | None:
    """Outline the lesion in a box of a slice, or None where the box misses the slice or holds nothing to outline.

    values: (rows, columns) in HU or any other unit. pixel_spacing_mm: (between rows, between columns).
    """
    region = _region(values, box)
    if region is None:
        return None
    piece, column, row = region
    centre, semi_axes = _ellipse(box, column, row)
    shown = _contrast(piece, centre, semi_axes)
    if shown is None:
        return None
    fall = _outward_fall(sobel_components(shown, (1.0, 1.0)), centre, semi_axes)
    if fall.max() <= _LEAST_CONTRAST:
        return None
    radii = _refined(fall, _cheapest_closed_path(_cost(fall)))
    around = centre + (radii[:, None] * _directions()) * semi_axes
    points = np.asarray(np.vstack([around, around[:1]]) + np.array([column + 0.5, row + 0.5]))
    long_axis, short_axis = axes(points, pixel_spacing_mm)
    return Outline(points, long_axis, short_axis, area_mm2(points, pixel_spacing_mm))


def _region(values: VoxelArray, box: Box) -> tuple[NDArray[np.float32], int, int] | None:
    """The slice around the box as float32, with its first column and row; None where there is too little of it."""
    if values.ndim != 2 or not all(math.isfinite(number) for number in box.as_tuple()):
        return None
    rows, columns = values.shape
    inside = box.clipped(rows, columns)
    if inside.area <= 0:
        return None
    wide = inside.grown(0.5 * max(inside.width, inside.height) + 4).clipped(rows, columns)
    column, row = math.floor(wide.xmin), math.floor(wide.ymin)
    piece = values[row : math.ceil(wide.ymax), column : math.ceil(wide.xmax)].astype(np.float32)
    return (piece, column, row) if min(piece.shape) >= 3 else None


def _ellipse(box: Box, column: int, row: int) -> tuple[Float64, Float64]:
    """Centre (x, y) of the box, counted from the centre of the region's first pixel, and its half sides."""
    x, y = box.centre
    half = np.maximum(np.array([box.width, box.height]) / 2, _SMALLEST_SEMI_AXIS)
    return np.array([x - column - 0.5, y - row - 0.5]), half


def _contrast(piece: NDArray[np.float32], centre: Float64, semi_axes: Float64) -> NDArray[np.float32] | None:
    """The region from 0 (its surroundings) to 1 (the lesion), cut off above; None where the two are alike.

    A lesion darker than its surroundings is turned bright.
    """
    y, x = np.ogrid[: piece.shape[0], : piece.shape[1]]
    distance = np.hypot((x - centre[0]) / semi_axes[0], (y - centre[1]) / semi_axes[1])
    core = piece[distance <= np.maximum(0.6, distance.min())]
    around = piece[distance > 1]
    if around.size == 0:
        return None
    low, high = np.percentile(around, 20), np.percentile(core, 60)
    if high <= low:
        piece, low, high = -piece, -np.percentile(around, 80), -np.percentile(core, 40)
    if high - low <= _LEAST_CONTRAST:
        return None
    shown: NDArray[np.float32] = np.clip((piece - np.float32(low)) / np.float32(high - low), 0, _BRIGHT_LEVEL)
    return shown


def _directions() -> Float64:
    angles = np.arange(_RAYS) * (2 * np.pi / _RAYS)
    return np.asarray(np.stack([np.cos(angles), np.sin(angles)], axis=1))


def _outward_fall(gradient: Gradient, centre: Float64, semi_axes: Float64) -> Float64:
    """How steeply the region falls outwards, (rays, radii), never below 0."""
    outward = _directions() * semi_axes
    places = centre + _RADII[None, :, None] * outward[:, None, :]
    unit = outward / np.linalg.norm(outward, axis=1, keepdims=True)
    along_x, along_y = (_sampled(part, places[..., 0], places[..., 1]) for part in gradient)
    return np.asarray(np.maximum(-(along_x * unit[:, :1] + along_y * unit[:, 1:]), 0))


def _sampled(values: NDArray[np.float32], x: Float64, y: Float64) -> Float64:
    """Values between pixel centres, bilinear; beyond the border the border's."""
    rows, columns = values.shape
    x, y = np.clip(x, 0, columns - 1), np.clip(y, 0, rows - 1)
    i, j = np.minimum(x.astype(np.int64), columns - 2), np.minimum(y.astype(np.int64), rows - 2)
    right, down = x - i, y - j
    upper = values[j, i] * (1 - right) + values[j, i + 1] * right
    lower = values[j + 1, i] * (1 - right) + values[j + 1, i + 1] * right
    return np.asarray(upper * (1 - down) + lower * down)


def _cost(fall: Float64) -> Float64:
    """Price of each place, (rays, radii): 0 to 1 for the lack of an edge, and more the further from the expected."""
    usual = np.percentile(fall.max(axis=1), 75)
    strength = np.minimum(fall / max(float(usual), _LEAST_CONTRAST), 1)
    return np.asarray(1 - strength + _SHAPE_WEIGHT * (_RADII - _EXPECTED_RADIUS) ** 2)


def _cheapest_closed_path(cost: Float64) -> NDArray[np.int64]:
    """Index of a radius for every ray, such that the path ends where it began: dynamic programming for all beginnings.

    Which step was the cheapest is worked out again on the way back, for the one path that is wanted.
    """
    rays, radii = cost.shape
    bend = (_BEND_WEIGHT * _STEPS**2)[:, None, None]
    totals = np.full((rays + 1, radii + 2 * _LARGEST_STEP, radii), np.inf)  # (ray, radius reached, radius begun with)
    np.fill_diagonal(totals[0, _LARGEST_STEP:], cost[0])
    windows = np.lib.stride_tricks.sliding_window_view(totals, radii, axis=1).transpose(0, 1, 3, 2)
    for ray in range(1, rays + 1):
        reached = totals[ray, _LARGEST_STEP:-_LARGEST_STEP]
        np.min(windows[ray - 1] + bend, axis=0, out=reached)
        if ray < rays:
            reached += cost[ray][:, None]
    start = int(np.argmin(np.diagonal(totals[rays, _LARGEST_STEP:])))
    return _way_back(totals[:, :, start], start)


def _way_back(totals: Float64, start: int) -> NDArray[np.int64]:
    """The path of least total from its end, totals (rays + 1, radii and margins), to its beginning."""
    bend = _BEND_WEIGHT * _STEPS**2
    path = np.empty(totals.shape[0] - 1, dtype=np.int64)
    place = start
    for ray in range(path.size - 1, -1, -1):
        place += int(_STEPS[np.argmin(totals[ray, place : place + _STEPS.size] + bend)])
        path[ray] = place
    return path


def _refined(fall: Float64, path: NDArray[np.int64]) -> Float64:
    """Radius of each ray at the top of the parabola through the sampled edge, then smoothed (1, 2, 1) / 4."""
    inner = np.clip(path, 1, _RADII.size - 2)
    rays = np.arange(path.size)
    before, at, after = fall[rays, inner - 1], fall[rays, inner], fall[rays, inner + 1]
    curve = before - 2 * at + after
    is_top = (at >= before) & (at >= after) & (curve < 0) & (inner == path)
    shift = np.where(is_top, 0.5 * (before - after) / np.where(is_top, curve, 1.0), 0.0)
    radii = _RADII[path] + shift * (_RADII[1] - _RADII[0])
    return np.asarray((np.roll(radii, 1) + 2 * radii + np.roll(radii, -1)) / 4)
