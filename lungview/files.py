"""Writing files so that a crash, a full disk or a pulled plug leaves the old file or the new one, never half of one.

Also the reading of JSON that may have been written by anyone.
"""

import contextlib
import json
import math
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def write_atomically(path: Path, data: bytes) -> None:
    """Write data to path through a temporary file beside it; the folder is made where it is missing.

    Raises OSError, and then leaves what stood at path as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not tempfile: its files are private to the user, and a report is there to be passed on.
    temporary = path.parent / f".{path.name[:40]}.{os.urandom(6).hex()}.part"
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
    sync_folder(path.parent)


def parse_json(data: str | bytes, *, is_nan_fine: bool = False) -> Any:
    """Return what JSON says; raises ValueError for everything that is none, and for nothing else is anything raised.

    Nesting without end, which the standard library answers with RecursionError, is a ValueError here. So are NaN and
    numbers beyond any float, unless is_nan_fine: what is read could not be written again.
    """
    try:
        if is_nan_fine:
            return json.loads(data)
        return json.loads(data, parse_constant=_finite, parse_float=_finite)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def _finite(written: str) -> float:
    number = float(written)
    if not math.isfinite(number):
        raise ValueError(f"{written} is no finite number")
    return number


def append_line(path: Path, line: str) -> None:
    """Add a line to a log that is kept: on the disk when this returns, whole, whoever else appends.

    What a crash left half written is ended first, so that it spoils no other line. Raises OSError, and then leaves the
    file as it was.
    """
    with locked(path.with_name(f".{path.name}.lock")):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            size = os.lseek(handle, 0, os.SEEK_END)
            data = line.encode() + b"\n"
            if size and os.lseek(handle, size - 1, os.SEEK_SET) >= 0 and os.read(handle, 1) != b"\n":
                data = b"\n" + data
            _write_at_end(handle, data, size)
        finally:
            os.close(handle)


def _write_at_end(handle: int, data: bytes, size: int) -> None:
    try:
        os.lseek(handle, size, os.SEEK_SET)
        while data:
            data = data[os.write(handle, data) :]
        os.fsync(handle)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(handle, size)
        raise


def set_aside(path: Path) -> Path | None:
    """Rename a file that makes no sense, so that it is kept and in nobody's way; None where even that fails."""
    with contextlib.suppress(OSError):
        return path.replace(path.with_name(f"{path.stem}.damaged-{time.time_ns()}"))
    return None


def nearest_existing(folder: Path) -> Path:
    """The folder itself, or the nearest above it that is there."""
    return next((place for place in (folder, *folder.absolute().parents) if place.exists()), folder)


def sync_folder(folder: Path) -> None:
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
