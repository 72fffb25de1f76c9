"""A rectangle on one slice."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import FloatArray


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in the pixels of one slice as Pascal VOC writes it, half-open: columns xmin-xmax, rows ymin-ymax.

    A box may lie partly or wholly outside the slice, and may have no area: both occur in readers' files.
    """

    xmin: float
    ymin: float
    xmax: float
    ymax: float

    @property
    def width(self) -> float:
        """Columns covered, never below 0."""
        return max(0.0, self.xmax - self.xmin)

    @property
    def height(self) -> float:
        """Rows covered, never below 0."""
        return max(0.0, self.ymax - self.ymin)

    @property
    def area(self) -> float:
        """Pixels covered; 0 where xmax <= xmin or ymax <= ymin."""
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        """(x, y) of the middle, in pixels from the slice's top left corner."""
        return (self.xmin + self.xmax) / 2, (self.ymin + self.ymax) / 2

    def contains(self, x: float, y: float) -> bool:
        """Whether the point (x, y) lies inside, half-open."""
        return self.xmin <= x < self.xmax and self.ymin <= y < self.ymax

    def iou(self, other: "Box") -> float:
        """Intersection over union in [0, 1]; 0 where either box has no area."""
        across = min(self.xmax, other.xmax) - max(self.xmin, other.xmin)
        down = min(self.ymax, other.ymax) - max(self.ymin, other.ymin)
        if across <= 0 or down <= 0 or self.area <= 0 or other.area <= 0:
            return 0.0
        shared = across * down
        return shared / (self.area + other.area - shared)

    def clipped(self, rows: int, columns: int) -> "Box":
        """The part inside a slice of rows x columns; a box wholly outside comes back without area at the border."""

        def within(value: float, limit: int) -> float:
            return min(max(value, 0.0), float(limit))

        return Box(
            within(self.xmin, columns), within(self.ymin, rows), within(self.xmax, columns), within(self.ymax, rows)
        )

    def grown(self, margin: float) -> "Box":
        """The box with margin pixels more on each side."""
        return Box(self.xmin - margin, self.ymin - margin, self.xmax + margin, self.ymax + margin)

    def as_tuple(self) -> tuple[float, float, float, float]:
        """(xmin, ymin, xmax, ymax)."""
        return self.xmin, self.ymin, self.xmax, self.ymax


def to_array(boxes: Iterable[Box]) -> FloatArray:
    """Boxes as (N, 4) float32, (xmin, ymin, xmax, ymax)."""
    return np.array([box.as_tuple() for box in boxes], dtype=np.float32).reshape(-1, 4)
