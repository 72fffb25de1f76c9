"""Drawing a lesion's outline with its two axes and their lengths."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from lungview.imaging.contour import Axis
from lungview.imaging.outline import Outline
from lungview.ui import theme
from lungview.ui.panes.text import casing, draw_text, text_size
from lungview.ui.panes.view import View

LINE = 2.0
AXIS_LINE = 1.0
_END = 3.0
"""Half the length of the strokes that end an axis, px."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """An outline and the unit of its lengths: mm, or px where the files say nothing of spacing."""

    outline: Outline
    unit: str = "mm"


class OutlineOverlay:
    """Paints the outline that a function names."""

    def __init__(self, measured: Callable[[], Measured | None]) -> None:
        self._measured = measured

    def paint(self, painter: QPainter, view: View) -> None:
        """Paint contour, axes and lengths."""
        measured = self._measured()
        if measured is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        _paint_contour(painter, view, measured.outline)
        for axis in (measured.outline.long_axis, measured.outline.short_axis):
            _paint_axis(painter, view, axis)
        painter.restore()
        _paint_lengths(painter, view, measured)


def _paint_contour(painter: QPainter, view: View, outline: Outline) -> None:
    line = QPolygonF([view.to_pane(float(x), float(y)) for x, y in outline.points])
    for colour, width in ((casing(), LINE + 2), (QColor(theme.Mark.MEASUREMENT), LINE)):
        painter.setPen(QPen(colour, width))
        painter.drawPolyline(line)


def _paint_axis(painter: QPainter, view: View, axis: Axis) -> None:
    start, end = view.to_pane(*axis.start), view.to_pane(*axis.end)
    along = np.array([end.x() - start.x(), end.y() - start.y()])
    length = float(np.hypot(*along))
    if length < 1:
        return
    stroke = QPointF(-along[1], along[0]) * (_END / length)
    lines = [QLineF(start, end), *(QLineF(point - stroke, point + stroke) for point in (start, end))]
    for colour, width in ((casing(), AXIS_LINE + 2), (QColor(theme.Mark.MEASUREMENT), AXIS_LINE)):
        painter.setPen(QPen(colour, width))
        painter.drawLines(lines)


def _paint_lengths(painter: QPainter, view: View, measured: Measured) -> None:
    """Write each length beyond the end of its axis, inside the pane, the two apart."""
    taken: QRectF | None = None
    for axis in (measured.outline.long_axis, measured.outline.short_axis):
        text = f"{axis.length_mm:.1f} {measured.unit}"
        place = _beyond_an_end(view, axis, text, taken)
        draw_text(painter, place.topLeft(), text, theme.Mark.MEASUREMENT)
        taken = place


def _beyond_an_end(view: View, axis: Axis, text: str, taken: QRectF | None) -> QRectF:
    start, end = view.to_pane(*axis.start), view.to_pane(*axis.end)
    places = [_beyond(view, end, start, text), _beyond(view, start, end, text)]
    free = [place for place in places if taken is None or not place.intersects(taken)]
    return (free or places)[0]


def _beyond(view: View, point: QPointF, other: QPointF, text: str) -> QRectF:
    """Where text stands beyond a point, seen from another, held inside the pane."""
    size, away = text_size(text), point - other
    length = max(float(np.hypot(away.x(), away.y())), 1e-6)
    step_x, step_y = away.x() / length, away.y() / length
    middle = point + QPointF(step_x * (size.width() / 2 + 6), step_y * (size.height() / 2 + 6))
    left = min(max(middle.x() - size.width() / 2, 0.0), view.width - size.width())
    top = min(max(middle.y() - size.height() / 2, 0.0), view.height - size.height())
    return QRectF(QPointF(left, top), size)
