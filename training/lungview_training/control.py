"""What a running training is told to do: words on standard input, or a callable of whoever started it."""

import sys
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import TextIO


class Command(StrEnum):
    """What to do after the step that is being done."""

    GO_ON = "resume"
    PAUSE = "pause"
    """Save, and wait for resume or an end."""
    STOP = "stop"
    """Save, and end; the run can be gone on with."""
    KEEP_BEST = "keep-best"
    """Evaluate once more, save, and be done: the best weights are the run's."""


Ask = Callable[[], bool | Command]
"""Asked after each step, and while paused a few times a second; True means stop."""


def command_of(answer: bool | Command) -> Command:
    """A plain True means stop."""
    if isinstance(answer, Command):
        return answer
    return Command.STOP if answer else Command.GO_ON


class Listener:
    """Keeps the last command heard; once told to end, a run is not told otherwise."""

    def __init__(self) -> None:
        self._command = Command.GO_ON

    def __call__(self) -> Command:
        """Answer with the last command."""
        return self._command

    def tell(self, command: Command) -> None:
        """Take a command from whichever thread."""
        if self._command not in (Command.STOP, Command.KEEP_BEST):
            self._command = command

    def listen(self, lines: TextIO | None = None) -> None:
        """Read commands line by line in a thread of its own; words that are none are passed over."""
        threading.Thread(target=self._read, args=(lines or sys.stdin,), name="command-listener", daemon=True).start()

    def _read(self, lines: TextIO) -> None:
        known = {str(command): command for command in Command}
        for line in lines:
            if line.strip() in known:
                self.tell(known[line.strip()])
