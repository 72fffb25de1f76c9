"""What a script may rely on."""

from enum import IntEnum


class ExitCode(IntEnum):
    """How a call of `lungview` ended."""

    OK = 0
    TROUBLE = 1
    """Something outside the program went wrong; standard error says what, in a sentence with the remedy."""
    USAGE = 2
    """The command line itself is wrong, or names a file or folder that is not there."""
    NOTHING_FOUND = 3
    """The path holds no image that can be read, or none that the command is for."""
    BUG = 70
    """The program is at fault; the log says more."""
    CANCELLED = 130
    """Stopped by Ctrl+C."""
