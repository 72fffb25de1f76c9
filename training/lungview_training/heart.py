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
        self._steps = 0
        self._since = self._began
        self._aside = 0.0
        """Seconds that evaluating and saving have taken so far."""

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
        now = time.monotonic()
        if self._phase in (Phase.EVALUATING, Phase.SAVING):
            self._aside += now - self._since
        self._phase, self._since = phase, now

    def stepped(self, step: int, steps: int, seconds: float) -> None:
        """A step is done; the pace is that of the last steps or so, with its share of evaluating and saving."""
        self._step, self._left = step, steps - step
        self._steps += 1
        self._pace = seconds if self._pace is None else 0.95 * self._pace + 0.05 * seconds

    def _beat(self) -> None:
        while not self._over.wait(self._seconds):
            self._tell(Heartbeat(self._step, self._phase, time.monotonic() - self._began, self.left_s))

    @property
    def left_s(self) -> float | None:
        """Seconds until the last step, None before the first."""
        if self._pace is None or not self._steps:
            return None
        return (self._pace + self._aside / self._steps) * self._left
