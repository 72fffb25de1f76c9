"""Where the lungs are, their lobes and their tissue."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from lungview.demo.abdomen import above_diaphragm, diaphragm_cover
from lungview.demo.body import Frame, frame_of
from lungview.demo.mediastinum import Mediastinum, envelope, make_mediastinum
from lungview.demo.plane import Float32, Plane, coverage, smooth_minimum

LUNG_HU = -862.0
_PLEURA_MM = 1.2
_ROUNDING_MM = 7.0
_FISSURE_SLOPE = 1.13


class Lobe(IntEnum):
    """The five lobes."""

    RIGHT_UPPER = 0
    RIGHT_MIDDLE = 1
    RIGHT_LOWER = 2
    LEFT_UPPER = 3
    LEFT_LOWER = 4


@dataclass(frozen=True, slots=True, eq=False)
class LungCut:
    """The lungs on one slice. share: of each pixel that is lung; under: that lies below the diaphragm, [0, 1]."""

    share: Float32
    under: Float32


def cut_lungs(plane: Plane, frame: Frame, parts: Mediastinum) -> LungCut:
    """The lungs on a slice: inside the cage, beside the mediastinum, over the diaphragm."""
    above = above_diaphragm(plane)
    under = diaphragm_cover(plane, above)
    inside = smooth_minimum(-frame.wall - np.float32(_PLEURA_MM), envelope(plane, frame, parts), _ROUNDING_MM)
    return LungCut(coverage(-inside, 1.2 * plane.pixel_mm) * (1 - under), under)


def over_fissure(x: Float32, y: Float32, z: Float32 | float) -> Float32:
    """mm over the oblique fissure, negative in the lower lobe."""
    wave = 5 * np.sin(x * np.float32(1 / 26)) + 3 * np.sin(y * np.float32(1 / 19))
    height = np.float32(44) - np.float32(_FISSURE_SLOPE) * (np.float32(84) - y) + wave
    return np.asarray((z - height) * np.float32(1 / np.hypot(1, _FISSURE_SLOPE)), dtype=np.float32)


def tissue(plane: Plane, coarse: Float32, fine: Float32) -> Float32:
    """HU of lung without its visible vessels: denser at the back, as of someone lying; unevenly aerated."""
    gravity = np.float32(0.22) * plane.y
    values = np.float32(LUNG_HU) + gravity + 9 * coarse + 13 * fine
    line = coverage(np.abs(over_fissure(plane.x, plane.y, plane.z)) - np.float32(0.35), 1.8)
    return np.asarray(values + 190 * line, dtype=np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class LungSpace:
    """The lungs as points of a coarse grid.

    points: (N, 3) as (x, y, z) mm. depth: (N,) mm to the nearest surface of the lung. wall: (N,) mm to the chest wall
    alone. angle: (N,) from the breastbone. lobes: (N,) Lobe numbers.
    """

    points: NDArray[np.float64]
    depth: NDArray[np.float64]
    wall: NDArray[np.float64]
    angle: NDArray[np.float64]
    lobes: NDArray[np.int64]


@cache
def lung_space(grid_mm: float) -> LungSpace:
    """Measure both lungs on a coarse grid, to grow vessels in and to find places for lesions; alike in all patients."""
    parts = make_mediastinum(has_contrast=True)
    places = np.arange(-150.0, 150.0, grid_mm, dtype=np.float32)
    points, measures = [], []
    for z in np.arange(-188.0, 110.0, grid_mm):
        plane = Plane(places[None], places[:, None], float(z), grid_mm, grid_mm)
        frame = frame_of(plane)
        beside = envelope(plane, frame, parts)
        depth = np.minimum(np.minimum(-frame.wall - np.float32(_PLEURA_MM), beside), above_diaphragm(plane))
        rows, columns = np.nonzero(depth > 1)
        points.append(np.stack([places[columns], places[rows], np.full(rows.size, z)], axis=1))
        kept = (array[rows, columns] for array in (depth, -frame.wall, frame.angle))
        measures.append(np.stack(list(kept), axis=1))
    placed, measured = np.concatenate(points).astype(np.float64), np.concatenate(measures).astype(np.float64)
    return LungSpace(placed, measured[:, 0], measured[:, 1], measured[:, 2], lobes_of(placed))


def lobes_of(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Lobe number of points (N, 3)."""
    x, y, z = points.astype(np.float32).T
    is_lower = over_fissure(x, y, z) < 0
    right = np.where(is_lower, Lobe.RIGHT_LOWER, np.where(z < -30, Lobe.RIGHT_MIDDLE, Lobe.RIGHT_UPPER))
    left = np.where(is_lower, Lobe.LEFT_LOWER, Lobe.LEFT_UPPER)
    return np.where(x > 0, left, right).astype(np.int64)
