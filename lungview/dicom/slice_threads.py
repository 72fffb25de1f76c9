"""Read slices in threads that can be left behind: a drive that does not answer must hold up neither window nor exit."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from queue import Empty, SimpleQueue
from typing import Final

from lungview.errors import DicomError
from lungview.patience import StalledError
from lungview.task import Task

Outcome = tuple[int, DicomError | None]
"""A slice that is final, and what was wrong with it."""

PATIENCE_S: Final = 180.0
"""How long no slice at all may come: a large multi-frame file comes slowly through a network."""
_POLL_S: Final = 0.05


def read_in_threads(
    read: Callable[[int], DicomError | None],
    chunks: Sequence[Sequence[int]],
    workers: int,
    task: Task,
    *,
    together: bool = False,
) -> Iterator[Outcome]:
    """Read chunks of slices in about their order; yield each slice as soon as its chunk is final.

    together: yield what is final only some times a second and at the end; a caller that wakes up for each chunk takes
    the core away from a thread that reads, and all wait for it while it holds the interpreter's lock.
    Raises Cancelled soon after the task is cancelled, StalledError where no slice comes for long, and what read raises.
    """
    threads = _Threads(read, chunks)
    threads.start(min(workers, len(chunks)))
    left, heard = len(chunks), time.monotonic()
    try:
        while left:
            if together:
                threads.ended.wait(_POLL_S)
            arrived = threads.arrived(0.0 if together else _POLL_S)
            if not arrived:
                task.check()
                if time.monotonic() - heard > PATIENCE_S:
                    raise StalledError
            for outcomes in arrived:
                if isinstance(outcomes, BaseException):
                    raise outcomes
                left -= 1
                yield from outcomes
                heard = time.monotonic()
    finally:
        threads.is_stopped.set()


class _Threads:
    """Daemons that take chunks in turn. done: what came of each chunk, or what was raised; ended: set with the last."""

    def __init__(self, read: Callable[[int], DicomError | None], chunks: Sequence[Sequence[int]]) -> None:
        self._read = read
        self._chunks = iter(chunks)
        self._left = len(chunks)
        self._lock = threading.Lock()
        self.ended = threading.Event()
        self.is_stopped = threading.Event()
        self.done: SimpleQueue[list[Outcome] | BaseException] = SimpleQueue()

    def start(self, count: int) -> None:
        """Start so many."""
        for _ in range(count):
            threading.Thread(target=self._run, name="slices", daemon=True).start()

    def _run(self) -> None:
        try:
            while (chunk := self._next()) is not None:
                self.done.put([(k, self._read(k)) for k in chunk if not self.is_stopped.is_set()])
                self._note_done()
        except BaseException as error:
            self.done.put(error)
            self.ended.set()

    def arrived(self, wait_s: float) -> list[list[Outcome] | BaseException]:
        """What has come of chunks since the last time; waits so long for the first."""
        found: list[list[Outcome] | BaseException] = []
        with contextlib.suppress(Empty):
            found.append(self.done.get(timeout=wait_s) if wait_s else self.done.get_nowait())
            while True:
                found.append(self.done.get_nowait())
        return found

    def _note_done(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.ended.set()

    def _next(self) -> Sequence[int] | None:
        with self._lock:
            return None if self.is_stopped.is_set() else next(self._chunks, None)
