"""Read the bytes of files and zip members alike."""

import os
from io import BytesIO, FileIO
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from lungview.dicom.inflate import MAX_INFLATED, inflate, is_deflated, is_gzip, undeflate
from lungview.domain.study import FileSource
from lungview.errors import DicomError

if TYPE_CHECKING:
    from zipfile import ZipFile

_META: Final = 2048
"""Bytes that hold the file meta information of any file."""

OPEN_FLAGS: Final = os.O_RDONLY | int(getattr(os, "O_BINARY", 0))


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
            if source.path.stat().st_size > MAX_INFLATED:
                raise DicomError("is larger than any image file should be")
            data = source.path.read_bytes()
        return undeflate(inflate(data))

    def stream(self, source: FileSource) -> BinaryIO:
        """Return a seekable stream of a DICOM file: of the file itself where it is plain, else of its whole bytes."""
        if source.member or self._is_packed(source):
            return BytesIO(self.whole(source))
        return source.path.open("rb")

    def _is_packed(self, source: FileSource) -> bool:
        head, _ = self.head(source, _META)
        return is_gzip(head) or is_deflated(head)
