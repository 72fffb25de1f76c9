"""Ctrl-C and SIGTERM told to whatever trains, so that it saves and ends."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from lungview_training.control import Command, Listener


@contextmanager
def stopped_by_signals(listener: Listener) -> Iterator[None]:
    """Stop at the first Ctrl-C or SIGTERM; a second Ctrl-C ends at once."""

    def stop(number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGINT and listener() is Command.STOP:
            raise KeyboardInterrupt
        listener.tell(Command.STOP)

    # torchrun tells the workers left over by SIGTERM to go; they must, for there is no next step to stop after.
    heeded = [signal.SIGINT] if "TORCHELASTIC_RUN_ID" in os.environ else [signal.SIGINT, signal.SIGTERM]
    before = [(number, signal.signal(number, stop)) for number in heeded]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
