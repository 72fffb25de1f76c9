"""The attention map over a slice, with a legend that says what it is."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from lungview.domain.arrays import FloatArray
from lungview.ui import theme
from lungview.ui.panes.text import draw_text, line_height, text_size
from lungview.ui.panes.view import View
from lungview.ui.state import ViewerState

LEGEND = "Attention: where the model looked"
_LEAST, _MOST = "little", "much"
_ALPHA = 0.7
"""How much of the slice the most attended places hide."""
_BAR = (120.0, 8.0)


@lru_cache(maxsize=1)
def attention_colours() -> NDArray[np.uint32]:
    """(256,) premultiplied ARGB for attention 0 to 1; the less attention, the clearer, and none is not drawn."""
    anchors = [QColor(name) for name in theme.ATTENTION_RAMP]
    at = np.linspace(0, 255, len(anchors))
    alpha = np.arange(256) / 255 * _ALPHA
    channels = [
        np.interp(np.arange(256), at, [part(colour) for colour in anchors])
        for part in (QColor.red, QColor.green, QColor.blue)
    ]
    red, green, blue = (np.rint(channel * alpha).astype(np.int64) for channel in channels)
    packed = np.rint(alpha * 255).astype(np.int64) << 24 | red << 16 | green << 8 | blue
    return packed.astype(np.uint32)


def missing_attention(state: ViewerState) -> str:
    """Why there is no attention map of the current slice, "" where there is one."""
    answer = state.detections.get(state.slice_index)
    if answer is not None and answer.attention is not None:
        return ""
    if state.is_ai_withheld:
        return "Shown once you have committed your read"
    if state.stack is None:
        return "Open a series to see where the model looks"
    if not state.stack.is_detectable:
        return "The model reads CT slices only; this series has none"
    if state.model is not None and not state.model.has_attention:
        return "This model has no attention map; choose another in the Model menu"
    return "The model has not answered for this slice yet"


class AttentionOverlay:
    """Lays the attention map of the current slice over it."""

    def __init__(self, state: ViewerState) -> None:
        self._state = state
        self.is_shown = False
        self.has_legend = True
        self._map: FloatArray | None = None
        self._colours = np.zeros((1, 1), dtype=np.uint32)
        self._picture = QImage()

    def paint(self, painter: QPainter, view: View) -> None:
        """Paint the map and its legend."""
        volume = self._state.volume
        if not self.is_shown or volume is None:
            return
        answer = self._state.detections.get(self._state.slice_index)
        if answer is not None and answer.attention is not None:
            self._take(answer.attention)
            rows, columns = volume.voxels.shape[1:3]
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(view.to_pane(0, 0), view.to_pane(columns, rows)), self._picture)
        if self.has_legend:
            paint_legend(painter, view.rect, missing_attention(self._state))

    def _take(self, attention: FloatArray) -> None:
        """Colour a map, once."""
        if attention is self._map:
            return
        levels = np.clip(np.nan_to_num(attention) * 255, 0, 255).astype(np.uint8)
        self._map, self._colours = attention, np.ascontiguousarray(attention_colours()[levels])
        height, width = self._colours.shape
        self._picture = QImage(self._colours.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied)


def paint_legend(painter: QPainter, area: QRectF, missing: str = "") -> None:
    """Write what the colours mean at the bottom of an area, or why there are none."""
    text = missing or LEGEND
    size = text_size(text)
    width, height = _BAR
    bottom = area.bottom() - theme.Space.AROUND - line_height()
    middle = area.center().x()
    top = bottom - size.height() if missing else bottom - size.height() - height - theme.Space.TIGHT
    draw_text(painter, QPointF(max(middle - size.width() / 2, area.left()), top), text)
    if missing:
        return
    bar = QRectF(middle - width / 2, bottom - height, width, height)
    painter.drawImage(bar, _ramp())
    end = bar.top() + height / 2 - line_height() / 2
    draw_text(painter, QPointF(bar.left() - theme.Space.TIGHT - text_size(_LEAST).width(), end), _LEAST)
    draw_text(painter, QPointF(bar.right() + theme.Space.TIGHT, end), _MOST)


@lru_cache(maxsize=1)
def _ramp() -> QImage:
    """The colours from little to much, opaque."""
    anchors = theme.ATTENTION_RAMP
    picture = QImage(len(anchors), 1, QImage.Format.Format_RGB32)
    for column, name in enumerate(anchors):
        picture.setPixelColor(column, 0, QColor(name))
    return picture.scaled(256, 1, mode=Qt.TransformationMode.SmoothTransformation)
