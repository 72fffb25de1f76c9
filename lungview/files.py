"""Writing files so that a crash, a full disk or a pulled plug leaves the old file or the new one, never half of one.

Also the reading of JSON that may have been written by anyone.
"""

import contextlib
import json
import math
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


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
