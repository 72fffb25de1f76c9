"""Where a box can be taken hold of, what a drag makes of it, and how that is drawn."""

from collections.abc import Callable
from enum import StrEnum

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lungview.domain.box import Box
from lungview.marks.propagate import LEAST_SIDE
from lungview.ui import theme
from lungview.ui.panes.text import casing
from lungview.ui.panes.view import View

HANDLE = 8.0
"""Side of a handle, px."""
REACH = 7.0
"""How far from a handle's middle it can still be taken, px."""
_SMALL = 28.0
"""A box of fewer px across has handles at its corners only."""


class Grip(StrEnum):
    """What a drag takes hold of, by the sides that it moves."""

    NORTH_WEST = "nw"
    NORTH = "n"
    NORTH_EAST = "ne"
    EAST = "e"
    SOUTH_EAST = "se"
    SOUTH = "s"
    SOUTH_WEST = "sw"
    WEST = "w"
    INSIDE = "inside"


CURSORS = {
    Grip.NORTH_WEST: Qt.CursorShape.SizeFDiagCursor,
    Grip.SOUTH_EAST: Qt.CursorShape.SizeFDiagCursor,
    Grip.NORTH_EAST: Qt.CursorShape.SizeBDiagCursor,
    Grip.SOUTH_WEST: Qt.CursorShape.SizeBDiagCursor,
    Grip.NORTH: Qt.CursorShape.SizeVerCursor,
    Grip.SOUTH: Qt.CursorShape.SizeVerCursor,
    Grip.EAST: Qt.CursorShape.SizeHorCursor,
    Grip.WEST: Qt.CursorShape.SizeHorCursor,
    Grip.INSIDE: Qt.CursorShape.SizeAllCursor,
}


def handles_of(rect: QRectF) -> dict[Grip, QPointF]:
    """The middles of a box's handles, corners first."""
    middle = rect.center()
    found = {
        Grip.NORTH_WEST: rect.topLeft(),
        Grip.NORTH_EAST: rect.topRight(),
        Grip.SOUTH_EAST: rect.bottomRight(),
        Grip.SOUTH_WEST: rect.bottomLeft(),
    }
    if rect.width() >= _SMALL:
        found |= {Grip.NORTH: QPointF(middle.x(), rect.top()), Grip.SOUTH: QPointF(middle.x(), rect.bottom())}
    if rect.height() >= _SMALL:
        found |= {Grip.WEST: QPointF(rect.left(), middle.y()), Grip.EAST: QPointF(rect.right(), middle.y())}
    return found


def grip_at(rect: QRectF, at: QPointF) -> Grip | None:
    """What of a box lies under a point of the pane."""
    reach = min(REACH, max(min(rect.width(), rect.height()) / 3, 3.0))  # a small box must leave an inside to move it by
    for grip, spot in handles_of(rect).items():
        outward = REACH if not rect.contains(at) else reach
        if abs(at.x() - spot.x()) <= outward and abs(at.y() - spot.y()) <= outward:
            return grip
    return Grip.INSIDE if rect.contains(at) else None


def dragged(box: Box, grip: Grip, dx: float, dy: float, rows: int, columns: int) -> Box:
    """The box after a drag by (dx, dy) slice pixels: on whole pixels, inside the slice, not below the least size."""
    if grip is Grip.INSIDE:
        x = round(min(max(dx, -box.xmin), columns - box.xmax))
        y = round(min(max(dy, -box.ymin), rows - box.ymax))
        return Box(box.xmin + x, box.ymin + y, box.xmax + x, box.ymax + y)
    xs, ys = [box.xmin, box.xmax], [box.ymin, box.ymax]
    side = grip.value
    if "w" in side or "e" in side:
        xs["e" in side] += dx
    if "n" in side or "s" in side:
        ys["s" in side] += dy
    return between(xs[0], ys[0], xs[1], ys[1], rows, columns)


def between(x: float, y: float, to_x: float, to_y: float, rows: int, columns: int) -> Box:
    """The box between two points of a slice: on whole pixels, inside the slice, not below the least size."""
    xmin, xmax = _side(x, to_x, columns)
    ymin, ymax = _side(y, to_y, rows)
    return Box(xmin, ymin, xmax, ymax)


def _side(one: float, other: float, limit: int) -> tuple[float, float]:
    low, high = sorted((min(max(round(one), 0), limit), min(max(round(other), 0), limit)))
    if high - low < LEAST_SIDE:
        low = min(low, max(limit - int(LEAST_SIDE), 0))
        high = min(low + int(LEAST_SIDE), limit)
    return float(low), float(high)


class HandlesOverlay:
    """Paints the box being drawn or dragged, and the handles of the selected one."""

    def __init__(self, box: Callable[[], Box | None], is_draft: Callable[[], bool]) -> None:
        self._box, self._is_draft = box, is_draft

    def paint(self, painter: QPainter, view: View) -> None:
        """Paint the handles over every other mark."""
        box = self._box()
        if box is None:
            return
        rect = view.box_rect(box)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._is_draft():
            for pen in (QPen(casing(), 4), QPen(QColor(theme.Mark.READER), 2)):
                painter.setPen(pen)
                painter.drawRect(rect)
        painter.setPen(QPen(QColor(theme.DARK.image), 1))
        painter.setBrush(QColor(theme.Mark.READER))
        half = HANDLE / 2
        for spot in handles_of(rect).values():
            painter.drawRect(QRectF(spot.x() - half, spot.y() - half, HANDLE, HANDLE))
        painter.setBrush(Qt.BrushStyle.NoBrush)
