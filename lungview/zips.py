"""Opening zip files that may be anything: the size of their directory is looked at before it is read."""

import lzma
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Final

MAX_DIRECTORY: Final = 32 << 20
"""Bytes of names: 200,000 files with long ones. Each takes twenty times as much memory once read."""

ZIP_ERRORS: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, RuntimeError, NotImplementedError, EOFError, OSError,
    ValueError, LookupError,
)  # fmt: skip
"""What zipfile raises for damaged, encrypted and unknown content."""

_END: Final = b"PK\x05\x06"
_END_SIZE: Final = 22
_LONGEST_COMMENT: Final = 1 << 16
_BIG: Final = 0xFFFFFFFF
_BIG_END: Final = b"PK\x06\x06"
_BIG_END_SIZE: Final = 56 + 20


class OverfullZipError(zipfile.BadZipFile):
    """A zip file lists more than is read."""


def open_bounded(path: Path) -> zipfile.ZipFile:
    """Open a zip file; raises OverfullZipError before anything large is read, and ZIP_ERRORS where it is damaged."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_SIZE - _LONGEST_COMMENT - _BIG_END_SIZE))
        tail = file.read()
    if _directory_size(tail) > MAX_DIRECTORY:
        raise OverfullZipError("lists more files than are read")
    return zipfile.ZipFile(path)


def _directory_size(tail: bytes) -> int:
    """Bytes of the directory as the file's last bytes claim it; zipfile reads so many and no more."""
    place = tail.rfind(_END)
    if place < 0 or len(tail) < place + _END_SIZE:
        return 0  # no zip file, as zipfile will tell
    (size,) = struct.unpack_from("<I", tail, place + 12)
    big = tail.rfind(_BIG_END, 0, place)
    if big >= 0 and len(tail) >= big + 48:
        (size_64,) = struct.unpack_from("<Q", tail, big + 40)
        return max(int(size) if size != _BIG else 0, int(size_64))
    return int(size)
