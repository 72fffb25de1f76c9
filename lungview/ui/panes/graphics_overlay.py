"""The graphics of the file's own over its slice."""

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from lungview.domain.graphics import SliceGraphics
from lungview.ui import theme
from lungview.ui.display_state import DisplayState
from lungview.ui.panes.view import View
from lungview.ui.state import ViewerState


class GraphicsOverlay:
    """Lays the graphics of the current slice over it, in one colour. Over a slab too: they belong to its middle."""

    def __init__(self, state: ViewerState, display: DisplayState) -> None:
        self._state, self._display = state, display
        self._drawn: SliceGraphics | None = None
        self._picture = QImage()

    def paint(self, painter: QPainter, view: View) -> None:
        """Paint them, where they are wanted and there."""
        graphics = self._state.graphics.get(self._state.slice_index)
        if graphics is None or not self._display.shows_graphics or self._state.volume is None:
            return
        if graphics is not self._drawn:
            self._drawn, self._picture = graphics, _picture_of(graphics)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        whole = QRectF(view.to_pane(0, 0), view.to_pane(graphics.columns, graphics.rows))
        painter.drawImage(whole, self._picture)


def _picture_of(graphics: SliceGraphics) -> QImage:
    """Clear but where something is drawn."""
    colour = np.uint32(QColor(theme.Mark.GRAPHICS).rgba())
    pixels = np.where(graphics.mask, colour, np.uint32(0))
    rows, columns = pixels.shape
    return QImage(pixels.data, columns, rows, columns * 4, QImage.Format.Format_ARGB32_Premultiplied).copy()
