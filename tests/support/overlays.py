"""Overlay planes for synthetic slices."""

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from lungview.domain.arrays import BoolArray


def add_overlay(
    dataset: Dataset, points: NDArray[np.bool_], *, group: int = 0x6000, origin: tuple[int, int] | None = (1, 1)
) -> None:
    """Add (row, column) or (frame, row, column) points as an overlay with data of its own."""
    dataset.add_new((group, 0x10), "US", points.shape[-2])
    dataset.add_new((group, 0x11), "US", points.shape[-1])
    dataset.add_new((group, 0x40), "CS", "G")
    if origin is not None:
        dataset.add_new((group, 0x50), "SS", list(origin))
    if points.ndim == 3:
        dataset.add_new((group, 0x15), "IS", len(points))
    dataset.add_new((group, 0x100), "US", 1)
    dataset.add_new((group, 0x102), "US", 0)
    packed = np.packbits(points.reshape(-1), bitorder="little").tobytes()
    dataset.add_new((group, 0x3000), "OW", packed + b"\0" * (len(packed) % 2))


def drawing(rows: int, columns: int, seed: int = 0) -> BoolArray:
    """(row, column) points at random, a tenth of all."""
    return np.random.default_rng(seed).random((rows, columns)) < 0.1
