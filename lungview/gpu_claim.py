"""Who has the GPU: a training says so in a small file, and detection keeps to the CPU meanwhile.

A claim counts while the process that made it lives, so that one left behind by a crash holds nobody up.
"""

import contextlib
import json
import os
from pathlib import Path

from lungview.files import parse_json, write_atomically
from lungview.places import data_folder
from lungview.processes import is_alive, mark_of


def claim(pid: int) -> None:
    """Note that a process trains on the GPU."""
    with contextlib.suppress(OSError):
        write_atomically(_file(), json.dumps({"pid": pid, "mark": mark_of(pid)}).encode())


def release(pid: int) -> None:
    """Take back the claim made for a process."""
    if _claimed()[0] == pid:
        with contextlib.suppress(OSError):
            _file().unlink(missing_ok=True)


def is_claimed_by_other() -> bool:
    """Whether a process that still runs, other than this one, has the GPU."""
    pid, mark = _claimed()
    return pid != os.getpid() and is_alive(pid, mark)


def _claimed() -> tuple[int, str]:
    """Process and its mark, 0 for none."""
    try:
        table = parse_json(_file().read_text(encoding="utf-8"))
        return int(table["pid"]), str(table["mark"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, ""


def _file() -> Path:
    return data_folder() / "gpu.json"
