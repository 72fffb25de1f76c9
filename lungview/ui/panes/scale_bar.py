"""A bar of known length over an enlarged slice."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter

from lungview.ui import theme
from lungview.ui.panes.text import draw_text, text_size
from lungview.ui.panes.view import View

LENGTHS_MM = (1, 2, 5, 10, 20, 50, 100)
_LONGEST = 0.35
"""Most of the pane's width that the bar may take."""


def bar_length_mm(px_per_mm: float, width: float) -> int:
    """The longest round length that takes no more than a third of a pane's width."""
    fitting = [length for length in LENGTHS_MM if length * px_per_mm <= width * _LONGEST]
    return fitting[-1] if fitting else LENGTHS_MM[0]


class ScaleBar:
    """Paints a bar with its length at the bottom right. column_mm: distance between columns, None where unknown."""

    def __init__(self, column_mm: Callable[[], float | None]) -> None:
        self._column_mm = column_mm

    def paint(self, painter: QPainter, view: View) -> None:
        """Paint the bar."""
        column_mm = self._column_mm()
        if not column_mm:
            return
        px_per_mm = view.scale_x / column_mm
        length = bar_length_mm(px_per_mm, view.width)
        inset = theme.Space.INSIDE
        bar = QRectF(view.width - inset - length * px_per_mm, view.height - inset - 3, length * px_per_mm, 3)
        painter.fillRect(bar.adjusted(-1, -1, 1, 1), QColor(theme.DARK.image))
        painter.fillRect(bar, QColor(theme.DARK.text))
        text = f"{length} mm"
        size = text_size(text)
        draw_text(painter, QPointF(bar.right() - size.width(), bar.top() - size.height()), text)
