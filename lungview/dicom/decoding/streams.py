"""Look at a compressed stream's own marks: whether it is whole, and whether it names its colours.

JPEG: ITU-T T.81 annex B. JPEG 2000 and HTJ2K: ITU-T T.800 annex A.
"""

from struct import Struct
from struct import error as StructError  # noqa: N812 - the standard library's own lower-case name says too little
from typing import Final

_TAIL: Final = 4096
"""Bytes of padding that may follow a stream's end."""
_END: Final = b"\xff\xd9"
_ADOBE: Final = b"\xff\xee\x00\x0eAdobe"
_J2K_START: Final = b"\xff\x4f"
_JP2_CODE_STREAM: Final = b"jp2c"
_TILE_PART: Final = 0xFF90
_J2K_END: Final = 0xFFD9

_uint16: Final = Struct(">H").unpack_from
_uint32: Final = Struct(">I").unpack_from


def is_whole_jpeg(data: bytes) -> bool:
    """Whether a JPEG or JPEG-LS stream's end is there: entropy-coded data hold no such mark."""
    return _END in data[-_TAIL:]


def names_its_colours(data: bytes) -> bool:
    """Whether a JPEG stream itself says, by a JFIF or a whole Adobe mark, which colours it holds."""
    head = data[:_TAIL]
    return b"JFIF\0" in head or _ADOBE in head


def is_whole_j2k(data: bytes) -> bool:
    """Whether every tile part of a JPEG 2000 code stream is there, and its end."""
    try:
        return _ends_j2k(data, _start_of_j2k(data))
    except (StructError, ValueError):  # shorter than its marks say
        return False


def _start_of_j2k(data: bytes) -> int:
    """Where the first mark after the start of the code stream is; its box is found in files of the JP2 form."""
    if data[:2] == _J2K_START:
        return 2
    return data[:_TAIL].index(_JP2_CODE_STREAM) + 6


def _ends_j2k(data: bytes, position: int) -> bool:
    while True:
        (mark,) = _uint16(data, position)
        if mark == _J2K_END:
            return True
        if mark != _TILE_PART:
            (length,) = _uint16(data, position + 2)
            position += 2 + max(length, 2)
            continue
        (length,) = _uint32(data, position + 6)
        if length == 0:  # the last one, up to the end
            return _END in data[-_TAIL:]
        position += max(length, 12)
