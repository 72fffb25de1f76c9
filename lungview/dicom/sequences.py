"""Step over sequences of undefined length (DICOM PS3.5 section 7.5) without reading what is in them."""

from struct import Struct
from typing import Final

UNDEFINED: Final = 0xFFFFFFFF

_ITEM: Final = 0xE000FFFE
_ITEM_END: Final = 0xE00DFFFE
_SEQUENCE_END: Final = 0xE0DDFFFE
_MAX_DEPTH: Final = 32

_pair: Final = Struct("<II").unpack_from
_explicit: Final = Struct("<I2sH").unpack_from
_uint32: Final = Struct("<I").unpack_from

_LONG: Final = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})


class OddHeaderError(Exception):
    """Something that the fast parser does not read; pydicom may."""


def skip_undefined(data: bytes, position: int, *, is_implicit: bool, depth: int = 0) -> int:
    """Return the position after a sequence of undefined length whose first item begins at position.

    Raises struct.error where data end first, OddHeaderError where this is no sequence.
    """
    if depth > _MAX_DEPTH:
        raise OddHeaderError
    while True:
        tag, length = _pair(data, position)
        position += 8
        if tag == _SEQUENCE_END:
            return position
        if tag != _ITEM:
            raise OddHeaderError
        if length == UNDEFINED:
            position = _skip_item(data, position, is_implicit, depth)
        else:
            position += length


def _skip_item(data: bytes, position: int, is_implicit: bool, depth: int) -> int:
    """Return the position after an item of undefined length whose first element begins at position."""
    while True:
        tag, length = _pair(data, position)
        if tag == _ITEM_END:
            return position + 8
        inner_is_implicit = is_implicit
        if is_implicit:
            position += 8
        else:
            _, vr, length = _explicit(data, position)
            position += 8
            if vr in _LONG:
                (length,) = _uint32(data, position)
                position += 4
                inner_is_implicit = vr == b"UN"
        if length == UNDEFINED:
            position = skip_undefined(data, position, is_implicit=inner_is_implicit, depth=depth + 1)
        else:
            position += length
