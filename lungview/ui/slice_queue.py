"""Which slice the model looks at next."""

import threading
from collections.abc import Iterable, Iterator


class SliceQueue(Iterator[int]):
    """Gives each slice once, nearest to the slice being looked at first; that one may change at any time.

    Drawn from in the detector's thread and steered from the GUI thread.
    """

    def __init__(self, indices: Iterable[int], focus: int) -> None:
        self._waiting = set(indices)
        self._focus = focus
        self._lock = threading.Lock()

    def __next__(self) -> int:
        with self._lock:
            if not self._waiting:
                raise StopIteration
            nearest = min(self._waiting, key=lambda index: (abs(index - self._focus), index))
            self._waiting.remove(nearest)
            return nearest

    def focus(self, index: int) -> None:
        """From now on begin with the slices nearest to this one."""
        with self._lock:
            self._focus = index
