"""Progress of a command on standard error, and Ctrl+C that ends it at its next step."""

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lungview.task import Task

_EVERY_S = {True: 0.1, False: 2.0}
"""How often to tell: a terminal's line is rewritten, a file's grows."""


class Progress:
    """Tells what is being done and how far it is; quiet where there is no standard error."""

    def __init__(self, title: str = "") -> None:
        self._stream = sys.stderr
        self._is_terminal = self._stream is not None and self._stream.isatty()
        self._title = title
        self._text = ""
        self._told_at = time.monotonic()
        self._open_line = False
        self.task = Task(self._on_step)

    def begin(self, title: str) -> None:
        """Name what is done from now on, say "Reading series 1 of 2"."""
        self._end_line()
        self._title, self._told_at = title, time.monotonic()

    def tell_step(self, title: str, done: int, total: int) -> None:
        """Name what is done and how far it is, in one."""
        if title != self._title:
            self.begin(title)
        self._on_step(done, total)

    def tell(self, text: str) -> None:
        """Say something that stays."""
        self._end_line()
        if self._stream is not None:
            print(text, file=self._stream, flush=True)

    def end(self) -> None:
        """Leave the line that was rewritten."""
        self._end_line()

    def _on_step(self, done: int, total: int) -> None:
        now = time.monotonic()
        is_due = now - self._told_at >= _EVERY_S[self._is_terminal] or done == total
        text = f"{self._title}: {done} of {total}" if total else f"{self._title}: {done}"
        if self._stream is None or not is_due or done == 0 or text == self._text:
            return
        self._told_at, self._text = now, text
        if self._is_terminal:
            print(f"\r\x1b[K{text}", end="", file=self._stream, flush=True)
            self._open_line = True
        else:
            print(text, file=self._stream, flush=True)

    def _end_line(self) -> None:
        if self._open_line:
            print(file=self._stream, flush=True)
        self._open_line = False


@contextmanager
def cancelling(task: Task) -> Iterator[None]:
    """Let the first Ctrl+C cancel the task, so that it ends between steps; a second one interrupts at once."""
    previous = signal.getsignal(signal.SIGINT)

    def on_interrupt(_number: int, _frame: FrameType | None) -> None:
        task.cancel()
        signal.signal(signal.SIGINT, previous)

    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
