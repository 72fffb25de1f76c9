"""The decoding processes of the program: few, started when first needed, kept, and replaced where one is lost."""

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from lungview.dicom.decoding.bounds import seconds_for
from lungview.dicom.decoding.jobs import Frame, Job
from lungview.dicom.decoding.process import Command, DecodingProcess, LostProcessError, usual_command
from lungview.dicom.pixels import StoredArray
from lungview.dicom.syntaxes import Codec

log = logging.getLogger(__name__)

_START_S: Final = 60.0
"""Reading the libraries from a slow disk takes long."""
_TICK_S: Final = 0.25


Take = Callable[[StoredArray], StoredArray]
"""Fetches decoded values out of the memory that is shared with a decoding process."""


class StalledError(Exception):
    """A decoder that did not end in the time that a frame may take."""


class DecodingPool:
    """Decodes frames in processes of their own; safe to use from several threads.

    size: how many processes at most; one per core where None, and one more while others' answers are fetched.
    """

    def __init__(self, size: int | None = None, command: Command = usual_command) -> None:
        self.size = size or min(os.cpu_count() or 1, 8)
        self._command = command
        self._condition = threading.Condition()
        self._idle: list[DecodingProcess] = []
        self._count = 0
        self._watch = _Watch()

    def warm(self, codec: Codec) -> None:
        """Start a process where there is none, so that it is ready when the first frame comes; fails for nothing."""
        with self._condition:
            if self._count:
                return
            self._count += 1
        try:
            process = DecodingProcess(codec, self._command)
        except Exception:  # told when the first frame is to be decoded
            log.info("no decoding process can be started ahead")
            self._forget()
            return
        self._return(process)

    def decode(self, job: Job, frame: Frame, take: Take = np.copy) -> StoredArray:
        """Return what take makes of a frame's stored values, (row, column[, sample]), which only take may look at.

        A frame whose process ends under it is tried once more. Raises LostProcessError where that ends too,
        StalledError where time is up, NeedsMemoryError, UndecodableError, and DicomError where no process can start.
        """
        try:
            return self._decode_once(job, frame, take)
        except LostProcessError:
            log.info("a decoding process was lost at a %s frame", job.codec)
            return self._decode_once(job, frame, take)

    def close(self) -> None:
        """End all processes that have nothing to do."""
        with self._condition:
            idle, self._idle = self._idle, []
            self._count -= len(idle)
        for process in idle:
            process.close()

    def _decode_once(self, job: Job, frame: Frame, take: Take) -> StoredArray:
        process = self._taken(job.codec)
        try:
            with self._watch.over(process, _START_S):
                process.wait_until_ready()
            with self._watch.over(process, seconds_for(job)):
                plane = process.decode(job, frame)
            return take(plane)
        finally:
            self._return(process)

    def _taken(self, codec: Codec) -> DecodingProcess:
        """Return a process that is free, or a new one while there are few."""
        with self._condition:
            while not self._idle and self._count >= self.size:
                self._condition.wait()
            if self._idle:
                return self._idle.pop()
            self._count += 1
        try:
            return DecodingProcess(codec, self._command)
        except BaseException:
            self._forget()
            raise

    def _return(self, process: DecodingProcess) -> None:
        if process.is_lost:
            process.close()
            self._forget()
            return
        with self._condition:
            self._idle.append(process)
            self._condition.notify()

    def _forget(self) -> None:
        with self._condition:
            self._count -= 1
            self._condition.notify()


class _Watch:
    """Ends processes that take too long; its thread sleeps while none is at work."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._deadlines: dict[DecodingProcess, float] = {}
        self._ended: set[DecodingProcess] = set()
        self._thread: threading.Thread | None = None

    def over(self, process: DecodingProcess, seconds: float) -> "_Watched":
        """Return a context in which a process may take so long; raises StalledError where it took longer."""
        return _Watched(self, process, seconds)

    def begin(self, process: DecodingProcess, seconds: float) -> None:
        """Look after a process from now on."""
        with self._condition:
            self._deadlines[process] = time.monotonic() + seconds
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="decoders' watch", daemon=True)
                self._thread.start()
            elif len(self._deadlines) == 1:
                self._condition.notify()

    def end(self, process: DecodingProcess) -> bool:
        """Stop looking after a process; return whether it was ended."""
        with self._condition:
            self._deadlines.pop(process, None)
            was_ended = process in self._ended
            self._ended.discard(process)
            return was_ended

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._deadlines:
                    self._condition.wait()
                now = time.monotonic()
                late = [process for process, deadline in self._deadlines.items() if deadline < now]
                for process in late:
                    del self._deadlines[process]
                    self._ended.add(process)
                    process.kill()
            time.sleep(_TICK_S)


class _Watched:
    def __init__(self, watch: _Watch, process: DecodingProcess, seconds: float) -> None:
        self._watch, self._process, self._seconds = watch, process, seconds

    def __enter__(self) -> None:
        self._watch.begin(self._process, self._seconds)

    def __exit__(self, *_: object) -> None:
        if self._watch.end(self._process):
            raise StalledError


_pools: dict[int, DecodingPool] = {}
"""By process number: one that was forked starts its own, since it cannot share its parent's."""


def decoding_pool() -> DecodingPool:
    """Return this process's pool."""
    pool = _pools.get(os.getpid())
    if pool is None:
        pool = _pools.setdefault(os.getpid(), DecodingPool())
    return pool


def _close() -> None:
    pool = _pools.get(os.getpid())
    if pool is not None:
        pool.close()


atexit.register(_close)
