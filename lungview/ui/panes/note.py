"""A sentence over a slice."""

from collections.abc import Callable

from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter

from lungview.ui import theme
from lungview.ui.panes.text import draw_text, shortened
from lungview.ui.panes.view import View


class NoteOverlay:
    """Writes the sentence that a function gives at the top left; nothing where it gives none."""

    def __init__(self, note: Callable[[], str]) -> None:
        self._note = note

    def paint(self, painter: QPainter, view: View) -> None:
        """Write it."""
        note, inset = self._note(), float(theme.Space.INSIDE)
        if note:
            draw_text(painter, QPointF(inset, inset), shortened(note, view.width - 2 * inset))
