"""Writing files so that a crash, a full disk or a pulled plug leaves the old file or the new one, never half of one."""

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Write data to path through a temporary file beside it; the folder is made where it is missing.

    Raises OSError, and then leaves what stood at path as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not tempfile: its files are private to the user, and a report is there to be passed on.
    temporary = path.parent / f".{path.name[:40]}.{secrets.token_hex(6)}.part"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def nearest_existing(folder: Path) -> Path:
    """The folder itself, or the nearest above it that is there."""
    return next((place for place in (folder, *folder.absolute().parents) if place.exists()), folder)


def _sync_folder(folder: Path) -> None:
    """Make the new name itself durable, where the system can open a folder (Windows can't)."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock file while other processes and threads that want it wait; the system frees it when a process dies.

    Raises OSError where the file can't be made or locked. The empty file stays.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock(handle)
        yield
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)
