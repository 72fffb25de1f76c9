"""One decoding process, as seen from the program: started, asked, ended."""

import contextlib
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from lungview.dicom.decoding.bounds import MAX_SHARED_BYTES
from lungview.dicom.decoding.jobs import MAX_LINE, READY, Answer, Frame, Job
from lungview.dicom.decoding.shared import SharedMemory
from lungview.dicom.pixels import StoredArray
from lungview.dicom.syntaxes import Codec
from lungview.errors import DicomError

log = logging.getLogger(__name__)

FLAG: Final = "--decode-frames"
"""First argument by which the frozen program knows that it is to decode and not to open a window."""
_ROOT: Final = Path(__file__).resolve().parents[3]

Command = Callable[[], Sequence[str]]
"""What starts a decoding process, its two arguments left out."""


class LostProcessError(Exception):
    """A decoding process ended, or was ended, before it answered."""


class NeedsMemoryError(Exception):
    """A frame that needs more memory than one may take."""


class UndecodableError(Exception):
    """A frame that its decoder does not read."""


def usual_command() -> Sequence[str]:
    """This very Python, or the frozen program itself."""
    if getattr(sys, "frozen", False):
        return (sys.executable, FLAG)
    return (sys.executable, "-P", "-m", "lungview.dicom.decoding.worker")


class DecodingProcess:
    """A process that decodes one frame at a time; used by one thread at a time.

    is_lost: nothing more can be asked of it.
    """

    def __init__(self, codec: Codec, command: Command) -> None:
        """Start the process; raises DicomError where the system does not let it."""
        self.is_lost = False
        self._is_ready = False
        self._memory = SharedMemory()
        try:
            self._process = subprocess.Popen(
                [*command(), self._memory.handle, codec],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=self._memory.inherited,
                env=_environment(),
                creationflags=_flags(),
            )
        except OSError as error:
            self._memory.close()
            raise DicomError(
                f"The decoder of compressed images cannot be started ({error.strerror})."
                " Close other programs and open the images again."
            ) from error

    def wait_until_ready(self) -> None:
        """Wait until the process has loaded its libraries; raises LostProcessError where it ends first."""
        if not self._is_ready:
            if self._heard() != READY:
                self.is_lost = True
                raise LostProcessError
            self._is_ready = True

    def decode(self, job: Job, frame: Frame) -> StoredArray:
        """Return a frame's stored values in shared memory, there until the next frame is decoded.

        Raises LostProcessError, NeedsMemoryError or UndecodableError.
        """
        job = job.placed(len(frame), max(self._memory.size, _SMALLEST))
        if job.size > MAX_SHARED_BYTES:
            raise NeedsMemoryError
        memory = self._memory.view(job.size)
        memory[: job.length] = frame
        answer = Answer.from_line(self._asked(job.line()))
        if answer is None:
            self.is_lost = True
            raise LostProcessError
        if answer.needs_memory:
            raise NeedsMemoryError
        if not answer.dtype:
            raise UndecodableError
        count = int(np.prod(job.shape))
        cells = np.frombuffer(memory, np.dtype(answer.dtype), count, job.offset)
        return cells.reshape(job.shape)

    def kill(self) -> None:
        """End the process at once, from any thread; who waits for its answer is told that it is lost."""
        self.is_lost = True
        with contextlib.suppress(OSError):
            self._process.kill()

    def close(self) -> None:
        """End the process, which keeps nothing, and let go of all that belongs to it."""
        self.kill()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._process.wait()
        self._memory.close()

    def _asked(self, line: bytes) -> bytes:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (OSError, ValueError):
            self.is_lost = True
            raise LostProcessError from None
        return self._heard()

    def _heard(self) -> bytes:
        assert self._process.stdout is not None
        try:
            return self._process.stdout.readline(MAX_LINE)
        except (OSError, ValueError):
            return b""


_SMALLEST: Final = 2 << 20
"""Bytes of shared memory: enough for a usual slice."""


def _flags() -> int:
    """Creation flags: only Windows would open a console window."""
    if sys.platform == "win32":
        return subprocess.CREATE_NO_WINDOW
    return 0


def _environment() -> dict[str, str]:
    """The program's own surroundings, this very package found first, and no threads of linear algebra.

    glibc is told to keep the memory of a frame for the next one; getting it from the system each time takes a tenth as
    long as decoding.
    """
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    kept = {"MALLOC_MMAP_THRESHOLD_": str(64 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
    return {**os.environ, **one, **kept, "PYTHONPATH": os.pathsep.join(paths)}
