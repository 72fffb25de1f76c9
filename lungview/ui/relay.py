"""From a job's thread to the GUI thread, in batches: many small answers must not flood the event loop."""

import threading
from collections import deque
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal

T = TypeVar("T")


class BatchRelay(QObject, Generic[T]):
    """Collects values posted from any thread and hands them over on its own thread, some at a time."""

    arrived = Signal(list)
    """Values in the order they were posted."""
    _woken = Signal()

    def __init__(self, parent: QObject | None = None, *, interval_ms: int = 40, batch: int = 16) -> None:
        super().__init__(parent)
        self._waiting: deque[T] = deque()
        self._lock = threading.Lock()
        self._is_awake = False
        self._batch = batch
        self._timer = QTimer(self)
        self._timer.setInterval(interval_ms)
        self._timer.timeout.connect(self._hand_over)
        self._woken.connect(self._on_woken, Qt.ConnectionType.QueuedConnection)

    def post(self, value: T) -> None:
        """Send a value; the first after a pause goes at once, those behind it wait for the timer. Any thread."""
        with self._lock:
            self._waiting.append(value)
            if self._is_awake:
                return
            self._is_awake = True
        self._woken.emit()

    def flush(self) -> None:
        """Hand over all that waits now; on the relay's own thread, before the end of the work is told."""
        while self._waiting:
            self._hand_over()

    def clear(self) -> None:
        """Drop what waits."""
        with self._lock:
            self._waiting.clear()

    def _on_woken(self) -> None:
        self._hand_over()
        if not self._timer.isActive():
            self._timer.start()

    def _hand_over(self) -> None:
        with self._lock:
            values = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
            if not values:
                self._is_awake = False
        if values:
            self.arrived.emit(values)
        else:
            self._timer.stop()
