"""Undo gzip and the deflated transfer syntax, within bounds: a small file must not fill the memory."""

import zlib
from typing import Final

from lungview.dicom import syntaxes
from lungview.dicom.header import end_of_meta
from lungview.errors import DicomError

MAX_INFLATED: Final = 2 << 30
"""Bytes: more than any single file of a chest CT holds."""

_ANY_SIZE: Final = 64 << 20
"""Bytes that even the smallest file may unpack to."""
_MAX_PACKING: Final = 100
"""How many times smaller a larger file may be than what it unpacks to: images of tissue pack 2 to 10 times."""

_GZIP: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


def is_gzip(data: bytes) -> bool:
    """Whether the bytes begin as a gzip file does."""
    return data.startswith(_GZIP)


def is_deflated(head: bytes) -> bool:
    """Whether a file's first bytes name the deflated transfer syntax."""
    return end_of_meta(head)[0] == syntaxes.DEFLATED


def inflate(data: bytes) -> bytes:
    """Return the bytes inside a gzip file; those of another file as they are.

    Raises DicomError where they are damaged or unpack to more than any image does.
    """
    return _decompress(data, _GZIP_WINDOW) if is_gzip(data) else data


def undeflate(data: bytes) -> bytes:
    """Return a deflated DICOM file (PS3.5 A.5) as the explicit little-endian one it stands for; others as they are.

    Raises DicomError where it is damaged or unpacks to more than any image does.
    """
    syntax, start = end_of_meta(data)
    if syntax != syntaxes.DEFLATED:
        return data
    return _plain_meta(data[:start]) + _decompress(data[start:], -zlib.MAX_WBITS)


def unpacked_head(head: bytes, count: int) -> bytes:
    """Return at most about count of the bytes that the first ones of a packed DICOM file stand for.

    Raises DicomError where they are damaged.
    """
    if is_gzip(head):
        head = _begin(head, _GZIP_WINDOW, count)
    syntax, start = end_of_meta(head)
    if syntax != syntaxes.DEFLATED:
        return head
    return _plain_meta(head[:start]) + _begin(head[start:], -zlib.MAX_WBITS, count)


def _plain_meta(meta: bytes) -> bytes:
    """Return file meta information that names a deflated data set, changed to name what it unpacks to.

    The UID is changed in place, padded to the length it had.
    """
    plain = syntaxes.EXPLICIT_LITTLE_ENDIAN.encode().ljust(len(syntaxes.DEFLATED), b"\0")
    return meta.replace(syntaxes.DEFLATED.encode(), plain)


def _begin(data: bytes, window_bits: int, count: int) -> bytes:
    try:
        return zlib.decompressobj(window_bits).decompress(data, count)
    except zlib.error as error:
        raise DicomError("is damaged inside") from error


def _decompress(data: bytes, window_bits: int) -> bytes:
    decompressor = zlib.decompressobj(window_bits)
    most = min(MAX_INFLATED, max(_ANY_SIZE, _MAX_PACKING * len(data)))
    try:
        inflated = decompressor.decompress(data, most)
    except zlib.error as error:
        raise DicomError("is damaged inside") from error
    if decompressor.unconsumed_tail:
        raise DicomError("unpacks to far more than an image needs")
    if not decompressor.eof:
        raise DicomError("is cut short")
    return inflated
