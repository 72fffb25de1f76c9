"""Zip files as folders: their members are listed and read in place, within bounds, and never unpacked to disk."""

import zipfile
from pathlib import Path
from typing import Final

from lungview.errors import DicomError
from lungview.zips import ZIP_ERRORS, OverfullZipError, open_bounded

MAX_MEMBER: Final = 2 << 30
"""Bytes one member may unpack to."""
MAX_MEMBERS: Final = 200_000
MAX_RATIO: Final = 250
"""How many times smaller than its content a large member may be: images of tissue pack 2 to 10 times."""
_SMALL: Final = 64 << 20
"""Members up to this size may pack as well as they like."""


def is_zip(path: Path) -> bool:
    """Whether a file begins as a zip file does, whatever its name."""
    try:
        with path.open("rb") as stream:
            return stream.read(4) in {b"PK\x03\x04", b"PK\x05\x06"}
    except OSError:
        return False


def open_zip(path: Path) -> zipfile.ZipFile:
    """Open a zip file; raises DicomError naming it and the remedy where it is damaged or too full."""
    try:
        archive = open_bounded(path)
    except OverfullZipError as error:
        raise _overfull(path) from error
    except ZIP_ERRORS as error:
        raise DicomError(f"{path.name} is no complete zip file. Download or copy it again.") from error
    if len(archive.filelist) > MAX_MEMBERS:
        archive.close()
        raise _overfull(path)
    return archive


def _overfull(path: Path) -> DicomError:
    return DicomError(f"{path.name} holds more than {MAX_MEMBERS} files. Unpack what you need and open that folder.")


def refusal(member: zipfile.ZipInfo) -> str:
    """Return why a member is not read, as a clause, or "" where it may be."""
    if member.flag_bits & 1:
        return "is locked with a password"
    if member.file_size > MAX_MEMBER:
        return "unpacks to more than any image needs"
    if member.file_size > _SMALL and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        return "unpacks to suspiciously much more than it takes up"
    return ""


def read_member(archive: zipfile.ZipFile, name: str, count: int = -1) -> bytes:
    """Return the first count bytes of a member, all of it for -1.

    Raises DicomError with a clause where it is refused or damaged.
    """
    try:
        member = archive.getinfo(name)
        reason = refusal(member)
        if reason:
            raise DicomError(reason)
        with archive.open(member) as stream:
            return stream.read(count)
    except KeyError as error:
        raise DicomError("is no longer in its zip file") from error
    except ZIP_ERRORS as error:
        raise DicomError("is damaged inside its zip file") from error
