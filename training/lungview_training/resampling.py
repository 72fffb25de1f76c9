"""Slices and their boxes brought to the pixel size of samples."""

import numpy as np
import torch

from lungview.detection.preprocess import Grid, resample
from lungview.domain.arrays import FloatArray, HuArray


def resampled(hu: HuArray, grid: Grid) -> HuArray:
    """(H, W) int16 HU as the network will see it."""
    return torch.round(resample(hu[None], grid))[0, 0].numpy().astype(np.int16)


def scaled(boxes: FloatArray, grid: Grid) -> FloatArray:
    """Boxes (N, 4) of a slice's own pixels in those of the grid."""
    down, across = grid.scale
    return np.asarray(boxes / np.array([across, down, across, down]), dtype=np.float32).reshape(-1, 4)
