"""The only owner of colours, sizes and fonts; style_sheet.py makes Qt's rules of them."""

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication


class Scheme(StrEnum):
    """Which set of interface colours."""

    DARK = "dark"
    LIGHT = "light"


@dataclass(frozen=True, slots=True)
class Palette:
    """Interface colours, as #rrggbb."""

    window: str
    panel: str
    raised: str
    line: str
    text: str
    secondary_text: str
    accent: str
    image: str = "#000000"
    on_accent: str = "#ffffff"


DARK = Palette("#1b1d21", "#23262b", "#2c3036", "#3a3f47", "#e6e8eb", "#9aa3ad", "#4c9be8", on_accent="#0d1117")
LIGHT = Palette("#eceef1", "#f7f8fa", "#ffffff", "#c9ced6", "#1b1d21", "#5a636e", "#1f6fbf")


class Mark:
    """Colours of marks on the slice, from the Okabe-Ito set, which stays apart for colour-blind readers."""

    READER = "#56b4e9"
    AI = "#e69f00"
    ACCEPTED = "#009e73"
    DISMISSED = "#8a929c"
    MEASUREMENT = "#f0e442"
    GRAPHICS = "#cc79a7"
    """What the file itself lays over its slice."""
    TROUBLE = "#d55e00"


ATTENTION_RAMP = ("#1c0f3f", "#56217a", "#9c2f8f", "#d9568a", "#f4958f", "#fde3d0")
"""Attention from none to most: lightness only grows, so that it reads without hue, and no colour is a mark's."""


class Space:
    """Spacing in px, steps of 4."""

    TIGHT = 4
    INSIDE = 8
    BETWEEN = 12
    AROUND = 16


class Size:
    """Sizes of text, icons and fixed parts in px."""

    FONT = 13
    SMALL_FONT = 12
    CORNER_FONT = 12
    HEADING_FONT = 18
    ICON = 18
    RADIUS = 4
    TITLE_ROW = 28
    TOOLBAR = 46
    STRIP_THUMBNAIL = 56
    FINDING_THUMBNAIL = 36
    PROMPT = 360


def palette_of(scheme: Scheme) -> Palette:
    """The interface colours of a scheme."""
    return LIGHT if scheme is Scheme.LIGHT else DARK


def current_palette() -> Palette:
    """The interface colours in use, for widgets that paint themselves."""
    app = QApplication.instance()
    return palette_of(Scheme(str(app.property("lungview_scheme") or Scheme.DARK))) if app is not None else DARK


def apply(app: QApplication, scheme: Scheme) -> None:
    """Dress the whole program in a scheme; costly with many widgets, so nothing is done where it is worn already."""
    from lungview.ui.style_sheet import style_sheet  # which is made of this module's colours and sizes

    if app.property("lungview_scheme") == scheme.value:
        return
    app.setProperty("lungview_scheme", scheme.value)
    app.setStyle("Fusion")
    app.setPalette(qt_palette(palette_of(scheme)))
    app.setFont(font())
    app.setStyleSheet(style_sheet(palette_of(scheme)))


def font(size_px: int = Size.FONT, *, is_bold: bool = False) -> QFont:
    """The system's font at a size, with figures of equal width."""
    made = QFont()
    made.setPixelSize(size_px)
    made.setBold(is_bold)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def qt_palette(colours: Palette) -> QPalette:
    """The colours for the parts that Qt paints by itself."""
    made = QPalette()
    roles = {
        QPalette.ColorRole.Window: colours.window,
        QPalette.ColorRole.WindowText: colours.text,
        QPalette.ColorRole.Base: colours.panel,
        QPalette.ColorRole.AlternateBase: colours.raised,
        QPalette.ColorRole.Text: colours.text,
        QPalette.ColorRole.Button: colours.raised,
        QPalette.ColorRole.ButtonText: colours.text,
        QPalette.ColorRole.BrightText: colours.text,
        QPalette.ColorRole.ToolTipBase: colours.raised,
        QPalette.ColorRole.ToolTipText: colours.text,
        QPalette.ColorRole.PlaceholderText: colours.secondary_text,
        QPalette.ColorRole.Highlight: colours.accent,
        QPalette.ColorRole.HighlightedText: colours.on_accent,
        QPalette.ColorRole.Link: colours.accent,
        QPalette.ColorRole.Mid: colours.line,
        QPalette.ColorRole.Dark: colours.line,
    }
    for role, colour in roles.items():
        made.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.Text, QPalette.ColorRole.WindowText, QPalette.ColorRole.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, mixed(colours.secondary_text, colours.panel, 0.55))
    return made


def mixed(front: str, back: str, share: float) -> QColor:
    """The colour of front laid over back; share of front in [0, 1]."""
    a, b = QColor(front), QColor(back)
    return QColor.fromRgbF(*(x * share + y * (1 - share) for x, y in zip(_rgb(a), _rgb(b), strict=True)))


def legible(mark: str) -> QColor:
    """A mark's colour as text on a panel: darker in the light scheme, where sky blue and orange are too pale."""
    colours = current_palette()
    return mixed(mark, colours.text, 0.6) if colours is LIGHT else QColor(mark)


def _rgb(colour: QColor) -> tuple[float, float, float]:
    return colour.redF(), colour.greenF(), colour.blueF()
