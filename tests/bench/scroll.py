"""How long a wheel notch takes until the next slice is painted, alone and while a detector runs.

    xvfb-run -a -s "-screen 0 1600x1200x24" python tests/bench/scroll.py [--window main] [--detector bundled] [--json]

400 slices of 512 x 512 with readers' and predicted boxes on, in 1200 x 1000: the axial pane by itself, or the whole
window. Every notch is a real wheel event; its time runs from sending it until its frame was painted and handed to the
screen. Between notches the event loop runs on, so that answers of the detector arrive as they would. The bar is 16 ms
at the 99th percentile.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a script: tests.support is found from the checkout

from lungview.domain.arrays import FloatArray
from lungview.ui import theme
from lungview.ui.panes.axial import AxialPane
from lungview.ui.state import ViewerState
from tests.support.scroll_scene import PaneScene, Scene, WindowScene, load_detector
from tests.support.volumes import make_stack

BAR_MS = 16.0
SIZE = (1200, 1000)
PACE_S = 1 / 60
"""Between notches, so that the event loop runs on as it does under a hand."""
WARM_UP = 10


@dataclass(frozen=True, slots=True)
class Timing:
    """Wheel event to painted frame, ms.

    cpu_*: what the GUI thread itself spent, without waiting for a core or for the interpreter lock. answers: slices
    the detector finished meanwhile. load: how many programs wanted the machine's cores.
    """

    name: str
    frames: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    cpu_p50_ms: float
    cpu_p99_ms: float
    answers: int
    load: float

    @property
    def passes(self) -> bool:
        """Whether the bar is met."""
        return self.p99_ms < BAR_MS


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


def notch(pane: AxialPane) -> QWheelEvent:
    """One notch of the wheel towards the reader, over the middle of the pane."""
    middle = QPointF(pane.rect().center())
    return QWheelEvent(
        middle,
        QPointF(pane.mapToGlobal(middle.toPoint())),
        QPoint(),
        QPoint(0, -120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )


def scroll(app: QApplication, state: ViewerState, pane: AxialPane, frames: int) -> FloatArray:
    """Return (frames, 2) seconds for each notch, on the clock and of the thread, from the top down, over and over."""
    watch = PaintWatch(pane)
    taken: list[tuple[float, float]] = []
    last = (state.stack.slice_count if state.stack else 1) - 1
    for frame in range(frames + WARM_UP):
        if state.slice_index == last:
            state.go_to_slice(0)
            app.processEvents()
        before, event = watch.painted, notch(pane)
        start, spent = time.perf_counter(), time.thread_time()
        QApplication.sendEvent(pane, event)
        while watch.painted == before:
            app.processEvents()
        if frame >= WARM_UP:
            taken.append((time.perf_counter() - start, time.thread_time() - spent))
        rest(app, start + PACE_S)
    return np.array(taken)


def rest(app: QApplication, until: float) -> None:
    """Let the event loop run until a time."""
    app.processEvents()
    while time.perf_counter() < until:
        time.sleep(0.001)
        app.processEvents()


def timing(name: str, taken: FloatArray, answers: int = 0) -> Timing:
    """Sum up one run."""
    (p50, cpu_p50), (p99, cpu_p99), (worst, _) = (np.percentile(taken, (50, 99, 100), axis=0) * 1000).tolist()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return Timing(name, len(taken), p50, p99, worst, cpu_p50, cpu_p99, answers, load)


def measure(app: QApplication, scene: Scene, detector: str, frames: int) -> list[Timing]:
    """Scroll alone, then while the detector runs."""
    wait_until(app, lambda: scene.state.volume is not None)
    rest(app, time.perf_counter() + 1.0)
    timings = [timing("alone", scroll(app, scene.state, scene.pane, frames))]
    if detector != "none":
        answers: list[int] = []
        scene.state.detections_changed.connect(lambda index: answers.append(index) if index >= 0 else None)
        scene.start_detector()
        wait_until(app, lambda: bool(answers))
        before = len(answers)
        taken = scroll(app, scene.state, scene.pane, frames)
        timings.append(timing(f"while the {detector} detector runs", taken, len(answers) - before))
    return timings


def wait_until(app: QApplication, is_so: Callable[[], bool]) -> None:
    """Let the event loop run until something is so."""
    while not is_so():
        rest(app, time.perf_counter() + 0.02)


def main() -> int:
    """Run what was asked for, print the table; exit status 1 where the bar is missed."""
    asked = arguments()
    app = QApplication(sys.argv[:1])
    theme.apply(app, theme.Scheme.DARK)
    make = WindowScene if asked.window == "main" else PaneScene
    scene = make(make_stack(asked.slices, 512, 512, slice_mm=1.0), lambda: load_detector(asked.detector), SIZE)
    timings = measure(app, scene, asked.detector, asked.frames)
    scene.close()
    show(timings, as_json=asked.json)
    return 0 if all(each.passes for each in timings) else 1


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--window", choices=("pane", "main"), default="pane")
    parser.add_argument("--detector", choices=("none", "fake", "bundled"), default="fake")
    parser.add_argument("--frames", type=int, default=800)
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def show(timings: list[Timing], *, as_json: bool) -> None:
    """Print the table, or the same as JSON."""
    if as_json:
        print(json.dumps({"bar_ms": BAR_MS, "timings": [{**asdict(each), "passes": each.passes} for each in timings]}))
        return
    heads = f"{'p50':>7}{'p99':>7}{'worst':>7}{'cpu p50':>9}{'cpu p99':>9}{'answers':>9}{'load':>6}"
    print(f"{'wheel to painted frame, ms':34}{'frames':>8}{heads}")
    for each in timings:
        times = f"{each.p50_ms:7.1f}{each.p99_ms:7.1f}{each.worst_ms:7.1f}{each.cpu_p50_ms:9.1f}{each.cpu_p99_ms:9.1f}"
        verdict = "" if each.passes else f"   over the bar of {BAR_MS:.0f}"
        print(f"{each.name:34}{each.frames:8}{times}{each.answers:9}{each.load:6.1f}{verdict}")


if __name__ == "__main__":
    raise SystemExit(main())
