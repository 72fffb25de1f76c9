"""Playing through the slices."""

from PySide6.QtCore import QEvent, QObject, QTimer, Signal

from lungview.ui.state import ViewerState

SLOWEST, FASTEST = 1, 60
"""Slices per second."""


class Cine(QObject):
    """Steps through the slices at a rate and begins anew at the end. Stops when the widget it belongs to is hidden."""

    playing_changed = Signal(bool)

    def __init__(self, state: ViewerState, parent: QObject | None = None, rate: int = 12) -> None:
        super().__init__(parent)
        self._state = state
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._step)
        self.set_rate(rate)
        state.stack_changed.connect(self.stop)
        if parent is not None:
            parent.installEventFilter(self)

    @property
    def rate(self) -> int:
        """Slices per second."""
        return self._rate

    def set_rate(self, rate: int) -> None:
        """Play at this many slices per second, held to what can be followed."""
        self._rate = min(max(rate, SLOWEST), FASTEST)
        self._timer.setInterval(round(1000 / self._rate))

    @property
    def is_playing(self) -> bool:
        """Whether slices change by themselves."""
        return self._timer.isActive()

    def play(self) -> None:
        """Begin to play, where there is more than one slice."""
        if not self.is_playing and self._state.stack is not None and self._state.stack.slice_count > 1:
            self._timer.start()
            self.playing_changed.emit(True)

    def stop(self) -> None:
        """Stop at the current slice."""
        if self.is_playing:
            self._timer.stop()
            self.playing_changed.emit(False)

    def toggle(self) -> None:
        """Play or stop."""
        if self.is_playing:
            self.stop()
        else:
            self.play()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stop playing where nobody looks."""
        if event.type() == QEvent.Type.Hide:
            self.stop()
        return False

    def _step(self) -> None:
        stack = self._state.stack
        if stack is not None:
            self._state.go_to_slice((self._state.slice_index + 1) % stack.slice_count)
