"""What the Basic Profile does with each attribute (DICOM PS3.15 Table E.1-1), and with those that it does not name.

The table is dicom-anonymizer's, which keeps it up to date; its own walk is not used, since that stays at the top level
of a data set and leaves what nested sequences hold.
"""

from enum import StrEnum
from functools import lru_cache
from typing import Final

EDITION: Final = "2026c"
"""The standard's edition that the table was taken from."""


_FIRST_GROUP: Final = 0x0008
"""Groups before it are of commands, file meta information and directories."""


class Action(StrEnum):
    """What becomes of an attribute."""

    KEEP = "keep"
    REMOVE = "remove"
    EMPTY = "empty"
    """Zero length."""
    DUMMY = "dummy"
    """A value of its kind that says nothing."""
    UID = "uid"
    """Another UID, the same wherever this one stands."""
    DESCEND = "descend"
    """A sequence whose items are treated each for itself."""


_ACTION_OF: Final = {
    "D_TAGS": Action.DUMMY,
    "Z_TAGS": Action.EMPTY,
    "X_TAGS": Action.REMOVE,
    "U_TAGS": Action.UID,
    "Z_D_TAGS": Action.DUMMY,
    "X_Z_TAGS": Action.EMPTY,
    "X_D_TAGS": Action.DUMMY,
    "X_Z_D_TAGS": Action.DUMMY,
    "X_Z_U_STAR_TAGS": Action.DESCEND,
}
"""Where the table leaves a choice to what an object's definition asks for, the one that always conforms is taken."""

_NUMBERS: Final = frozenset(("AT", "DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "US or SS", "UV", "CS"))
"""Kinds of value that the profile keeps where its table does not name them: numbers, tags and coded words."""

_TECHNICAL: Final = frozenset(
    (
        0x00080005,  # Specific Character Set
        0x00080070,  # Manufacturer
        0x00081090,  # Manufacturer's Model Name
        0x00181020,  # Software Versions
        0x00181210,  # Convolution Kernel
        0x00181160,  # Filter Type
        0x00281054,  # Rescale Type
        0x00281055,  # Window Centre and Width Explanation
        0x00283003,  # LUT Explanation
        0x00080100,  # Code Value
        0x00080102,  # Coding Scheme Designator
        0x00080103,  # Coding Scheme Version
        0x00080104,  # Code Meaning
        0x00209056,  # Stack ID
        0x00209421,  # Dimension Description Label
    )
)
"""Words that tell of the scanner and the picture. No other text is copied, though the table names not all."""

_PIXELS: Final = frozenset(
    (
        0x7FE00008, 0x7FE00009, 0x7FE00010,  # Float, Double Float and plain Pixel Data
        0x00281201, 0x00281202, 0x00281203, 0x00281204,  # palettes
        0x00281221, 0x00281222, 0x00281223,
        0x00283006,  # LUT Data
    )
)  # fmt: skip
"""The only bytes without structure that are kept."""

_PUBLIC_UIDS: Final = frozenset((0x0008010C, 0x0008010D))
"""Coding Scheme UID and Context Group Extension Creator UID name what everyone shares."""


def action_for(tag: int, kind: str) -> Action:
    """What becomes of an attribute. kind: its value representation (PS3.5 6.2)."""
    group = tag >> 16
    if group % 2 == 1 or tag & 0xFFFF == 0 or group < _FIRST_GROUP:
        return Action.REMOVE  # private attributes, lengths of groups, and what belongs to no data set
    if tag in _PIXELS:
        return Action.KEEP
    named = _table().get(tag) or _repeating(tag)
    if named is not None:
        return named
    if kind == "SQ":
        return Action.DESCEND
    if kind == "UI":
        return Action.KEEP if tag in _PUBLIC_UIDS else Action.UID
    return Action.KEEP if kind in _NUMBERS or tag in _TECHNICAL else Action.REMOVE


def named_tags() -> dict[int, Action]:
    """Every attribute that the table names by a single tag."""
    return dict(_table())


@lru_cache(maxsize=1)
def _rules() -> tuple[dict[int, Action], tuple[tuple[int, int, Action], ...]]:
    from dicomanonymizer.dicomfields_selector import dicom_anonymization_database_selector

    single: dict[int, Action] = {}
    ranges: list[tuple[int, int, Action]] = []
    for name, tags in dicom_anonymization_database_selector(f"dicomfields_{EDITION}").items():
        if name not in _ACTION_OF:
            continue
        for tag in tags:
            value = (tag[0] << 16) | tag[1]
            if len(tag) == 2:
                single[value] = _ACTION_OF[name]
            else:
                ranges.append((value, (tag[2] << 16) | tag[3], _ACTION_OF[name]))
    return single, tuple(ranges)


def _table() -> dict[int, Action]:
    return _rules()[0]


def _repeating(tag: int) -> Action | None:
    """Groups that come in numbers: curves (50xx) and overlays (60xx)."""
    return next((action for value, mask, action in _rules()[1] if tag & mask == value & mask), None)
