"""Text over images: light with a thin dark outline, figures of one width, drawn once and kept."""

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter

from lungview.ui import theme

_CASING_ALPHA = 110
_OUTLINE = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0)]


def casing() -> QColor:
    """A dark rim under lines, so that they are readable over white."""
    colour = QColor(theme.DARK.image)
    colour.setAlpha(_CASING_ALPHA)
    return colour


@lru_cache(maxsize=8)
def _metrics(size: int) -> QFontMetricsF:
    return QFontMetricsF(theme.font(size))


def text_size(text: str, size: int = theme.Size.CORNER_FONT) -> QSizeF:
    """What draw_text covers, px, outline included."""
    metrics = _metrics(size)
    return QSizeF(metrics.horizontalAdvance(text) + 2, metrics.height() + 2)


def line_height(size: int = theme.Size.CORNER_FONT) -> float:
    """Distance between lines, px."""
    return _metrics(size).lineSpacing()


@lru_cache(maxsize=256)
def shortened(text: str, width: float, size: int = theme.Size.CORNER_FONT) -> str:
    """The text, cut with an ellipsis where it is wider than width px."""
    return _metrics(size).elidedText(text, Qt.TextElideMode.ElideRight, max(width, 0.0))


def draw_text(
    painter: QPainter, at: QPointF, text: str, colour: str = theme.DARK.text, size: int = theme.Size.CORNER_FONT
) -> None:
    """Draw one outlined line with its top left corner at a point."""
    ratio = painter.device().devicePixelRatio()
    painter.drawImage(at.toPoint(), _line(text, colour, size, ratio))


@lru_cache(maxsize=256)
def _line(text: str, colour: str, size: int, ratio: float) -> QImage:
    """A line as a picture: an outline drawn anew in every frame would cost nine passes of each glyph."""
    area = text_size(text, size)
    pixels = QSizeF(area.width() * ratio + 1, area.height() * ratio + 1).toSize()
    picture = QImage(pixels, QImage.Format.Format_ARGB32_Premultiplied)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    base = QPointF(1, 1 + _metrics(size).ascent())
    with QPainter(picture) as painter:
        painter.setFont(theme.font(size))
        painter.setPen(QColor(theme.DARK.image))
        for x, y in _OUTLINE:
            painter.drawText(base + QPointF(x, y), text)
        painter.setPen(QColor(colour))
        painter.drawText(base, text)
    return picture


def draw_message(painter: QPainter, area: QRectF, text: str) -> None:
    """Write a quiet sentence in the middle of an area."""
    painter.setFont(theme.font())
    painter.setPen(QColor(theme.DARK.secondary_text))
    inset = theme.Space.AROUND
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    painter.drawText(area.adjusted(inset, inset, -inset, -inset), flags, text)
