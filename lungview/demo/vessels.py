"""Arteries, veins and airways of the lungs: trees grown to reach everywhere, and their cut on a slice."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungview.demo.lungs import Lobe, LungSpace
from lungview.demo.plane import Float32, Plane

Points = NDArray[np.float64]

_ARTERY_ROOTS = {
    Lobe.RIGHT_UPPER: (-46, -4, -20),
    Lobe.RIGHT_MIDDLE: (-52, 0, -38),
    Lobe.RIGHT_LOWER: (-53, 8, -38),
    Lobe.LEFT_UPPER: (50, 8, -12),
    Lobe.LEFT_LOWER: (51, 20, -30),
}
_VEIN_ROOTS = {
    Lobe.RIGHT_UPPER: (-52, -16, -34),
    Lobe.RIGHT_MIDDLE: (-50, -15, -38),
    Lobe.RIGHT_LOWER: (-52, 30, -72),
    Lobe.LEFT_UPPER: (52, -14, -30),
    Lobe.LEFT_LOWER: (54, 32, -70),
}
_TIP_RADIUS_MM = 0.4
_BRANCHING_POWER = 0.365
"""Radius by tips fed: between Murray's 1/3 and the 1/2 that keeps the sum of cross-sections."""
_AIRWAY_TIPS = 55
"""An airway is drawn beside arteries that feed at least so many tips; smaller ones CT does not show."""
_NEAREST_SURFACE_MM = 3.5


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """Branches. start, end: (N, 3) mm. heading: (N, 3) unit vector at the start. tips: (N,) fed by each."""

    start: Points
    end: Points
    heading: Points
    tips: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Beads:
    """A tree as overlapping balls, by height. places: (N, 4), x, y, z, radius in mm."""

    places: NDArray[np.float32]

    def on(self, plane: Plane) -> Float32:
        """Share of each pixel filled, (rows, columns) in [0, 1], averaged over the slice's thickness."""
        layers = max(1, round(plane.thickness_mm / 1.3))
        total = np.zeros(plane.shape, dtype=np.float32)
        for layer in range(layers):
            z = plane.z + plane.thickness_mm * ((layer + 0.5) / layers - 0.5)
            total += self._layer(plane, z)
        return total / np.float32(layers)

    def _layer(self, plane: Plane, z: float) -> Float32:
        largest = float(self.places[:, 3].max(initial=0))
        first, last = np.searchsorted(self.places[:, 2], (z - largest, z + largest))
        near = self.places[first:last]
        left = near[:, 3] ** 2 - (near[:, 2] - np.float32(z)) ** 2
        near, radius = near[left > 0], np.sqrt(left[left > 0])
        filled = np.zeros(plane.shape, dtype=np.float32)
        steps = np.ceil(radius / np.float32(plane.pixel_mm)).astype(np.int64)
        for step in np.unique(steps):
            chosen = steps == step
            _stamp(filled, plane, near[chosen], radius[chosen], int(step) + 1)
        return filled


def _stamp(filled: Float32, plane: Plane, balls: Float32, radius: Float32, reach: int) -> None:
    """Raise the pixels within reach of each ball's centre to the share of them that the ball's cut fills."""
    pixel = np.float32(plane.pixel_mm)
    rows, columns = plane.shape
    x, y = (balls[:, 0] - plane.x[0, 0]) / pixel, (balls[:, 1] - plane.y[0, 0]) / pixel
    j, i = np.rint(y).astype(np.int64), np.rint(x).astype(np.int64)
    offsets = np.arange(-reach, reach + 1)
    dj, di = np.repeat(offsets, offsets.size), np.tile(offsets, offsets.size)
    jj, ii = j[:, None] + dj, i[:, None] + di
    away = np.hypot(jj - y[:, None], ii - x[:, None])
    wide = radius[:, None] / pixel
    share = np.clip(wide - away + np.float32(0.5), 0, 1) * np.minimum(np.float32(2.4) * wide * wide, 1)
    kept = (share > 0) & (jj >= 0) & (jj < rows) & (ii >= 0) & (ii < columns)
    np.maximum.at(filled.reshape(-1), (jj * columns + ii)[kept], share[kept].astype(np.float32))


@dataclass(frozen=True, slots=True, eq=False)
class Vasculature:
    """All that branches in both lungs."""

    vessels: Beads
    airway_walls: Beads
    airway_hollows: Beads


def grow(space: LungSpace, rng: np.random.Generator, tips: int) -> Vasculature:
    """Arteries with airways beside them, and veins between, in every lobe. tips: ends of all arteries together."""
    is_inner = space.depth > _NEAREST_SURFACE_MM
    share = min(1.0, tips / max(1, int(is_inner.sum())))
    arteries: list[Tree] = []
    veins: list[Tree] = []
    for lobe in Lobe:
        inside = np.flatnonzero((space.lobes == lobe) & is_inner)
        for roots, trees in ((_ARTERY_ROOTS, arteries), (_VEIN_ROOTS, veins)):
            count = max(1, int(inside.size * share))
            chosen = rng.choice(inside, size=count, replace=False)
            ends = space.points[chosen] + rng.uniform(-2.7, 2.7, (count, 3))
            trees.append(_grow_tree(ends, np.array(roots[lobe], dtype=np.float64), rng))
    walls, hollows = zip(*(_airways(tree) for tree in arteries), strict=True)
    vessels = [_vessel_beads(tree) for tree in (*arteries, *veins)]
    return Vasculature(*(Beads(_by_height(parts)) for parts in (vessels, list(walls), list(hollows))))


def _by_height(parts: list[Points]) -> NDArray[np.float32]:
    joined = np.concatenate(parts)
    return joined[np.argsort(joined[:, 2], kind="stable")].astype(np.float32)


def _grow_tree(tips: Points, root: Points, rng: np.random.Generator) -> Tree:
    """Branch towards the middle of the tips still to reach, parting them into neighbouring halves."""
    starts, ends, headings, fed = [], [], [], []
    waiting = [(root, np.zeros(3), np.arange(len(tips)))]
    while waiting:
        start, heading, reached = waiting.pop()
        middle = tips[reached].mean(axis=0)
        is_tip = reached.size == 1
        end = middle if is_tip else start + (middle - start) * (_reach(reached.size) * rng.uniform(0.8, 1.2))
        way = end - start
        length = float(np.linalg.norm(way))
        if length > 1e-6:
            heading = heading if heading.any() else way / length
            starts.append(start)
            ends.append(end)
            headings.append(heading)
            fed.append(reached.size)
        if not is_tip:
            onward = way / length if length > 1e-6 else heading
            waiting.extend((end, onward, half) for half in _parted(tips, reached, onward, rng))
    return Tree(np.array(starts), np.array(ends), np.array(headings), np.array(fed))


def _reach(tips: int) -> float:
    """How far towards the middle of its tips a branch runs before it forks: trunks fork early, twigs late."""
    return float(np.interp(np.log(tips), (1.0, 5.5), (0.54, 0.3)))


def _parted(
    tips: Points, reached: NDArray[np.int64], onward: Points, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Tips in two parts, mostly beside each other as seen along the branch, seldom one behind the other."""
    points = tips[reached]
    ways = rng.normal(0, 1, (7, 3))
    ways -= 0.6 * np.outer(ways @ onward, onward)
    ways /= np.linalg.norm(ways, axis=1, keepdims=True)
    along = points @ ways.T
    order = np.argsort(along[:, np.argmax(np.ptp(along, axis=0))], kind="stable")
    at = int(np.clip(round(reached.size * rng.uniform(0.36, 0.64)), 1, reached.size - 1))
    return [reached[order[:at]], reached[order[at:]]]


def _radius(tips: NDArray[np.int64]) -> Points:
    radius: Points = _TIP_RADIUS_MM * tips.astype(np.float64) ** _BRANCHING_POWER
    return radius


def _vessel_beads(tree: Tree) -> Points:
    return _beads(tree.start, tree.end, tree.heading, _radius(tree.tips))


def _beads(start: Points, end: Points, heading: Points, radius: Points) -> Points:
    """(N, 4) balls along branches, each bending from its heading towards its end, thinning by a tenth."""
    length = np.linalg.norm(end - start, axis=1)
    counts = np.maximum(2, np.ceil(length / np.maximum(0.45, 0.5 * radius))).astype(np.int64)
    branch = np.repeat(np.arange(counts.size), counts)
    within = np.arange(branch.size) - np.repeat(np.cumsum(counts) - counts, counts)
    t = (within / (counts[branch] - 1))[:, None]
    bend = start + heading * (0.45 * length)[:, None]
    places = (1 - t) ** 2 * start[branch] + 2 * t * (1 - t) * bend[branch] + t**2 * end[branch]
    return np.hstack([places, radius[branch, None] * (1.06 - 0.12 * t)])


def _airways(tree: Tree) -> tuple[Points, Points]:
    """Balls of the walls and of the hollows of the airways that run beside a tree of arteries."""
    large = tree.tips >= _AIRWAY_TIPS
    radius = _radius(tree.tips[large])
    hollow = 0.78 * radius
    away = np.cross(tree.heading[large], np.array([0.35, -0.8, 0.48]))
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    shift = away * (radius + hollow + 0.5)[:, None]
    path = tree.start[large] + shift, tree.end[large] + shift, tree.heading[large]
    return _beads(*path, hollow + 0.45 + 0.14 * radius), _beads(*path, hollow)
