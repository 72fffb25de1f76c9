"""Lesions of the kinds that chest CT shows, where each of them sits, and the distractors beside them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lungview.demo.lungs import Lobe, LungSpace
from lungview.demo.plane import Float32, Plane, Point, Window, blend, capsule, coverage, ellipsoid

Vectors = NDArray[np.float64]

_UPPER = (Lobe.RIGHT_UPPER, Lobe.LEFT_UPPER)
_LOWER = (Lobe.RIGHT_LOWER, Lobe.LEFT_LOWER)
_ALL = tuple(Lobe)


class LesionKind(StrEnum):
    """What a lesion looks like."""

    SPICULATED_MASS = "spiculated mass"
    ROUND_NODULE = "round solid nodule"
    PART_SOLID = "part-solid nodule"
    GROUND_GLASS = "ground-glass nodule"
    PLEURAL = "nodule on the pleura"
    CAVITY = "thin-walled cavity"


@dataclass(frozen=True, slots=True)
class _Habit:
    """How a kind comes: radius in mm (least, most), lobes, depth below the lung's surface (least, most), HU.

    wall: share of the radius that is tissue around a hollow full of air; 0 where it is solid.
    """

    radius: tuple[float, float]
    lobes: tuple[Lobe, ...]
    depth: tuple[float, float]
    hu: float
    bumpiness: float
    edge_mm: float = 0.0
    wall: float = 0.0


_HABITS: Mapping[LesionKind, _Habit] = {
    LesionKind.SPICULATED_MASS: _Habit((13, 18), _UPPER, (17, 34), 48, 0.075),
    LesionKind.ROUND_NODULE: _Habit((4.2, 6), _LOWER, (10, 26), 38, 0.022),
    LesionKind.PART_SOLID: _Habit((9, 12.5), _UPPER, (13, 30), -610, 0.06, 3.5),
    LesionKind.GROUND_GLASS: _Habit((7, 11), _UPPER, (11, 28), -640, 0.06, 3.5),
    LesionKind.PLEURAL: _Habit((8, 11), _LOWER, (2, 6.5), 44, 0.045),
    LesionKind.CAVITY: _Habit((14, 22), _UPPER, (17, 34), 20, 0.06, wall=0.16),
}
DEFAULT_KINDS = (
    LesionKind.SPICULATED_MASS,
    LesionKind.ROUND_NODULE,
    LesionKind.PART_SOLID,
    LesionKind.PLEURAL,
)
_APART_MM = 12.0
_CALCIUM_HU, _SCAR_HU, _HOLLOW_HU = 780.0, -150.0, -890.0


@dataclass(frozen=True, slots=True, eq=False)
class Growth:
    """A lesion in the making.

    waves: (K, 4) directions and heights, and phases (K,), of the bumps of its surface.
    rays: strands from its middle, each the far end and the radius there.
    """

    kind: LesionKind
    centre: Point
    radius: float
    waves: Vectors
    phases: Vectors
    rays: Sequence[tuple[Point, float]] = field(default=())
    enhancement: float = 0.0

    @property
    def habit(self) -> _Habit:
        """What its kind has in common."""
        return _HABITS[self.kind]

    def body(self, plane: Plane, z: float) -> tuple[Window, Float32] | None:
        """Window and signed distance to the lesion's bumpy surface at height z, without its rays."""
        reach = self.radius * 1.45 + 4
        if abs(z - self.centre[2]) > reach:
            return None
        window = plane.window(
            (self.centre[0] - reach, self.centre[0] + reach), (self.centre[1] - reach, self.centre[1] + reach)
        )
        x, y = plane.cut(window)
        if not (x.size and y.size):
            return None
        px, py, pz = x - np.float32(self.centre[0]), y - np.float32(self.centre[1]), np.float32(z - self.centre[2])
        length = np.sqrt(px * px + py * py + pz * pz) + np.float32(1e-3)
        bumps = np.zeros(length.shape, dtype=np.float32)
        waves, phases = self.waves.astype(np.float32), self.phases.astype(np.float32)
        for (wx, wy, wz, height), phase in zip(waves, phases, strict=True):
            bumps += height * np.cos((px * wx + py * wy + pz * wz) / length + phase)
        return window, length - np.float32(self.radius) * (1 + np.float32(self.habit.bumpiness) * bumps)


def place_lesions(
    space: LungSpace, kinds: Sequence[LesionKind], heights: Vectors, rng: np.random.Generator, blood: float
) -> tuple[Growth, ...]:
    """Find each lesion a place away from the others, midway between two slices so that it shows on several.

    heights: (slices,) of the slices, mm, rising. blood: HU, of which some enhances.
    """
    grown: list[Growth] = []
    for kind in kinds:
        habit = _HABITS[kind]
        radius = float(rng.uniform(*habit.radius))
        fits = _fitting(space, kind, radius, (float(heights[0]), float(heights[-1])), grown)
        x, y, z = (float(part) for part in space.points[int(rng.choice(fits))] + rng.uniform(-1.5, 1.5, 3))
        z = _between_slices(z, heights)
        waves = np.vstack([rng.normal(0, (2.0, 2.0, 2.0, 0), (6, 4)), rng.normal(0, (8, 8, 8, 0), (8, 4))])
        waves[:, 3] = np.repeat((1.0, 0.45), (6, 8))
        rays = _spicules((x, y, z), radius, rng) if kind is LesionKind.SPICULATED_MASS else ()
        enhancement = max(0.0, (blood - 45) * 0.22) if habit.hu > 0 else 0.0
        grown.append(Growth(kind, (x, y, z), radius, waves, rng.uniform(0, 2 * np.pi, 14), rays, enhancement))
    return tuple(grown)


def _between_slices(z: float, heights: Vectors) -> float:
    if heights.size < 2:
        return float(heights[0])
    above = int(np.clip(np.searchsorted(heights, z), 1, heights.size - 1))
    return float(heights[above - 1] + heights[above]) / 2


def _fitting(
    space: LungSpace, kind: LesionKind, radius: float, heights: tuple[float, float], others: Sequence[Growth]
) -> NDArray[np.int64]:
    """Indices of grid points where a lesion may sit: as its kind likes, else anywhere in the lungs seen."""
    z = space.points[:, 2]
    is_seen = (z > heights[0] + 0.9 * radius) & (z < heights[1] - 0.9 * radius)
    is_free = is_seen if is_seen.any() else np.ones(z.size, dtype=np.bool_)
    for other in others:
        away = np.linalg.norm(space.points - np.array(other.centre), axis=1)
        is_free = is_free & (away > other.radius + radius + _APART_MM)
    habit = _HABITS[kind]
    likes = is_free & np.isin(space.lobes, habit.lobes)
    likes &= (space.depth > habit.depth[0]) & (space.depth < habit.depth[1])
    if kind is LesionKind.PLEURAL:
        is_costal = (space.wall < space.depth + 2) & (space.angle > np.radians(65)) & (space.angle < np.radians(150))
        likes &= is_costal
    for choice in (likes, is_free & (space.depth > 3), is_free):
        if choice.any():
            return np.flatnonzero(choice)
    return np.arange(z.size)


def _spicules(centre: Point, radius: float, rng: np.random.Generator) -> tuple[tuple[Point, float], ...]:
    """Fine strands into the lung, most short, a few long."""
    ends = []
    for _ in range(64):
        way = rng.normal(0, 1, 3) * (1, 1, 0.75)
        way /= np.linalg.norm(way)
        reach = radius * float(rng.uniform(1.2, 1.55)) + float(rng.exponential(5))
        x, y, z = (float(part) for part in np.array(centre) + way * min(reach, radius + 20))
        ends.append(((x, y, z), float(rng.uniform(0.3, 0.6))))
    return tuple(ends)


def paint_lesion(
    hu: Float32, plane: Plane, lesion: Growth, lung: Float32, uneven: Float32
) -> tuple[Window, Float32] | None:
    """Mix a lesion into a slice and return its window and the share of each pixel it fills, or None where it is not.

    lung: share of each pixel that is lung, which a lesion does not leave.
    """
    for strand in _strands(plane, lesion):
        window, cover = strand
        blend(hu, window, cover * lung[window], lesion.habit.hu)
    painted = _cover(plane, lesion, uneven)
    if painted is None:
        return None
    window, cover = painted
    cover = cover * lung[window]
    _fill(hu, plane, lesion, window, cover, uneven)
    hollow = _cover(plane, lesion, uneven, lesion.habit.wall * lesion.radius) if lesion.habit.wall else None
    if hollow is not None:
        blend(hu, hollow[0], hollow[1] * lung[hollow[0]], _HOLLOW_HU)
    return window, cover


def _cover(plane: Plane, lesion: Growth, uneven: Float32, within_mm: float = 0.0) -> tuple[Window, Float32] | None:
    """Share of each pixel of a window that lies so far inside the lesion's surface, through the slice's thickness."""
    layers = max(1, round(plane.thickness_mm / 1.3))
    blur = 1.2 * plane.pixel_mm + lesion.habit.edge_mm
    shares = []
    cut = None
    for layer in range(layers):
        cut = lesion.body(plane, plane.z + plane.thickness_mm * ((layer + 0.5) / layers - 0.5))
        if cut is not None:
            window, distance = cut
            frayed = np.float32(0.5 * lesion.habit.edge_mm + 0.3 * within_mm) * uneven[window]
            shares.append(coverage(distance + frayed + np.float32(within_mm), blur))
    if not shares:
        return None
    return window, np.asarray(np.sum(shares, axis=0, dtype=np.float32) / np.float32(layers), dtype=np.float32)


def _strands(plane: Plane, lesion: Growth) -> Iterable[tuple[Window, Float32]]:
    for end, thin in lesion.rays:
        patch = capsule(plane, (lesion.centre, end), (lesion.radius * 0.19, thin), 2)
        if patch is not None:
            yield patch.window, patch.cover() * np.float32(0.95)


def _fill(hu: Float32, plane: Plane, lesion: Growth, window: Window, cover: Float32, uneven: Float32) -> None:
    value = np.float32(lesion.habit.hu + lesion.enhancement) + 9 * uneven[window]
    if lesion.habit.hu > 0:
        blend(hu, window, cover, value)
        return
    glass = np.maximum(value + 45 * uneven[window], hu[window])
    blend(hu, window, cover, glass)
    if lesion.kind is LesionKind.PART_SOLID:
        x, y, z = lesion.centre
        radius = lesion.radius * 0.38
        core = (
            ellipsoid(plane, (x + radius, y - 1, z), (radius * 1.2, radius * 0.8, radius), 4),
            ellipsoid(plane, (x - 0.4 * radius, y + 0.8 * radius, z - 2), (radius * 0.8, radius, radius), 4),
        )
        for part in core:
            if part is not None:
                ragged = coverage(part.distance + np.float32(1.2) * uneven[part.window], part.blur)
                blend(hu, part.window, ragged, 15.0)


def paint_distractors(hu: Float32, plane: Plane, lung: Float32, places: Sequence[Point]) -> None:
    """What a reader passes over: calcified granulomas, and a scar like a band at the last of the places."""
    for place in places[:-1]:
        grain = ellipsoid(plane, place, (2.3, 2.3, 2.3), 3)
        if grain is not None:
            blend(hu, grain.window, grain.cover() * lung[grain.window], _CALCIUM_HU)
    x, y, z = places[-1]
    side = 1.0 if x > 0 else -1.0
    scar = capsule(plane, ((x - side * 14, y - 6, z - 1), (x + side * 15, y + 7, z + 1)), (0.7, 1.5), 4)
    if scar is not None:
        blend(hu, scar.window, scar.cover() * lung[scar.window] * np.float32(0.8), _SCAR_HU)


def place_distractors(space: LungSpace, lesions: Sequence[Growth], rng: np.random.Generator) -> tuple[Point, ...]:
    """Three places away from the lesions, the last low in a lung."""
    away = np.ones(space.depth.size, dtype=np.bool_)
    for lesion in lesions:
        away &= np.linalg.norm(space.points - np.array(lesion.centre), axis=1) > lesion.radius + 22
    anywhere = np.flatnonzero(away & (space.depth > 6) & (space.depth < 22))
    low = np.flatnonzero(away & (space.depth > 8) & np.isin(space.lobes, _LOWER) & (space.points[:, 2] < -70))
    picked = [int(rng.choice(anywhere)), int(rng.choice(anywhere)), int(rng.choice(low if low.size else anywhere))]
    return tuple((float(x), float(y), float(z)) for x, y, z in space.points[picked])
