"""Memory that a decoding process shares with the one that started it; it has no name on disk and dies with the two."""

import mmap
import os
import secrets
import sys
import tempfile
from typing import Final

_PAGE: Final = 1 << 20
_GROUND: Final = bytes(_PAGE)


class SharedMemory:
    """Memory for frames, which grows as the largest frame does.

    handle: what the other process is told so that it finds it. inherited: file descriptors that it must be given.
    """

    def __init__(self) -> None:
        self.inherited: tuple[int, ...] = ()
        if sys.platform == "win32":
            self.handle = f"lungview-{os.getpid()}-{secrets.token_hex(8)}"
        else:
            self._descriptor = _nameless_file()
            self.handle = str(self._descriptor)
            self.inherited = (self._descriptor,)
        self._map: mmap.mmap | None = None

    def view(self, size: int) -> mmap.mmap:
        """The memory, at least so many bytes."""
        if self._map is None or len(self._map) < size:
            if sys.platform != "win32":
                _extend(self._descriptor, size)
            self._map = opened(self.handle, size)
        return self._map

    @property
    def size(self) -> int:
        """Bytes that there are by now."""
        return 0 if self._map is None else len(self._map)

    def close(self) -> None:
        """Let go of the memory."""
        self._map = None
        if sys.platform != "win32" and self.inherited:
            self.inherited = ()
            os.close(self._descriptor)


def opened(handle: str, size: int) -> mmap.mmap:
    """The memory of a handle that is known to be of a size."""
    if sys.platform == "win32":
        return mmap.mmap(-1, size, tagname=f"{handle}-{size}")
    return mmap.mmap(int(handle), size)


def _nameless_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("lungview-frames")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _extend(descriptor: int, size: int) -> None:
    """Make a file larger; on a disk its blocks are claimed at once, so that a full one is told here."""
    if hasattr(os, "memfd_create"):
        os.ftruncate(descriptor, size)
        return
    os.lseek(descriptor, 0, os.SEEK_END)
    while os.fstat(descriptor).st_size < size:
        os.write(descriptor, _GROUND[: size - os.fstat(descriptor).st_size])
