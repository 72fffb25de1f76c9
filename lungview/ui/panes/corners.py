"""Drawing the corner text and the orientation letters."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QPainter

from lungview.domain.geometry import OrientationLetters
from lungview.ui import theme
from lungview.ui.panes.corner_text import CornerText
from lungview.ui.panes.text import draw_text, line_height, shortened, text_size
from lungview.ui.panes.view import View


class CornerOverlay:
    """Paints lines in the corners, each cut before it would run into the one across from it."""

    def __init__(self, text: Callable[[View], CornerText]) -> None:
        self._text = text

    def paint(self, painter: QPainter, view: View) -> None:
        """Paint all four corners."""
        text = self._text(view)
        area = view.rect.adjusted(theme.Space.INSIDE, theme.Space.INSIDE, -theme.Space.INSIDE, -theme.Space.INSIDE)
        bottom = area.bottom() - line_height()
        self._column(painter, area, text.top_left, area.top(), is_right=False)
        self._column(painter, area, text.top_right, area.top(), is_right=True)
        left_top = bottom - line_height() * (len(text.bottom_left) - 1)
        right_top = bottom - line_height() * (len(text.bottom_right) - 1)
        self._column(painter, area, text.bottom_left, left_top, is_right=False)
        self._column(painter, area, text.bottom_right, right_top, is_right=True)

    @staticmethod
    def _column(painter: QPainter, area: QRectF, lines: Sequence[str], top: float, *, is_right: bool) -> None:
        room = area.width() / 2 - theme.Space.INSIDE
        for row, line in enumerate(lines):
            shown = shortened(line, room)
            left = area.right() - text_size(shown).width() if is_right else area.left()
            draw_text(painter, QPointF(left, top + row * line_height()), shown)


def bottom_left_area(view: View, lines: int) -> QRect:
    """The part of a pane that the lowest lines of its left corner cover, for repainting no more than that."""
    height = round(lines * line_height()) + theme.Space.INSIDE * 2
    return QRect(0, round(view.height) - height, round(view.width / 2), height)


class LettersOverlay:
    """Paints the patient's directions in the middle of the edges."""

    def __init__(self, letters: Callable[[], OrientationLetters | None]) -> None:
        self._letters = letters

    def paint(self, painter: QPainter, view: View) -> None:
        """Paint up to four letters."""
        letters = self._letters()
        if letters is None:
            return
        inset, middle = theme.Space.INSIDE, view.rect.center()
        for letter, x, y in (
            (letters.left, 0.0, 0.5),
            (letters.right, 1.0, 0.5),
            (letters.top, 0.5, 0.0),
            (letters.bottom, 0.5, 1.0),
        ):
            size = text_size(letter, theme.Size.FONT)
            left = inset + x * (view.width - 2 * inset - size.width()) if x != 0.5 else middle.x() - size.width() / 2
            top = inset + y * (view.height - 2 * inset - size.height()) if y != 0.5 else middle.y() - size.height() / 2
            draw_text(painter, QPointF(left, top), letter, size=theme.Size.FONT)
