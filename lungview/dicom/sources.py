"""Read the bytes of files and zip members alike."""

import os
from io import BytesIO, FileIO
from pathlib import Path
from stat import S_ISREG
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from lungview.dicom.inflate import MAX_INFLATED, inflate, is_deflated, is_gzip, undeflate
from lungview.domain.study import FileSource
from lungview.errors import DicomError

if TYPE_CHECKING:
    from zipfile import ZipFile

_META: Final = 2048
"""Bytes that hold the file meta information of any file."""

OPEN_FLAGS: Final = os.O_RDONLY | int(getattr(os, "O_BINARY", 0)) | int(getattr(os, "O_NONBLOCK", 0))
"""Not blocking: a pipe put in a file's place must not be waited for until somebody writes into it."""


def read_into(path: Path, offset: int, buffer: memoryview) -> int:
    """Fill a buffer from a place in a file, with no copy in between; return the bytes read, fewer at the file's end."""
    descriptor = os.open(path, OPEN_FLAGS)
    try:
        if hasattr(os, "preadv"):
            count = os.preadv(descriptor, [buffer], offset)
            if count == len(buffer):
                return count
        with FileIO(descriptor, closefd=False) as stream:
            stream.seek(offset)
            count = 0
            while count < len(buffer) and (more := stream.readinto(buffer[count:])):
                count += more
            return count
    finally:
        os.close(descriptor)


def read_at(path: Path, offset: int, count: int = -1) -> bytes:
    """Return so many bytes from a place in a file, all that follow for -1; fewer at the file's end.

    Raises OSError where the file cannot be read, DicomError with a clause where it is none, or holds too much.
    """
    descriptor = os.open(path, OPEN_FLAGS)
    try:
        status = os.fstat(descriptor)
        if not S_ISREG(status.st_mode):
            raise DicomError("is no plain file any more")
        left = max(0, status.st_size - offset)
        if left > MAX_INFLATED:
            raise DicomError("is larger than any image file should be")
        with FileIO(descriptor, closefd=False) as stream:
            stream.seek(offset)
            return stream.read(left if count < 0 else min(count, left))
    finally:
        os.close(descriptor)


class SourceReader:
    """Reads sources; keeps the zip files it has opened open until it is closed.

    Reading from several threads at once is safe once every zip file has been opened.
    """

    def __init__(self) -> None:
        self._archives: dict[Path, ZipFile] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the zip files."""
        for archive in self._archives.values():
            archive.close()
        self._archives.clear()

    def archive(self, path: Path) -> "ZipFile":
        """Return an opened zip file; raises DicomError naming it where it cannot be opened."""
        if path not in self._archives:
            from lungview.dicom.archive import open_zip

            self._archives[path] = open_zip(path)
        return self._archives[path]

    def head(self, source: FileSource, count: int) -> tuple[bytes, int]:
        """Return the first count bytes, and how many there are in all; OSError or DicomError where unreadable."""
        if source.member:
            from lungview.dicom.archive import read_member

            archive = self.archive(source.path)
            return read_member(archive, source.member, count), archive.getinfo(source.member).file_size
        descriptor = os.open(source.path, OPEN_FLAGS)
        try:
            return os.read(descriptor, count), os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)

    def whole(self, source: FileSource) -> bytes:
        """Return all bytes of a DICOM file, with gzip and the deflated transfer syntax undone.

        Raises OSError where the file cannot be read, DicomError where what it holds is damaged or out of bounds.
        """
        if source.member:
            from lungview.dicom.archive import read_member

            data = read_member(self.archive(source.path), source.member)
        else:
            data = read_at(source.path, 0)
        return undeflate(inflate(data))

    def stream(self, source: FileSource) -> BinaryIO:
        """Return a seekable stream of a DICOM file: of the file itself where it is plain, else of its whole bytes."""
        if source.member or self._is_packed(source):
            return BytesIO(self.whole(source))
        return self._plain(source.path)

    @staticmethod
    def _plain(path: Path) -> BinaryIO:
        """Open a file that has been a plain one when it was listed; raises DicomError where it no longer is."""
        stream = open(path, "rb", opener=lambda name, _: os.open(name, OPEN_FLAGS))  # noqa: SIM115 - for its opener
        status = os.fstat(stream.fileno())
        if not S_ISREG(status.st_mode) or status.st_size > MAX_INFLATED:
            stream.close()
            raise DicomError(
                "is larger than any image file should be" if status.st_size else "is no plain file any more"
            )
        return stream

    def _is_packed(self, source: FileSource) -> bool:
        head, _ = self.head(source, _META)
        return is_gzip(head) or is_deflated(head)
