"""Icons drawn from the Phosphor font (MIT) that qtawesome ships.

The font is loaded by itself: importing qtawesome costs more than the whole first paint may.
"""

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPainter, QPixmap

from lungview.ui.theme import Palette, Size

_RATIOS = (1.0, 2.0)
"""Pixel ratios drawn ahead, so that icons stay sharp on dense screens."""


@cache
def _font_family() -> str:
    """The loaded font's family, "" where qtawesome is incomplete; buttons then show their text."""
    files = sorted(_fonts_folder().glob("phosphor-[0-9]*.ttf"))
    number = QFontDatabase.addApplicationFont(str(files[-1])) if files else -1
    families = QFontDatabase.applicationFontFamilies(number) if number >= 0 else []
    return families[0] if families else ""


@cache
def _glyphs() -> dict[str, str]:
    """Icon name -> its character."""
    files = sorted(_fonts_folder().glob("phosphor-charmap-*.json"))
    codes: dict[str, str] = json.loads(files[-1].read_text(encoding="utf-8")) if files else {}
    return {name: chr(int(code, 16)) for name, code in codes.items()}


def _fonts_folder() -> Path:
    found = find_spec("qtawesome")
    return Path(found.origin).parent / "fonts" if found and found.origin else Path()


def pixmap(name: str, colour: str | QColor, size_px: int = Size.ICON, ratio: float = 1.0) -> QPixmap:
    """One icon as a picture of size_px, empty where the icon is not known."""
    made = QPixmap(round(size_px * ratio), round(size_px * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    glyph, family = _glyphs().get(name, ""), _font_family()
    if not glyph or not family:
        return made
    glyph_font = QFont(family)
    glyph_font.setPixelSize(size_px)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
    painter.setFont(glyph_font)
    painter.setPen(QColor(colour))
    painter.drawText(QRect(0, 0, size_px, size_px), Qt.AlignmentFlag.AlignCenter, glyph)
    painter.end()
    return made


def icon(name: str, colours: Palette, size_px: int = Size.ICON, *, on_colour: str = "") -> QIcon:
    """An icon in a scheme's text colour, the accent where checked, faint where disabled.

    on_colour: the colour where checked, in place of the accent.
    """
    made = QIcon()
    if not _font_family():
        return made
    tones = (
        (QIcon.Mode.Normal, QIcon.State.Off, colours.text),
        (QIcon.Mode.Normal, QIcon.State.On, on_colour or colours.accent),
        (QIcon.Mode.Disabled, QIcon.State.Off, colours.line),
        (QIcon.Mode.Disabled, QIcon.State.On, colours.line),
    )
    for ratio in _RATIOS:
        for mode, state, colour in tones:
            made.addPixmap(pixmap(name, colour, size_px, ratio), mode, state)
    return made
