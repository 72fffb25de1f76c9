"""A sign of life every few seconds, so that whoever watches a run can tell a slow one from a dead one."""

import threading
import time
from collections.abc import Callable
from types import TracebackType

from lungview_training.events import Heartbeat, Phase

SECONDS = 10.0


class Heart:
    """Beats in a thread of its own while it is entered."""

    def __init__(self, tell: Callable[[Heartbeat], None], seconds: float = SECONDS) -> None:
        self._tell, self._seconds = tell, seconds
        self._over = threading.Event()
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._beat, name="training-heartbeat", daemon=True)
        self._phase, self._step, self._left = Phase.READING, 0, 0
        self._pace: float | None = None

    def __enter__(self) -> "Heart":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def busy_with(self, phase: Phase) -> None:
        """From now on."""
        self._phase = phase

    def stepped(self, step: int, steps: int, seconds: float) -> None:
        """A step is done; the pace is that of the last steps or so."""
        self._step, self._left = step, steps - step
        self._pace = seconds if self._pace is None else 0.95 * self._pace + 0.05 * seconds

    def _beat(self) -> None:
        while not self._over.wait(self._seconds):
            left = None if self._pace is None else self._pace * self._left
            self._tell(Heartbeat(self._step, self._phase, time.monotonic() - self._began, left))
