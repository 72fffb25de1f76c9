"""Transfer syntaxes: how a file's elements and pixels are encoded (DICOM PS3.5, section 10)."""

from enum import StrEnum
from typing import Final

IMPLICIT_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"

GE_PRIVATE: Final = "1.2.840.113619.5.2"
"""Implicit little-endian elements, but big-endian pixels; of old GE scanners."""
FRAMED: Final = "1.2.840.10008.1.2.1.98"
"""Plain pixels, but each frame an item of its own."""
DEFLATED_FRAMES: Final = "1.2.840.10008.1.2.8.1"

WITHOUT_VR: Final = frozenset({IMPLICIT_LITTLE_ENDIAN, GE_PRIVATE})
"""Syntaxes whose elements do not say what kind of value they hold."""

PLAIN_ONCE_UNPACKED: Final = frozenset({IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN, DEFLATED})
"""Syntaxes whose pixels are little-endian cells one after the other, once the file or its data set is unpacked."""

_NAMES: Final = {
    IMPLICIT_LITTLE_ENDIAN: "implicit little endian",
    EXPLICIT_LITTLE_ENDIAN: "explicit little endian",
    DEFLATED: "deflated",
    BIG_ENDIAN: "big endian",
    GE_PRIVATE: "big endian of GE",
    FRAMED: "plain frames",
    DEFLATED_FRAMES: "deflated frames",
    "1.2.840.10008.1.2.5": "RLE",
    "1.2.840.10008.1.2.4.50": "JPEG baseline",
    "1.2.840.10008.1.2.4.51": "JPEG extended",
    "1.2.840.10008.1.2.4.53": "JPEG spectral selection",
    "1.2.840.10008.1.2.4.55": "JPEG full progression",
    "1.2.840.10008.1.2.4.57": "JPEG lossless",
    "1.2.840.10008.1.2.4.70": "JPEG lossless",
    "1.2.840.10008.1.2.4.80": "JPEG-LS lossless",
    "1.2.840.10008.1.2.4.81": "JPEG-LS",
    "1.2.840.10008.1.2.4.90": "JPEG 2000 lossless",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.201": "HTJ2K lossless",
    "1.2.840.10008.1.2.4.202": "HTJ2K lossless",
    "1.2.840.10008.1.2.4.203": "HTJ2K",
    "1.2.840.10008.1.2.4.110": "JPEG XL lossless",
    "1.2.840.10008.1.2.4.111": "JPEG XL",
    "1.2.840.10008.1.2.4.112": "JPEG XL",
    "1.2.840.10008.1.2.4.52": "arithmetic JPEG extended",
    "1.2.840.10008.1.2.4.92": "JPEG 2000 of several components",
    "1.2.840.10008.1.2.4.93": "JPEG 2000 of several components",
}

_PREFIX: Final = "1.2.840.10008.1.2."


class Codec(StrEnum):
    """Families of compression that are decoded here."""

    RLE = "rle"
    JPEG = "jpeg"
    JPEG_LS = "jpeg-ls"
    JPEG_2000 = "jpeg-2000"
    HTJ2K = "htj2k"
    JPEG_XL = "jpeg-xl"


_CODECS: Final = {
    _PREFIX + ending: codec
    for codec, endings in {
        Codec.RLE: ("5",),
        # The retired ones too: spectral selection, full progression and lossless of every kind, with arithmetic coding.
        Codec.JPEG: (*(f"4.{number}" for number in range(50, 67)), "4.70"),
        Codec.JPEG_LS: ("4.80", "4.81"),
        # Lossy HTJ2K goes to OpenJPEG, like JPEG 2000: OpenJPH, which reads the lossless kind three times as fast,
        # rounds otherwise than the decoder that most others use.
        Codec.JPEG_2000: ("4.90", "4.91", "4.92", "4.93", "4.203"),
        Codec.HTJ2K: ("4.201", "4.202"),
        Codec.JPEG_XL: ("4.110", "4.111", "4.112"),
    }.items()
    for ending in endings
}


def codec_of(transfer_syntax_uid: str) -> Codec | None:
    """Return the codec that reads a compressed transfer syntax, None where none here does."""
    return _CODECS.get(transfer_syntax_uid)


def name_of(transfer_syntax_uid: str) -> str:
    """Return a word for a transfer syntax that a reader may know, else its UID."""
    return _NAMES.get(transfer_syntax_uid, transfer_syntax_uid or "an unnamed encoding")


def is_encapsulated(transfer_syntax_uid: str) -> bool:
    """Whether frames are items of their own (DICOM PS3.5 A.4), compressed but for one syntax."""
    is_compressed = transfer_syntax_uid.startswith((_PREFIX + "4.", _PREFIX + "5"))
    return is_compressed or transfer_syntax_uid in {FRAMED, DEFLATED_FRAMES}


def is_video(transfer_syntax_uid: str) -> bool:
    """Whether pixels are an MPEG or HEVC stream, or a live one."""
    return transfer_syntax_uid.startswith((_PREFIX + "4.10", _PREFIX + "7."))


def is_elsewhere(transfer_syntax_uid: str) -> bool:
    """Whether a file names a server that keeps its pixels (JPIP)."""
    return transfer_syntax_uid in {_PREFIX + "4.94", _PREFIX + "4.95", _PREFIX + "4.204", _PREFIX + "4.205"}
