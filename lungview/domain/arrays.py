"""Names for the arrays that cross module boundaries."""

import numpy as np
from numpy.typing import NDArray

HuArray = NDArray[np.int16]
"""Hounsfield units, (slice, row, column) or (row, column)."""

VoxelArray = NDArray[np.int16] | NDArray[np.float32] | NDArray[np.uint8]
"""What a volume may hold: int16 HU, float32 in another unit, or uint8 RGB with a last axis of 3."""

FloatArray = NDArray[np.float32] | NDArray[np.float64]
"""Boxes (N, 4), points (N, 3), matrices, maps in [0, 1]."""

UInt8Array = NDArray[np.uint8]
"""Grey levels or RGB for the screen, 0-255."""

BoolArray = NDArray[np.bool_]
"""Masks and flags."""

IntArray = NDArray[np.int64] | NDArray[np.int32]
"""Indices and labels."""
