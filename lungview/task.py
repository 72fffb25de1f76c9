"""Progress out and cancellation in, for work that knows neither Qt nor threads."""

import threading
from collections.abc import Callable


class Cancelled(Exception):  # noqa: N818 - not an error: the reader asked to stop
    """Raised inside a task when the reader has asked to stop."""


class Task:
    """Progress out, cancellation in. Plain Python; safe to share between threads."""

    def __init__(self, on_progress: Callable[[int, int], None] | None = None) -> None:
        self._on_progress = on_progress
        self._cancelled = threading.Event()

    @property
    def is_cancelled(self) -> bool:
        """Whether the reader has asked to stop."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask the work to stop at its next step."""
        self._cancelled.set()

    def check(self) -> None:
        """Raise Cancelled if the reader has asked to stop."""
        if self._cancelled.is_set():
            raise Cancelled

    def step(self, done: int, total: int) -> None:
        """Report progress (total 0 when it is not known), and raise Cancelled if the reader has asked to stop."""
        self.check()
        if self._on_progress is not None:
            self._on_progress(done, total)
