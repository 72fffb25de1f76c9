"""Models as folders on disk: made beside their place and moved in whole, and the system's troubles in words."""

import contextlib
import errno
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lungview.errors import ModelStoreError
from lungview.files import nearest_existing, sync_folder
from lungview.task import Task

STEM = "model"
"""Each model's folder holds model.safetensors, model.json and model.md."""
STAGING, TRASH = ".staging", ".trash"
TRASH_DAYS = 30
_CHUNK = 1 << 22
_SPARE = 4_000_000
"""Bytes that must stay free beside the weights, for cards and the file system's own."""
_STALE_S = 24 * 3600.0
_FULL = {errno.ENOSPC, errno.EDQUOT}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def told(doing: str) -> Iterator[None]:
    """Turn the system's errors into sentences; doing: as "keep the model"."""
    try:
        yield
    except OSError as error:
        raise ModelStoreError(f"LungView could not {doing}: {_cause(error)}") from error


def _cause(error: OSError) -> str:
    if error.errno in _FULL:
        return "the disk is full. Free some space and try again; nothing was changed."
    if error.errno in _FORBIDDEN:
        return "the folder cannot be written to. Make it writable, or choose another; nothing was changed."
    if error.errno == errno.ENOENT:
        return "a file or folder is not there any more."
    return f"{(error.strerror or type(error).__name__).rstrip('.').lower()}."


def require_room(folder: Path, needed: int) -> None:
    """Refuse beforehand what the disk has no room for."""
    free = shutil.disk_usage(nearest_existing(folder)).free
    if free < needed + _SPARE:
        raise ModelStoreError(
            f"The disk has {free / 1e6:.0f} MB left where {(needed + _SPARE) / 1e6:.0f} MB are needed: free some space "
            "and try again; nothing was changed."
        )


def copy_file(source: Path, target: Path, task: Task | None = None) -> None:
    """Copy bytes to a new file that is on the disk when this returns; raises OSError, and Cancelled."""
    total, done = source.stat().st_size, 0
    with source.open("rb") as reading, target.open("xb") as writing:
        while chunk := reading.read(_CHUNK):
            writing.write(chunk)
            done += len(chunk)
            if task is not None:
                task.step(done, total)
        writing.flush()
        os.fsync(writing.fileno())


def put(root: Path, folder_stem: str, fill: Callable[[Path], None]) -> Path:
    """Let fill write into an empty folder, then move that to root under a new name; nothing is left of a failure."""
    staged = root / STAGING / secrets.token_hex(6)
    staged.mkdir(parents=True)
    try:
        fill(staged)
        target = root / f"{folder_stem}-{secrets.token_hex(4)}"
        staged.rename(target)
        sync_folder(root)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise
    _remove_stale(root / STAGING)
    return target


def to_trash(root: Path, key: str) -> Path:
    """Move a model's folder out of sight; what has lain there for a month goes for good."""
    trash = root / TRASH
    trash.mkdir(parents=True, exist_ok=True)
    target = trash / f"{key}~{time.time_ns()}"
    (root / key).rename(target)
    for old in trash.iterdir():
        if _age_s(old) > TRASH_DAYS * 24 * 3600.0:
            shutil.rmtree(old, ignore_errors=True)
    with contextlib.suppress(OSError):
        os.utime(target)  # from now on it ages
    return target


def _remove_stale(staging: Path) -> None:
    """Clear what a program that was killed left half made; what another one is making now is younger."""
    for left in staging.iterdir():
        if _age_s(left) > _STALE_S:
            shutil.rmtree(left, ignore_errors=True)


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:
        return 0.0
