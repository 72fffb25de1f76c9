"""Where the pixels of a slice fall in a pane, and back."""

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRectF

from lungview.domain.box import Box

ZOOM_LIMITS = (0.25, 40.0)
"""Least and most zoom, as a multiple of the fitted size."""


@dataclass(frozen=True, slots=True)
class View:
    """A placement of a slice in a pane of width x height px.

    Slice coordinates are (x, y) in slice pixels from its top left corner, so pixel (row, column) covers
    [column, column + 1) x [row, row + 1); pane coordinates are logical px. scale_x, scale_y: px per column and
    per row, which differ where slice pixels are not square. left, top: where the slice's corner falls.
    """

    width: float
    height: float
    scale_x: float
    scale_y: float
    left: float
    top: float

    @property
    def rect(self) -> QRectF:
        """The whole pane."""
        return QRectF(0, 0, self.width, self.height)

    def to_pane(self, x: float, y: float) -> QPointF:
        """Map a slice point to the pane."""
        return QPointF(self.left + x * self.scale_x, self.top + y * self.scale_y)

    def to_slice(self, point: QPointF) -> tuple[float, float]:
        """Map a pane point to the slice, (x, y)."""
        return (point.x() - self.left) / self.scale_x, (point.y() - self.top) / self.scale_y

    def box_rect(self, box: Box) -> QRectF:
        """Where a box falls in the pane."""
        return QRectF(self.to_pane(box.xmin, box.ymin), self.to_pane(box.xmax, box.ymax))

    def visible_part(self) -> Box:
        """The rectangle of the slice plane that the pane covers."""
        return Box(*self.to_slice(QPointF(0, 0)), *self.to_slice(QPointF(self.width, self.height)))


@dataclass(frozen=True, slots=True)
class Framing:
    """What part of a slice a pane is asked to show, whatever the pane's size.

    frame: the part that just fits at zoom 1. aspect: row spacing over column spacing, so that the patient's
    proportions are kept. offset: how far the pane's middle lies from the frame's, in slice pixels.
    """

    frame: Box
    aspect: float = 1.0
    zoom: float = 1.0
    offset: tuple[float, float] = (0.0, 0.0)

    @property
    def centre(self) -> tuple[float, float]:
        """The slice point in the middle of the pane."""
        x, y = self.frame.centre
        return x + self.offset[0], y + self.offset[1]

    def view(self, width: float, height: float) -> View:
        """Place the slice in a pane of this size."""
        across, down = max(self.frame.width, 1e-6), max(self.frame.height, 1e-6) * self.aspect
        scale_x = max(min(width / across, height / down), 1e-6) * self.zoom
        scale_y = scale_x * self.aspect
        x, y = self.centre
        return View(width, height, scale_x, scale_y, width / 2 - x * scale_x, height / 2 - y * scale_y)

    def fitted(self) -> "Framing":
        """The frame just fitting, in the middle."""
        return replace(self, zoom=1.0, offset=(0.0, 0.0))

    def framed(self, frame: Box, aspect: float) -> "Framing":
        """Another frame at the same zoom and offset."""
        return replace(self, frame=frame, aspect=aspect)

    def zoomed(self, factor: float, at: QPointF, view: View) -> "Framing":
        """Zoom by factor while the slice point under a pane point stays under it."""
        zoom = min(max(self.zoom * factor, ZOOM_LIMITS[0]), ZOOM_LIMITS[1])
        kept = 1 - self.zoom / zoom
        (x, y), (centre_x, centre_y) = view.to_slice(at), self.centre
        moved = self.offset[0] + (x - centre_x) * kept, self.offset[1] + (y - centre_y) * kept
        return replace(self, zoom=zoom, offset=self._held(moved))

    def panned(self, delta: QPointF, view: View) -> "Framing":
        """Move the slice by a distance in the pane; its frame can't be lost from sight."""
        moved = self.offset[0] - delta.x() / view.scale_x, self.offset[1] - delta.y() / view.scale_y
        return replace(self, offset=self._held(moved))

    def _held(self, offset: tuple[float, float]) -> tuple[float, float]:
        """Keep the pane's middle over the frame."""
        across, down = self.frame.width / 2, self.frame.height / 2
        return min(max(offset[0], -across), across), min(max(offset[1], -down), down)
