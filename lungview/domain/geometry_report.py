"""How the slices of a stack were ordered and what was odd about them: data, so that windows and scripts word it."""

from dataclasses import dataclass
from enum import StrEnum


class OrderRule(StrEnum):
    """What the order of slices rests on, best first."""

    POSITION = "position along the normal"
    SLICE_LOCATION = "slice location"
    INSTANCE_NUMBER = "instance number"
    FRAME_NUMBER = "frame number"
    FILE_NAME = "file name"


class GeometryIssue(StrEnum):
    """What can be odd about a stack."""

    GAP = "gap"
    DUPLICATE_POSITION = "duplicate-position"
    TILT = "tilt"
    MIXED_SPACING = "mixed-spacing"
    """Spacing between slices varies throughout, not at single gaps."""
    MIXED_PIXEL_SPACING = "mixed-pixel-spacing"
    MIXED_ORIENTATION = "mixed-orientation"
    MIXED_SIZE = "mixed-size"
    MISSING_POSITION = "missing-position"
    MISSING_PIXEL_SPACING = "missing-pixel-spacing"
    NON_SQUARE_PIXELS = "non-square-pixels"
    SPLIT_ACQUISITIONS = "split-acquisitions"
    """The series held several acquisitions at the same positions; this stack is one of them."""
    IMPLAUSIBLE_THICKNESS = "implausible-thickness"
    THICKNESS_DIFFERS = "thickness-differs"
    """Slices overlap, or leave tissue between them unseen."""
    FEET_FIRST = "feet-first"
    PADDING = "padding"
    OVERLAY = "overlay"
    """Graphics that come with the slices are not drawn."""


@dataclass(frozen=True, slots=True)
class GeometryNote:
    """One oddity: what, where, and what was done about it.

    slices: indices concerned in the stack's order, empty where it concerns all. value: the number behind it
    (mm, degrees or a count, as the message says), None where there is none.
    """

    issue: GeometryIssue
    message: str
    slices: tuple[int, ...] = ()
    value: float | None = None


@dataclass(frozen=True, slots=True)
class GeometryReport:
    """How a stack was ordered, its spacing in mm where known, and what was odd."""

    order_rule: OrderRule
    spacing_mm: float | None
    tilt_degrees: float
    notes: tuple[GeometryNote, ...] = ()
