"""Measures of a closed contour: the two axes of a lesion and its area."""

from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import FloatArray

_PLACES = 200


@dataclass(frozen=True, slots=True)
class Axis:
    """A straight line across a lesion. start, end: (x, y) in slice pixels; length_mm: between them."""

    start: tuple[float, float]
    end: tuple[float, float]
    length_mm: float


def area_mm2(points: FloatArray, spacing_mm: tuple[float, float]) -> float:
    """Area inside a closed contour, mm2. points: (N, 2) as (x, y) in pixels; spacing_mm: (rows, columns)."""
    x, y = points[:, 0], points[:, 1]
    return float(abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2 * spacing_mm[0] * spacing_mm[1])


def axes(points: FloatArray, spacing_mm: tuple[float, float]) -> tuple[Axis, Axis]:
    """Long axis, and the longest chord across it at a right angle, as RECIST 1.1 measures a lesion (Eisenhauer 2009).

    points: (N, 2) closed contour as (x, y) in pixels; spacing_mm: (between rows, between columns). Right angle and
    lengths are those of the patient, so they hold where pixels are not square.
    """
    scale = np.array([spacing_mm[1], spacing_mm[0]])
    placed = points * scale
    apart = np.linalg.norm(placed[:, None] - placed[None], axis=2)
    first, last = np.unravel_index(int(np.argmax(apart)), apart.shape)
    long = _axis(placed[first], placed[last], scale)
    length = max(long.length_mm, 1e-9)
    along = (placed[last] - placed[first]) / length
    return long, _widest_across(placed, placed[first], along, length, scale)


def _axis(start: FloatArray, end: FloatArray, scale: FloatArray) -> Axis:
    (x0, y0), (x1, y1) = start / scale, end / scale
    return Axis((float(x0), float(y0)), (float(x1), float(y1)), float(np.linalg.norm(end - start)))


def _widest_across(placed: FloatArray, origin: FloatArray, along: FloatArray, length: float, scale: FloatArray) -> Axis:
    """The longest chord at a right angle to the direction along, looked for at many places between the ends."""
    across = np.array([-along[1], along[0]])
    u, v = (placed - origin) @ along, (placed - origin) @ across
    places = ((np.arange(_PLACES) + 0.5) * (length / _PLACES))[:, None]
    crosses = (u[:-1] <= places) != (u[1:] <= places)
    rise = np.divide(np.diff(v), np.diff(u), out=np.zeros(u.size - 1), where=np.diff(u) != 0)
    heights = np.sort(np.where(crosses, v[:-1] + (places - u[:-1]) * rise, np.inf), axis=1)
    heights = heights[:, : max(2, int(crosses.sum(axis=1).max()))]
    is_chord = np.isfinite(heights[:, 1::2])
    spans = np.subtract(heights[:, 1::2], heights[:, ::2], out=np.zeros(is_chord.shape), where=is_chord)
    row, column = np.unravel_index(int(np.argmax(spans)), spans.shape)
    if spans[row, column] <= 0:
        return _axis(origin, origin, scale)
    middle = origin + places[row] * along
    return _axis(middle + heights[row, 2 * column] * across, middle + heights[row, 2 * column + 1] * across, scale)
