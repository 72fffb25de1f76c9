"""One slice to paint on: simple solids cut by it, with the partial volume that pixel and slice thickness bring."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Point = tuple[float, float, float]
Window = tuple[slice, slice]

_MARGIN_MM = 16.0
"""How far around a solid its distance is known; more than any rim or smooth union reaches."""
FAR_MM = 1e3


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """The pixels of one slice in anatomy mm: x (1, columns) to the patient's left, y (rows, 1) to the back, z up.

    The origin is the carina, the fork of the windpipe.
    """

    x: Float32
    y: Float32
    z: float
    pixel_mm: float
    thickness_mm: float

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return self.y.shape[0], self.x.shape[1]

    def window(self, x: tuple[float, float], y: tuple[float, float]) -> Window:
        """Rows and columns whose pixels lie between the given x and y, as slices; may be empty."""
        rows = np.searchsorted(self.y[:, 0], y)
        columns = np.searchsorted(self.x[0], x)
        return slice(int(rows[0]), int(rows[1])), slice(int(columns[0]), int(columns[1]))

    def cut(self, window: Window) -> tuple[Float32, Float32]:
        """x (1, columns) and y (rows, 1) of a window."""
        return self.x[:, window[1]], self.y[window[0]]

    def everywhere(self) -> Window:
        """The whole slice as a window."""
        return slice(0, self.shape[0]), slice(0, self.shape[1])


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A solid cut by a slice. distance: mm from its surface, negative inside; blur: mm over which the edge fades."""

    window: Window
    distance: Float32
    blur: Float32 | float

    def cover(self, grown: float = 0.0) -> Float32:
        """Share of each pixel that the solid, grown by so many mm, fills, [0, 1]."""
        return coverage(self.distance - np.float32(grown), self.blur)


def coverage(distance: Float32, blur: Float32 | float) -> Float32:
    """Share of a pixel filled, [0, 1], by a solid whose surface is distance mm away and fades over blur mm."""
    share: Float32 = np.clip(np.float32(0.5) - distance / blur, 0, 1)
    return share


def blend(hu: Float32, window: Window, cover: Float32, value: Float32 | float) -> None:
    """Mix a value into the pixels of a window by its share of each."""
    part = hu[window]
    part += cover * (value - part)


def ellipsoid(plane: Plane, centre: Point, radii: Point, margin: float = _MARGIN_MM) -> Patch | None:
    """An ellipsoid along the axes, or None where the slice is further away than the margin."""
    dz = plane.z - centre[2]
    if abs(dz) > radii[2] + margin:
        return None
    window = plane.window(
        (centre[0] - radii[0] - margin, centre[0] + radii[0] + margin),
        (centre[1] - radii[1] - margin, centre[1] + radii[1] + margin),
    )
    x, y = plane.cut(window)
    if not (x.size and y.size):
        return None
    rx, ry, rz = (np.float32(1 / radius) for radius in radii)
    u, v, w = (x - np.float32(centre[0])) * rx, (y - np.float32(centre[1])) * ry, np.float32(dz) * rz
    length = np.sqrt(u * u + v * v + w * w) + np.float32(1e-6)
    slope = np.sqrt((u * rx) ** 2 + (v * ry) ** 2 + (w * rz) ** 2) / length + np.float32(1e-6)
    steep = np.abs(w * rz) / (length * slope)
    return Patch(window, np.asarray((length - 1) / slope, dtype=np.float32), _blur(plane, steep))


def capsule(plane: Plane, ends: tuple[Point, Point], radii: tuple[float, float], margin: float) -> Patch | None:
    """A rod with round ends, its radius changing from one end to the other."""
    (a, b), (ra, rb) = ends, radii
    reach = max(ra, rb) + margin
    if not min(a[2], b[2]) - reach <= plane.z <= max(a[2], b[2]) + reach:
        return None
    window = plane.window(
        (min(a[0], b[0]) - reach, max(a[0], b[0]) + reach), (min(a[1], b[1]) - reach, max(a[1], b[1]) + reach)
    )
    x, y = plane.cut(window)
    if not (x.size and y.size):
        return None
    dx, dy, dz = (np.float32(end - start) for start, end in zip(a, b, strict=True))
    px, py, pz = x - np.float32(a[0]), y - np.float32(a[1]), np.float32(plane.z - a[2])
    t = np.clip((px * dx + py * dy + pz * dz) / np.float32(dx * dx + dy * dy + dz * dz + 1e-9), 0, 1)
    ux, uy, uz = px - t * dx, py - t * dy, pz - t * dz
    length = np.sqrt(ux * ux + uy * uy + uz * uz) + np.float32(1e-6)
    return Patch(window, length - (np.float32(ra) + t * np.float32(rb - ra)), _blur(plane, np.abs(uz) / length))


def _blur(plane: Plane, steep: Float32) -> Float32:
    """Width of an edge in mm: a little over a pixel, plus what the slice thickness smears where it lies flat."""
    return np.float32(1.2 * plane.pixel_mm) + np.float32(plane.thickness_mm) * steep


def union(plane: Plane, patches: Iterable[Patch | None], smooth_mm: float = 0.0) -> Patch | None:
    """Patches as one over their common window, flowing into each other over smooth_mm; None of none."""
    present = [patch for patch in patches if patch is not None]
    if not present:
        return None
    rows = slice(min(p.window[0].start for p in present), max(p.window[0].stop for p in present))
    columns = slice(min(p.window[1].start for p in present), max(p.window[1].stop for p in present))
    shape = rows.stop - rows.start, columns.stop - columns.start
    distance = np.full(shape, FAR_MM, dtype=np.float32)
    blur = np.full(shape, 1.2 * plane.pixel_mm, dtype=np.float32)
    for patch in present:
        place = (
            slice(patch.window[0].start - rows.start, patch.window[0].stop - rows.start),
            slice(patch.window[1].start - columns.start, patch.window[1].stop - columns.start),
        )
        np.copyto(blur[place], patch.blur, where=patch.distance < distance[place])
        distance[place] = smooth_minimum(distance[place], patch.distance, smooth_mm)
    return Patch((rows, columns), distance, blur)


def smooth_minimum(a: Float32, b: Float32, smooth_mm: float) -> Float32:
    """The lesser of two distances, rounded off over smooth_mm where they meet."""
    lesser: Float32 = np.minimum(a, b)
    if smooth_mm > 0:
        near = np.maximum(np.float32(smooth_mm) - np.abs(a - b), 0)
        lesser = lesser - near * near * np.float32(0.25 / smooth_mm)
    return lesser


@dataclass(frozen=True, slots=True, eq=False)
class Tube:
    """A bent tube as rods. nodes: (N, 4), x, y, z and radius in mm."""

    nodes: NDArray[np.float64]

    def cut(self, plane: Plane, margin: float = _MARGIN_MM) -> Patch | None:
        """The tube cut by a slice."""
        z, radius = self.nodes[:, 2], self.nodes[:, 3]
        low = np.minimum(z[:-1] - radius[:-1], z[1:] - radius[1:]) - margin
        high = np.maximum(z[:-1] + radius[:-1], z[1:] + radius[1:]) + margin
        rods = np.flatnonzero((low <= plane.z) & (plane.z <= high))
        return union(plane, (self._rod(plane, int(rod), margin) for rod in rods))

    def _rod(self, plane: Plane, rod: int, margin: float) -> Patch | None:
        a, b = self.nodes[rod].tolist(), self.nodes[rod + 1].tolist()
        return capsule(plane, ((a[0], a[1], a[2]), (b[0], b[1], b[2])), (a[3], b[3]), margin)


def bent_tube(nodes: Sequence[tuple[float, float, float, float]], step_mm: float = 7.0) -> Tube:
    """A tube through the given (x, y, z, radius), curved in between (Catmull and Rom, 1974)."""
    points = np.array(nodes, dtype=np.float64)
    padded = np.vstack([2 * points[0] - points[1], points, 2 * points[-1] - points[-2]])
    pieces = []
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        count = max(1, int(np.ceil(np.linalg.norm((end - start)[:3]) / step_mm)))
        t = (np.arange(count) / count)[:, None]
        pieces.append(
            0.5
            * (
                2 * start
                + (end - before) * t
                + (2 * before - 5 * start + 4 * end - after) * t**2
                + (3 * start - before - 3 * end + after) * t**3
            )
        )
    return Tube(np.vstack([*pieces, points[-1:]]))


def mirrored(nodes: Sequence[tuple[float, float, float, float]]) -> list[tuple[float, float, float, float]]:
    """The same tube on the other side of the body."""
    return [(-x, y, z, radius) for x, y, z, radius in nodes]
