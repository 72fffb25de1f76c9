"""Drawing boxes: a line style for who says so, a colour for what came of it, a label outside."""

from collections.abc import Callable, Sequence
from functools import reduce

from PySide6.QtCore import QLineF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from lungview.domain.finding import ReviewState, Source
from lungview.ui import theme
from lungview.ui.panes.marks import BoxMark
from lungview.ui.panes.text import casing, draw_text, text_size
from lungview.ui.panes.view import View

LINE = 2.0
THIN_LINE = 1.0
_DASHES = [5.0, 3.0]
_BRACKET = 10.0
"""Length of the corner brackets around a selected box, px."""
_BRACKET_GAP = 5.0
_LABEL_GAP = 3.0


def mark_colour(mark: BoxMark) -> str:
    """The colour of a mark: what the reader made of it, else who says so."""
    if mark.review is ReviewState.DISMISSED:
        return theme.Mark.DISMISSED
    if mark.review is ReviewState.ACCEPTED:
        return theme.Mark.ACCEPTED
    return theme.Mark.AI if mark.source is Source.AI else theme.Mark.READER


class MarkOverlay:
    """Paints the boxes that a function names for the slice being shown."""

    def __init__(self, marks: Callable[[], Sequence[BoxMark]], *, has_labels: bool = True) -> None:
        self._marks = marks
        self._has_labels = has_labels

    def paint(self, painter: QPainter, view: View) -> None:
        """Paint lines first, then labels, so that no line crosses a label."""
        placed = [(mark, view.box_rect(mark.box)) for mark in self._marks()]
        placed = [(mark, rect) for mark, rect in placed if rect.adjusted(-1, -1, 1, 1).intersects(view.rect)]
        if not placed:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for mark, rect in placed:
            _paint_box(painter, mark, rect)
        selected = [rect for mark, rect in placed if mark.is_selected]
        emphasis = _around(selected) if selected else None
        if emphasis is not None:
            _paint_brackets(painter, emphasis)
        if self._has_labels:
            _paint_labels(painter, placed, view.rect, emphasis)


def _paint_box(painter: QPainter, mark: BoxMark, rect: QRectF) -> None:
    width = THIN_LINE if mark.review is ReviewState.DISMISSED else LINE
    if width > THIN_LINE:
        painter.setPen(_pen(casing(), width + 2))
        painter.drawRect(rect)
    pen = _pen(QColor(mark_colour(mark)), width)
    if mark.source is Source.AI:
        pen.setDashPattern(_DASHES)
    painter.setPen(pen)
    painter.drawRect(rect)


def _around(rects: Sequence[QRectF]) -> QRectF:
    """Where the brackets of the selected lesion stand: a little outside all its boxes."""
    return reduce(QRectF.united, rects).adjusted(-_BRACKET_GAP, -_BRACKET_GAP, _BRACKET_GAP, _BRACKET_GAP)


def _paint_brackets(painter: QPainter, outer: QRectF) -> None:
    """Emphasise the selected lesion by its corners."""
    lines = _brackets(outer)
    for pen in (_pen(QColor(theme.DARK.image), LINE + 2), _pen(QColor(theme.DARK.text), LINE)):
        painter.setPen(pen)
        painter.drawLines(lines)


def _pen(colour: QColor, width: float) -> QPen:
    return QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.MiterJoin)


def _brackets(outer: QRectF) -> list[QLineF]:
    """The four corners of a rectangle, short enough not to close it."""
    across, down = min(_BRACKET, outer.width() / 4), min(_BRACKET, outer.height() / 4)
    corners = (
        (outer.topLeft(), across, down),
        (outer.topRight(), -across, down),
        (outer.bottomLeft(), across, -down),
        (outer.bottomRight(), -across, -down),
    )
    return [QLineF(corner, corner + step) for corner, x, y in corners for step in (QPointF(x, 0), QPointF(0, y))]


def _paint_labels(
    painter: QPainter, placed: Sequence[tuple[BoxMark, QRectF]], area: QRectF, emphasis: QRectF | None
) -> None:
    """Labels of the selected lesion stand outside its brackets, and come first where room is short."""
    taken: list[QRectF] = []
    for mark, rect in sorted(placed, key=lambda each: not each[0].is_selected):
        if not mark.label:
            continue
        own = emphasis if mark.is_selected and emphasis is not None else rect
        others = [other for each, other in placed if each is not mark]
        spot = label_place(own, text_size(mark.label), area, [*others, *taken])
        taken.append(spot)
        draw_text(painter, spot.topLeft(), mark.label, mark_colour(mark))


def label_place(box: QRectF, size: QSizeF, area: QRectF, obstacles: Sequence[QRectF]) -> QRectF:
    """Return where a label of a size stands: outside its box, inside the area, and off the obstacles where it can.

    A box that leaves no room outside itself (it fills the area) has its label inside the area's nearest edge.
    """
    above, below = box.top() - _LABEL_GAP - size.height(), box.bottom() + _LABEL_GAP
    beside = box.right() + _LABEL_GAP, box.left() - _LABEL_GAP - size.width()
    corners = [
        (box.left(), above),
        (box.left(), below),
        (box.right() - size.width(), above),
        (box.right() - size.width(), below),
        (beside[0], box.top()),
        (beside[1], box.top()),
    ]
    held = [_held(QRectF(QPointF(*corner), size), area) for corner in corners]
    outside = [spot for spot in held if not spot.intersects(box)]
    free = [spot for spot in outside if not any(spot.intersects(other) for other in obstacles)]
    return (free or outside or held)[0]


def _held(spot: QRectF, area: QRectF) -> QRectF:
    """Move a label into an area."""
    left = min(max(spot.left(), area.left()), area.right() - spot.width())
    top = min(max(spot.top(), area.top()), area.bottom() - spot.height())
    return QRectF(QPointF(left, top), spot.size())
