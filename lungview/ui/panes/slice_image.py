"""A slice turned into a picture for the screen."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from lungview.domain.arrays import UInt8Array, VoxelArray
from lungview.domain.window import Window, lookup_table, to_display


class SliceImage:
    """Renders slices into one buffer that is used again, by a 64K table straight to RGB32.

    A table and one pass cost a quarter of a millisecond for 512 x 512, less than any scheme with a float pass.
    The picture returned is valid until the next call.
    """

    def __init__(self) -> None:
        self._key: tuple[Window, bool] | None = None
        self._table = np.zeros(65536, dtype=np.uint32)
        self._buffer = np.zeros((1, 1), dtype=np.uint32)

    def render(self, values: VoxelArray, window: Window, inverted: bool = False) -> QImage:
        """Return (rows, columns) int16, float or uint8 values through a window; (rows, columns, 3) uint8 as colour."""
        rows, columns = values.shape[:2]
        if self._buffer.shape != (rows, columns):
            self._buffer = np.zeros((rows, columns), dtype=np.uint32)
        if values.ndim == 3:
            self._fill_colour(values)
        elif values.dtype == np.int16:
            self._fill_by_table(values, window, inverted)
        else:
            grey = to_display(np.nan_to_num(values).astype(np.float32, copy=False), window)
            self._fill_grey(255 - grey if inverted else grey)
        return QImage(self._buffer.data, columns, rows, columns * 4, QImage.Format.Format_RGB32)

    def _fill_by_table(self, values: VoxelArray, window: Window, inverted: bool) -> None:
        if self._key != (window, inverted):
            grey = lookup_table(window)
            self._table = _rgb32(255 - grey if inverted else grey)
            self._key = (window, inverted)
        # mode: the index can't leave the table, and "raise" would go through a second buffer.
        np.take(self._table, values.view(np.uint16), out=self._buffer, mode="clip")

    def _fill_grey(self, grey: UInt8Array) -> None:
        self._buffer[...] = _rgb32(grey)

    def _fill_colour(self, values: VoxelArray) -> None:
        channels = values.astype(np.uint32)
        self._buffer[...] = 0xFF000000 | channels[..., 0] << 16 | channels[..., 1] << 8 | channels[..., 2]


def _rgb32(grey: UInt8Array) -> NDArray[np.uint32]:
    packed: NDArray[np.uint32] = grey.astype(np.uint32) * np.uint32(0x010101) | np.uint32(0xFF000000)
    return packed
