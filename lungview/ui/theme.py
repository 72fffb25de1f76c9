"""The only owner of colours, sizes and fonts."""

from dataclasses import dataclass
from enum import StrEnum


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


DARK = Palette("#1b1d21", "#23262b", "#2c3036", "#3a3f47", "#e6e8eb", "#9aa3ad", "#4c9be8")
LIGHT = Palette("#eceef1", "#f7f8fa", "#ffffff", "#c9ced6", "#1b1d21", "#5a636e", "#1f6fbf")


class Mark:
    """Colours of marks on the slice, from the Okabe-Ito set, which stays apart for colour-blind readers."""

    READER = "#56b4e9"
    AI = "#e69f00"
    ACCEPTED = "#009e73"
    DISMISSED = "#8a929c"
    MEASUREMENT = "#f0e442"
    TROUBLE = "#d55e00"


class Space:
    """Spacing in px, steps of 4."""

    INSIDE = 8
    BETWEEN = 12
    AROUND = 16


class Size:
    """Sizes of text and icons in px."""

    FONT = 13
    CORNER_FONT = 12
    ICON = 18
