"""Randomness of two kinds: the slow unevenness of tissue, and the grain that reconstruction leaves in CT."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lungview.demo.plane import Float32, Plane


class Kernel(StrEnum):
    """How sharply a series is reconstructed."""

    SOFT = "B"
    LUNG = "L"


_BAND = {Kernel.SOFT: (0.18, 12.0), Kernel.LUNG: (0.36, 38.0)}
"""Where the noise power ends, in cycles per mm, and its standard deviation in mid-chest, HU."""
_TILES = 10


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """Smooth random numbers through space, about standard normal. lattice: (z, y, x) with cell_mm between."""

    lattice: Float32
    cell_mm: float
    first: tuple[float, float, float]

    def on(self, plane: Plane) -> Float32:
        """The field on a slice, (rows, columns)."""
        x0, y0, z0 = self.first
        place = (plane.z - z0) / self.cell_mm
        level = int(np.clip(np.floor(place), 0, self.lattice.shape[0] - 2))
        share = np.float32(_eased(np.clip(place - level, 0, 1)))
        flat = self.lattice[level] * (1 - share) + self.lattice[level + 1] * share
        below, down = _between((plane.y[:, 0] - y0) / self.cell_mm, flat.shape[0])
        left, across = _between((plane.x[0] - x0) / self.cell_mm, flat.shape[1])
        rows = flat[below] * (1 - down[:, None]) + flat[below + 1] * down[:, None]
        return np.asarray(rows[:, left] * (1 - across) + rows[:, left + 1] * across, dtype=np.float32)


def make_field(rng: np.random.Generator, cell_mm: float) -> Field:
    """A field of grain cell_mm over the whole chest."""
    low, high = np.array([-240.0, -240.0, -230.0]), np.array([240.0, 240.0, 170.0])
    counts = np.ceil((high - low) / cell_mm).astype(int) + 2
    lattice = rng.standard_normal((counts[2], counts[1], counts[0]), dtype=np.float32)
    return Field(lattice, cell_mm, (float(low[0]), float(low[1]), float(low[2])))


def _eased(share: NDArray[np.float64] | np.float64) -> NDArray[np.float64] | np.float64:
    return share * share * (3 - 2 * share)


def _between(places: Float32, count: int) -> tuple[NDArray[np.int64], Float32]:
    """Lattice index below each fractional place, and the eased share of the next one."""
    left = np.clip(np.floor(places), 0, count - 2).astype(np.int64)
    share = np.clip(places - left, 0, 1)
    return left, (share * share * (3 - 2 * share)).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Grain:
    """CT noise of one kernel. tiles: (tiles, rows, columns), standard deviation 1."""

    tiles: Float32
    sigma_hu: float

    def on_slice(self, rng: np.random.Generator) -> Float32:
        """Fresh noise for one slice, (rows, columns), HU: two tiles moved at random, so that no two slices match."""
        picked = rng.choice(self.tiles.shape[0], size=2, replace=False)
        total = np.zeros(self.tiles.shape[1:], dtype=np.float32)
        for tile in picked:
            moved = tuple(int(step) for step in rng.integers(0, self.tiles.shape[1:]))
            total += np.roll(self.tiles[tile], moved, axis=(0, 1)) * np.float32(rng.choice((-1.0, 1.0)))
        return np.asarray(total * np.float32(self.sigma_hu / np.sqrt(2)), dtype=np.float32)


def make_grain(rng: np.random.Generator, shape: tuple[int, int], pixel_mm: float, kernel: Kernel) -> Grain:
    """Noise whose power rises with frequency as a ramp and falls off where the kernel ends (Riederer et al., 1978)."""
    end, sigma = _BAND[kernel]
    across, down = np.fft.rfftfreq(shape[1], pixel_mm), np.fft.fftfreq(shape[0], pixel_mm)
    frequency = np.hypot(down[:, None], across[None])
    amplitude = np.sqrt(frequency + 0.01) * np.exp(-((frequency / end) ** 2))
    tiles = np.empty((_TILES, *shape), dtype=np.float32)
    for tile in tiles:
        white = rng.standard_normal(shape, dtype=np.float32)
        tile[:] = np.fft.irfft2(np.fft.rfft2(white) * amplitude, s=shape)
        tile /= tile.std()
    return Grain(tiles, sigma)
