"""From the HU of slices to what a network sees; training and reading use the same code."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lungview.domain.arrays import HuArray
from lungview.domain.window import Window

CHANNEL_WINDOWS = (Window(-600, 1500), Window(40, 400), Window(-300, 1400))
"""Lung, soft tissue, and one wide window in which nothing between lung and vessel is cut off."""

CONTEXT_WINDOW = CHANNEL_WINDOWS[2]
"""In which neighbouring slices are seen: -1000 to 400 HU."""

PIXEL_MM = 1.7
"""The network's pixels. It learned on 256 x 256 slices of whole chests, of pixels of about 1.5 mm. On validation
patients, grids of 1.7 to 2.3 mm did better than 1.5 and 1.2: a lesion is told from a vessel by what lies around it."""

_UNKNOWN_SIDE = 224
"""Pixels given to the longer side where spacing is unknown, as if the slice held a whole chest."""

AIR_HU = -1024
_SMALLEST, _LARGEST = 96, 512
_CELL = 4
"""Resized sides are multiples of the heads' cells, so that the attention map ends where the slice does."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How a slice was resampled: (rows, columns) before, after, and after padding to the network's multiple."""

    source: tuple[int, int]
    resized: tuple[int, int]
    padded: tuple[int, int]

    @property
    def scale(self) -> tuple[float, float]:
        """Slice pixels per network pixel, (down, across)."""
        return self.source[0] / self.resized[0], self.source[1] / self.resized[1]


def grid_for(
    shape: tuple[int, int], spacing_mm: tuple[float, float] | None, multiple: int, pixel_mm: float = PIXEL_MM
) -> Grid:
    """Choose the network's grid for a slice of (rows, columns).

    spacing_mm: (between rows, between columns); None where unknown. pixel_mm: the size of the grid's pixels.
    """
    if spacing_mm is None:
        factor = _UNKNOWN_SIDE / max(shape)
        wanted = (shape[0] * factor, shape[1] * factor)
    else:
        wanted = (shape[0] * spacing_mm[0] / pixel_mm, shape[1] * spacing_mm[1] / pixel_mm)
    # Implausible spacing must not ask for a grid that fills the memory.
    keep = min(1.0, _LARGEST / max(wanted))
    grow = max(1.0, _SMALLEST / max(wanted))
    rows, columns = (max(1, round(side * keep * grow / _CELL)) * _CELL for side in wanted)
    return Grid(shape, (rows, columns), (-(-rows // multiple) * multiple, -(-columns // multiple) * multiple))


def resample(slices: HuArray, grid: Grid) -> Tensor:
    """(N, rows, columns) int16 HU to (N, 1, h, w) float32 HU on the grid, padded with air at the right and bottom."""
    values = torch.from_numpy(np.clip(slices, AIR_HU, 3071).astype(np.float32))[:, None]
    if grid.resized != grid.source:
        values = functional.interpolate(values, size=grid.resized, mode="bilinear", antialias=True)
    down, across = grid.padded[0] - grid.resized[0], grid.padded[1] - grid.resized[1]
    return functional.pad(values, (0, across, 0, down), value=float(AIR_HU))


def to_channels(hu: Tensor, context: Tensor | None = None) -> Tensor:
    """(N, 1, h, w) HU to (N, 3, h, w) in [0, 1], one channel per window.

    context: (N, 2 or 4, h, w) HU of neighbouring slices in ascending order, a channel each after those.
    """
    own = _through(hu, CHANNEL_WINDOWS)
    if context is None or context.shape[1] == 0:
        return own
    return torch.cat([own, _through(context, (CONTEXT_WINDOW,))], dim=1)


def _through(hu: Tensor, windows: Sequence[Window]) -> Tensor:
    low = torch.tensor([window.low for window in windows], device=hu.device).view(1, -1, 1, 1)
    span = torch.tensor([window.high - window.low for window in windows], device=hu.device).view(1, -1, 1, 1)
    return ((hu - low) / span).clamp(0.0, 1.0)
