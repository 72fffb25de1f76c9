"""Other processes of this computer: whether one still lives, lowering it, ending it; knows no Qt and no torch."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

LOWERED = 15
"""Niceness of work that a reader should not feel: below that of the window's own jobs, 10, since one that waits for a
core while it holds Python's lock holds up the window."""


def mark_of(pid: int) -> str:
    """What tells a process from a later one of the same number: when it began; "" where the system does not say."""
    fields = _status(pid)
    return fields[19] if len(fields) > 19 else ""


def is_alive(pid: int, mark: str = "") -> bool:
    """Whether the process that had this mark still runs; one that ended and waits to be collected does not."""
    if pid <= 0:
        return False
    if sys.platform == "win32":
        return _is_alive_on_windows(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    fields = _status(pid)
    if fields[:1] == ["Z"]:
        return False
    return not mark or not fields or mark_of(pid) == mark


def end(pid: int, mark: str, *, at_once: bool = False) -> None:
    """Ask a process to end, or end it; one that is gone already is no error."""
    if not is_alive(pid, mark):
        return
    with contextlib.suppress(OSError):
        if sys.platform == "win32" or not at_once:
            os.kill(pid, signal.SIGTERM)  # which ends at once on Windows
        else:
            os.kill(pid, signal.SIGKILL)


def lowered_flags() -> int:
    """Creation flags of a child that stands back: only Windows has such."""
    if sys.platform == "win32":
        return subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
    return 0


def lower(pid: int) -> None:
    """Let a child that has just begun stand back for the window; the threads that it starts follow it."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, LOWERED)
    if sys.platform == "linux":
        # A session of its own is a scheduling group of its own, and niceness counts inside a group only.
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/autogroup").write_text(str(LOWERED), encoding="ascii")


def memory_bytes(pid: int) -> int | None:
    """What a process holds in memory, None where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def _status(pid: int) -> list[str]:
    """Fields of /proc/PID/stat from the state on; the name before it may hold blanks and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _is_alive_on_windows(pid: int) -> bool:
    """Ask by handle: there, os.kill would end the process."""
    if sys.platform != "win32":
        return False
    import ctypes

    kernel, query, still_active = ctypes.windll.kernel32, 0x1000, 259
    handle = kernel.OpenProcess(query, False, pid)
    if not handle:
        return False
    code = ctypes.c_ulong()
    kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return code.value == still_active
