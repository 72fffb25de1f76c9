"""Small pictures of lesions, cut from the slice they are best seen on."""

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QImage

from lungview.domain.arrays import UInt8Array
from lungview.domain.box import Box
from lungview.domain.volume import Volume
from lungview.domain.window import Window, to_display
from lungview.ui.strip.thumbnails import to_image

if TYPE_CHECKING:
    from lungview.reading.comparison import LesionRow

_LEAST_SIDE = 32
"""A small nodule is shown with this many pixels around it, so that one sees where it lies."""


class LesionPictures:
    """Makes each picture once per window; a slice not read yet has none."""

    def __init__(self) -> None:
        self._made: dict[tuple[str, int, Window], QImage] = {}

    def clear(self) -> None:
        """Forget all pictures."""
        self._made.clear()

    def of(self, row: "LesionRow", volume: Volume | None, window: Window) -> QImage | None:
        """The picture of a row, None while its slice is not read."""
        if volume is None or not volume.is_read[row.key_slice]:
            return None
        key = (row.id, row.key_slice, window)
        if key not in self._made:
            self._made[key] = to_image(cut_out(volume, row.key_slice, row.lesion.boxes[row.key_slice], window))
        return self._made[key]


def cut_out(volume: Volume, index: int, box: Box, window: Window) -> UInt8Array:
    """A square around a box, (side, side) or (side, side, 3), 0-255; black outside the slice."""
    values = volume.voxels[index]
    half = int(max(box.width, box.height, _LEAST_SIDE / 1.5) * 0.75)
    x, y = (int(each) for each in box.centre)
    rows = np.clip(np.arange(y - half, y + half + 1), 0, values.shape[0] - 1)
    columns = np.clip(np.arange(x - half, x + half + 1), 0, values.shape[1] - 1)
    part = values[np.ix_(rows, columns)]
    return np.asarray(part, dtype=np.uint8) if volume.is_colour else to_display(part, window)
