"""Background work that steps aside for the moment in which a frame is made.

Python lets one thread run at a time and shares that time fairly: work that is all Python halves the pace of the GUI
thread while it runs. Work that checks its task often waits here instead, until the frame is painted.
"""

import threading
import time
from collections.abc import Callable

from lungview.task import Task

FRAME_S = 0.012
"""How long making a frame may take; the work goes on in what is left until the next one."""
LONGEST_WAIT_S = 0.1
"""Work waits no longer than this at one place, so that it gets on however fast the wheel is turned."""


class Courtesy:
    """Told by the GUI thread when a frame begins; asked by jobs before each of their steps."""

    def __init__(self) -> None:
        self._frame_until_s = 0.0

    def make_way(self) -> None:
        """A frame begins: jobs are to wait for the time it takes."""
        self._frame_until_s = time.monotonic() + FRAME_S

    def wait(self) -> None:
        """Return when no frame is being made; at once on the GUI thread, which can't wait for itself."""
        if threading.current_thread() is threading.main_thread():
            return
        longest_s = time.monotonic() + LONGEST_WAIT_S
        while (now_s := time.monotonic()) < min(self._frame_until_s, longest_s):
            time.sleep(max(min(self._frame_until_s, longest_s) - now_s, 0.0))


class CourteousTask(Task):
    """A task whose every check waits for the frame that is being made."""

    def __init__(self, courtesy: Courtesy, on_progress: Callable[[int, int], None] | None = None) -> None:
        super().__init__(on_progress)
        self._courtesy = courtesy

    def check(self) -> None:
        """Wait for a frame, then raise Cancelled if the reader has asked to stop."""
        self._courtesy.wait()
        super().check()
