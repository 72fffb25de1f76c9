"""Graphics that a file lays over a slice: what scanners and readers wrote or drew, apart from the measured values."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from lungview.domain.arrays import BoolArray, UInt8Array


@dataclass(frozen=True, slots=True, eq=False)
class SliceGraphics:
    """The overlay planes of one slice (DICOM PS3.3 C.9.2) as one mask, a bit a pixel: a long series may hold many.

    packed: (rows, ceil(columns / 8)) uint8, the leftmost pixel in the highest bit.
    """

    columns: int
    packed: UInt8Array

    @classmethod
    def of(cls, mask: BoolArray) -> Self:
        """Pack a (row, column) mask of the slice's size."""
        return cls(mask.shape[1], np.packbits(mask, axis=1))

    @property
    def rows(self) -> int:
        """How many rows."""
        return len(self.packed)

    @property
    def mask(self) -> BoolArray:
        """(row, column): where something is drawn."""
        return np.unpackbits(self.packed, axis=1, count=self.columns).view(np.bool_)
