"""Bounds for parsing by pydicom, which makes an object of a kilobyte of every eight bytes that hold an empty item."""

from io import SEEK_END, SEEK_SET, BytesIO
from typing import TYPE_CHECKING, BinaryIO, Final

from lungview.errors import DicomError

if TYPE_CHECKING:
    from pydicom import Dataset

_READS: Final = (100_000, 500_000)
"""Elements, items and ends of such that the smallest and the largest file may have; an enhanced CT has 80 a slice."""
_BYTES_PER_READ: Final = 2048
_MOST_BYTES: Final = 64 << 20
"""Of what frames say of themselves."""
_ITEMS: Final = (b"\xfe\xff\x00\xe0", b"\xff\xfe\xe0\x00")


class Bounded:
    """A stream that may be read from so many times, and never beyond its end; raises DicomError, with a clause."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        place = stream.tell()
        self._end = stream.seek(0, SEEK_END)
        self._left = _most_of(self._end - place)
        stream.seek(place)

    def read(self, size: int = -1) -> bytes:
        """Read as the stream does."""
        self._left -= 1
        self.check()
        # A stream makes room for all that is asked for, and a length may claim four gigabytes.
        left = max(0, self._end - self._stream.tell())
        return self._stream.read(left if size < 0 else min(size, left))

    def check(self) -> None:
        """Raise again what read has raised: the parser may have turned it into an error of its own."""
        if self._left < 0:
            raise DicomError("has more elements than any image")

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Move as the stream does."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """Tell the place."""
        return self._stream.tell()


def parse(data: bytes) -> "Dataset":
    """Return the data set that a whole file's bytes hold; raises what pydicom does, DicomError beyond the bounds."""
    from pydicom import dcmread

    bounded = Bounded(BytesIO(data))
    try:
        return dcmread(bounded, force=True)
    except Exception:
        bounded.check()
        raise


def require_few_items(value: bytes) -> None:
    """Raise DicomError for a sequence, as its bytes, with more in it than any image has."""
    most = _most_of(len(value))
    if len(value) > _MOST_BYTES or any(value.count(item) > most for item in _ITEMS):
        raise DicomError("has more elements than any image")


def _most_of(size: int) -> int:
    """How many elements and items a file of a size may have."""
    least, most = _READS
    return min(most, least + size // _BYTES_PER_READ)
