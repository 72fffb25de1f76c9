"""What dragging over a slice does; settings know it before the display is there."""

from enum import StrEnum


class MouseScheme(StrEnum):
    """What dragging over a slice does."""

    STANDARD = "standard"
    """Left drag is the window, right drag the zoom."""
    PACS = "pacs"
    """Right drag is the window, left drag the zoom."""
