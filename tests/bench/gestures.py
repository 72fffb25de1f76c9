"""How long a wheel notch or a step of a window drag takes until it is painted, timed from when the hand made it.

Every notch and every move of the mouse is a real Qt event. Events are due 60 times a second, as under a hand; the time
of one runs from when it was due until its frame was painted and handed to the screen, so that whatever else held the
window up counts in full. Between them the event loop runs on.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from lungview.domain.arrays import FloatArray
from tests.bench.rows import UnableError
from tests.support.scroll_scene import Scene

PACE_S = 1 / 60
WARM_UP = 10
_REACH = 120
"""How far a drag goes to either side, px."""


class Gesture(StrEnum):
    """What the hand does."""

    SCROLL = "scroll"
    DRAG = "window drag"


@dataclass(frozen=True, slots=True)
class Timing:
    """Event due to painted frame, ms.

    cpu_*: what the GUI thread itself spent, without waiting for a core or for the interpreter lock.
    """

    frames: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    cpu_p50_ms: float
    cpu_p99_ms: float


class PaintWatch(QObject):
    """Counts the paint events of a widget; each is handled before the pass of the event loop that sent it ends."""

    def __init__(self, watched: QObject) -> None:
        super().__init__(watched)
        self.painted = 0
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count."""
        if event.type() == QEvent.Type.Paint:
            self.painted += 1
        return False


def perform(app: QApplication, scene: Scene, gesture: Gesture, goes_on: Callable[[int], bool]) -> Timing:
    """Make the gesture as long as it is to go on, asked with the number of frames so far."""
    pane = scene.pane
    wheel = Wheel(scene) if gesture is Gesture.SCROLL else None
    act = wheel.turn if wheel is not None else Drag(pane).move
    taken = pace(app, PaintWatch(pane), act, goes_on)
    if wheel is None:
        _send(pane, QEvent.Type.MouseButtonRelease, QPointF(pane.rect().center()))
    return timing(taken)


def pace(app: QApplication, watch: PaintWatch, act: Callable[[], None], goes_on: Callable[[int], bool]) -> FloatArray:
    """Return (frames, 2) seconds of each act until it is painted, on the clock and of the thread."""
    taken: list[tuple[float, float]] = []
    due, count = time.perf_counter() + PACE_S, 0
    while goes_on(len(taken)):
        rest(app, due)
        before, spent = watch.painted, time.thread_time()
        act()
        while watch.painted == before:
            app.processEvents()
        now = time.perf_counter()
        count += 1
        if count > WARM_UP:
            taken.append((now - due, time.thread_time() - spent))
        due = max(due + PACE_S, now)
    return np.array(taken)


def timing(taken: FloatArray) -> Timing:
    """Sum up one gesture."""
    if not len(taken):
        raise UnableError("there was no time for a single frame")
    (p50, cpu_p50), (p99, cpu_p99), (worst, _) = (np.percentile(taken, (50, 99, 100), axis=0) * 1000).tolist()
    return Timing(len(taken), p50, p99, worst, cpu_p50, cpu_p99)


def rest(app: QApplication, until: float) -> None:
    """Let the event loop run until a time."""
    app.processEvents()
    while time.perf_counter() < until:
        time.sleep(0.001)
        app.processEvents()


def wait_until(app: QApplication, is_so: Callable[[], bool], seconds: float = 300.0) -> None:
    """Let the event loop run until something is so."""
    until = time.perf_counter() + seconds
    while not is_so():
        if time.perf_counter() > until:
            raise TimeoutError("what the benchmark waits for does not come")
        rest(app, time.perf_counter() + 0.02)


class Wheel:
    """Notches towards the reader over the middle of the pane, from the top down, over and over."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def turn(self) -> None:
        """One notch."""
        state, pane = self._scene.state, self._scene.pane
        if state.stack is not None and state.slice_index == state.stack.slice_count - 1:
            state.go_to_slice(0)
        middle = QPointF(pane.rect().center())
        event = QWheelEvent(
            middle,
            QPointF(pane.mapToGlobal(middle.toPoint())),
            QPoint(),
            QPoint(0, -120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(pane, event)


class Drag:
    """The left button held down and moved to and fro, which changes the window with every pixel."""

    def __init__(self, pane: QWidget) -> None:
        self._pane, self._step = pane, 0
        _send(pane, QEvent.Type.MouseButtonPress, QPointF(pane.rect().center()))

    def move(self) -> None:
        """Some pixels on."""
        self._step += 3
        turn = self._step % (4 * _REACH)
        across = _REACH - abs(turn - 2 * _REACH)
        _send(self._pane, QEvent.Type.MouseMove, QPointF(self._pane.rect().center()) + QPointF(across, across / 2))


def _send(pane: QWidget, kind: QEvent.Type, at: QPointF) -> None:
    moves = kind == QEvent.Type.MouseMove
    held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
    event = QMouseEvent(
        kind,
        at,
        QPointF(pane.mapToGlobal(at.toPoint())),
        Qt.MouseButton.NoButton if moves else Qt.MouseButton.LeftButton,
        held,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(pane, event)
