"""Work that may never answer, such as reading from a network drive that has gone: watched from outside.

The work goes on in a thread of its own, and the caller waits for it only as long as it shows signs of life and as long
as the reader has not asked to stop. A thread that waits for a dead drive cannot be ended by anyone; it is left behind,
and the program can close all the same.
"""

import contextlib
import ctypes
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

from lungview.task import Task

T = TypeVar("T")

_POLL_S: Final = 0.05
"""How often the caller looks up: cancelling is answered within this."""


class StalledError(Exception):
    """Work has shown no sign of life for as long as it was given."""


class _LeftBehind(BaseException):
    """Raised inside work that is waited for no longer, so that a loop without end ends."""


def watched(make: Callable[[], Iterator[T]], task: Task, patience_s: float, *, at_once: bool = False) -> Iterator[T]:
    """Yield what an iterator yields that runs in a thread of its own, and raise what it raises.

    at_once: each item as soon as it is there, rather than some together, which disturbs the work less.
    Raises Cancelled soon after the task is cancelled, and StalledError after patience_s without an item. Either way
    the work is left behind.
    """
    for items in watched_together(make, task, patience_s, at_once=at_once):
        yield from items


def watched_together(
    make: Callable[[], Iterator[T]], task: Task, patience_s: float, *, at_once: bool = False
) -> Iterator[list[T]]:
    """Do what watched does, and yield in lists what has come since the last one."""
    worker = _Worker(make, tells_each=at_once)
    worker.start()
    heard = time.monotonic()
    try:
        while True:
            (worker.news if at_once else worker.ended).wait(_POLL_S)
            worker.news.clear()
            has_ended = worker.ended.is_set()  # looked at first: what is there then is all
            if worker.items:
                yield worker.taken()
                heard = time.monotonic()
            if has_ended:
                break
            task.check()
            if time.monotonic() - heard > patience_s:
                raise StalledError
    finally:
        worker.leave()
    if worker.error is not None:
        raise worker.error


def answer(work: Callable[[], T], task: Task, patience_s: float) -> T:
    """Return what a function returns that runs in a thread of its own, and raise what it raises.

    Raises Cancelled soon after the task is cancelled, and StalledError after patience_s.
    """
    return next(watched(lambda: iter((work(),)), task, patience_s, at_once=True))


class _Worker(threading.Thread, Generic[T]):
    """A thread that fills items; ended: set last. A daemon: it does not keep the program open.

    tells_each: whether news is set with each item, and not at the end alone.
    """

    def __init__(self, make: Callable[[], Iterator[T]], *, tells_each: bool) -> None:
        super().__init__(name="watched", daemon=True)
        self._make = make
        self._tells_each = tells_each
        self._is_left = False
        self.items: deque[T] = deque()
        self.news, self.ended = threading.Event(), threading.Event()
        self.error: BaseException | None = None

    def taken(self) -> list[T]:
        """Return the items that are there, which then no longer are."""
        return [self.items.popleft() for _ in range(len(self.items))]

    def run(self) -> None:
        """Fill items until there are no more, or nobody waits for them."""
        with contextlib.suppress(_LeftBehind):
            try:
                self._fill()
            except Exception as error:
                self.error = error
            finally:
                if not self._is_left:  # else nobody listens, and being left may have come while news held its lock
                    self.ended.set()
                    self.news.set()

    def _fill(self) -> None:
        for item in self._make():
            if self._is_left:
                return
            self.items.append(item)
            if self._tells_each:
                self.news.set()

    def leave(self) -> None:
        """Wait no longer. Work in Python ends at its next step; a call into the system ends when the system answers."""
        self._is_left = True
        if not self.ended.is_set() and self.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self.ident), ctypes.py_object(_LeftBehind))
