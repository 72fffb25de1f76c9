"""The decoding process: reads a job per line, decodes it, says what became of it; ends when its parent does."""

import contextlib
import gc
import mmap
import os
import signal
import sys
from typing import Final

import numpy as np

from lungview.dicom.decoding import codecs, shared
from lungview.dicom.decoding.bounds import MEMORY_BYTES, seconds_for
from lungview.dicom.decoding.jobs import MAX_LINE, READY, Answer, Job
from lungview.dicom.syntaxes import Codec

_GRACE_S: Final = 2.0
"""So long after its parent should have ended it, the process ends itself."""

_faults: list[str] = []
"""What decoders raised where nothing can be raised to: such a frame is not to be trusted."""


def main(arguments: list[str]) -> int:
    """Serve the process that started this one. arguments: handle of the shared memory, codec to load beforehand."""
    handle, first_codec = arguments
    sys.unraisablehook = lambda fault: _faults.append(type(fault.exc_value).__name__)
    codecs.load_library(Codec(first_codec))
    _bound_process()
    answers = sys.stdout.buffer
    answers.write(READY)
    answers.flush()
    memory: mmap.mmap | None = None
    for line in iter(lambda: sys.stdin.buffer.readline(MAX_LINE), b""):
        job = Job.from_line(line)
        if memory is None or len(memory) < job.size:
            memory = shared.opened(handle, job.size)
        with _alarm(job):
            answer = serve(job, memory)
        answers.write(answer.line())
        answers.flush()
    return 0


def serve(job: Job, memory: mmap.mmap) -> Answer:
    """Decode a frame inside shared memory."""
    _faults.clear()
    view = memoryview(memory)
    try:
        room = np.frombuffer(view, np.uint8, job.room, job.offset)
        plane = codecs.decode(job, view[: job.length], room)
        if _faults:
            return Answer()
        if not np.may_share_memory(plane, room):
            np.copyto(room[: plane.nbytes].view(plane.dtype).reshape(plane.shape), plane)
        return Answer(plane.dtype.str)
    except MemoryError:
        gc.collect()
        return Answer(needs_memory=True)
    except Exception:  # every decoder has exceptions of its own
        return Answer()


def _bound_process() -> None:
    """Bound what the process may take, and let only its parent end it; crashes leave no pixels on disk."""
    with contextlib.suppress(ValueError, OSError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        import resource
    except ImportError:  # Windows
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    taken = _taken()
    if taken:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_AS, (taken + MEMORY_BYTES, taken + MEMORY_BYTES))


def _taken() -> int:
    """Bytes of address space that the process has taken by now, 0 where the system does not tell."""
    try:
        with open("/proc/self/statm", encoding="ascii") as stream:  # noqa: PTH123
            return int(stream.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return 0


class _alarm(contextlib.AbstractContextManager[None]):  # noqa: N801 - used as a statement
    """Let the system end the process where a decoder hangs and the parent is no longer there to do it."""

    def __init__(self, job: Job) -> None:
        self._seconds = seconds_for(job) + _GRACE_S

    def __enter__(self) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
