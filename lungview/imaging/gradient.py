"""The Sobel gradient of a slice, in values per millimetre."""

import numpy as np
from numpy.typing import NDArray

from lungview.domain.arrays import FloatArray, VoxelArray

Gradient = tuple[NDArray[np.float32], NDArray[np.float32]]


def sobel_components(values: VoxelArray | FloatArray, spacing_mm: tuple[float, float]) -> Gradient:
    """Gradient along x (growing columns) and along y (growing rows), each (rows, columns) float32.

    values: (rows, columns), HU for CT. spacing_mm: (between rows, between columns), as DICOM Pixel Spacing has it.
    The kernel is the central difference over two pixels, smoothed (1, 2, 1) / 4 across it (Sobel and Feldman, 1968),
    so that a ramp of 1 HU per mm gives 1. Pixels beyond the border repeat the border.
    """
    padded = np.pad(np.asarray(values, dtype=np.float32), 1, mode="edge")
    across_rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
    across_columns = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    along_x = (across_rows[:, 2:] - across_rows[:, :-2]) * np.float32(1 / (8 * spacing_mm[1]))
    along_y = (across_columns[2:] - across_columns[:-2]) * np.float32(1 / (8 * spacing_mm[0]))
    return along_x, along_y


def sobel_magnitude(values: VoxelArray | FloatArray, spacing_mm: tuple[float, float]) -> NDArray[np.float32]:
    """Length of the Sobel gradient, (rows, columns) float32, HU per mm for values in HU; never negative.

    values: (rows, columns). spacing_mm: (between rows, between columns). Kernel and border: see sobel_components.
    """
    along_x, along_y = sobel_components(values, spacing_mm)
    return np.hypot(along_x, along_y)
