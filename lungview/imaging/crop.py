"""A square piece of a slice around a box, for the zoom panes."""

import math
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import VoxelArray
from lungview.domain.box import Box


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A piece of a slice and where it was cut.

    values: (rows, columns), or (rows, columns, 3) of a colour slice; the caller's own.
    row, column: slice pixel of the piece's first pixel; negative where the piece reaches beyond the slice.
    """

    values: VoxelArray
    row: int
    column: int

    def to_crop(self, box: Box) -> Box:
        """A box of the slice in the pixels of the piece."""
        return Box(box.xmin - self.column, box.ymin - self.row, box.xmax - self.column, box.ymax - self.row)

    def to_slice(self, x: float, y: float) -> tuple[float, float]:
        """A point (x, y) of the piece in the pixels of the slice."""
        return x + self.column, y + self.row


def crop_around(
    values: VoxelArray, box: Box, margin: float = 0.5, smallest: int = 48, outside: float | None = None
) -> Crop:
    """Cut the square around a box, with margin times its longer side left on every side, at least smallest pixels wide.

    values: (rows, columns), or (rows, columns, 3). outside: what fills the part beyond the slice; the slice's lowest
    value where it is not said. A box that lies far outside, or is no box (not finite), still gives a square: the
    part of it nearest the slice, or the slice's middle.
    """
    rows, columns = values.shape[:2]
    numbers = box.as_tuple()
    if not all(math.isfinite(number) for number in numbers):
        box = Box(columns / 2, rows / 2, columns / 2, rows / 2)
    longer = max(box.width, box.height)
    side = min(max(math.ceil(longer * (1 + 2 * margin)), smallest), 2 * max(rows, columns))
    x, y = box.centre
    column = _first(x, side, columns)
    row = _first(y, side, rows)
    return Crop(_cut(values, row, column, side, outside), row, column)


def _first(centre: float, side: int, length: int) -> int:
    """First pixel of a span around a centre, held so near the slice that they share at least a pixel."""
    return min(max(round(centre - side / 2), 1 - side), length - 1)


def _cut(values: VoxelArray, row: int, column: int, side: int, outside: float | None) -> VoxelArray:
    rows, columns = values.shape[:2]
    inside_rows = slice(max(row, 0), min(row + side, rows))
    inside_columns = slice(max(column, 0), min(column + side, columns))
    piece = values[inside_rows, inside_columns]
    fill = outside if outside is not None else piece.min()
    cut = np.full((side, side, *values.shape[2:]), fill, dtype=values.dtype)
    cut[
        inside_rows.start - row : inside_rows.stop - row,
        inside_columns.start - column : inside_columns.stop - column,
    ] = piece
    return cut
