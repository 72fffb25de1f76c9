"""Transfer syntaxes: how a file's elements and pixels are encoded (DICOM PS3.5, section 10)."""

from typing import Final

IMPLICIT_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE_ENDIAN: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"

UNCOMPRESSED_LITTLE_ENDIAN: Final = frozenset({IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN})

_NAMES: Final = {
    IMPLICIT_LITTLE_ENDIAN: "implicit little endian",
    EXPLICIT_LITTLE_ENDIAN: "explicit little endian",
    DEFLATED: "deflated",
    BIG_ENDIAN: "big endian",
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
}


def name_of(transfer_syntax_uid: str) -> str:
    """Return a word for a transfer syntax that a reader may know, else its UID."""
    return _NAMES.get(transfer_syntax_uid, transfer_syntax_uid or "an unnamed encoding")


def is_encapsulated(transfer_syntax_uid: str) -> bool:
    """Whether pixels are compressed frame by frame rather than plain."""
    return transfer_syntax_uid.startswith(("1.2.840.10008.1.2.4.", "1.2.840.10008.1.2.5"))


def is_video(transfer_syntax_uid: str) -> bool:
    """Whether pixels are an MPEG stream."""
    return transfer_syntax_uid.startswith("1.2.840.10008.1.2.4.10")
