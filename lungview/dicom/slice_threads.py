"""Read slices in threads that can be left behind: a drive that does not answer must hold up neither window nor exit."""

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
    read: Callable[[int], DicomError | None], chunks: Sequence[Sequence[int]], workers: int, task: Task
) -> Iterator[Outcome]:
    """Read chunks of slices in about their order; yield each slice as soon as its chunk is final.

    Raises Cancelled soon after the task is cancelled, StalledError where no slice comes for long, and what read raises.
    """
    threads = _Threads(read, chunks)
    threads.start(min(workers, len(chunks)))
    left, heard = len(chunks), time.monotonic()
    try:
        while left:
            try:
                outcomes = threads.done.get(timeout=_POLL_S)
            except Empty:
                task.check()
                if time.monotonic() - heard > PATIENCE_S:
                    raise StalledError from None
                continue
            if isinstance(outcomes, BaseException):
                raise outcomes
            left -= 1
            yield from outcomes
            heard = time.monotonic()
    finally:
        threads.is_stopped.set()


class _Threads:
    """Daemons that take chunks in turn. done: what came of each chunk, or what was raised."""

    def __init__(self, read: Callable[[int], DicomError | None], chunks: Sequence[Sequence[int]]) -> None:
        self._read = read
        self._chunks = iter(chunks)
        self._lock = threading.Lock()
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
        except BaseException as error:
            self.done.put(error)

    def _next(self) -> Sequence[int] | None:
        with self._lock:
            return None if self.is_stopped.is_set() else next(self._chunks, None)
