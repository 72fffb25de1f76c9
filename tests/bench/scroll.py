"""How long a wheel notch takes until the next slice is painted, alone and while a detector runs.

    xvfb-run -a -s "-screen 0 1600x1200x24" python tests/bench/scroll.py [--detector fake|bundled] [--json]

400 slices of 512 x 512 with readers' and predicted boxes on, in a window of 1200 x 1000. Every notch is a real wheel
event; its time runs from sending it until its frame was painted and handed to the screen. Between notches the event
loop runs on, so that answers of the detector arrive as they would. The bar is 16 ms at the 99th percentile.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a script: tests.support is found from the checkout

from lungview.domain.arrays import HuArray
from lungview.domain.box import Box
from lungview.domain.detection import Detection, Detector, ModelInfo, SliceDetections
from lungview.domain.finding import Finding
from lungview.domain.study import Stack
from lungview.domain.volume import Volume
from lungview.task import Task
from lungview.ui import theme
from lungview.ui.detection_controller import DetectionController
from lungview.ui.display_state import DisplayState
from lungview.ui.jobs import JobRunner
from lungview.ui.panes.axial import AxialPane
from lungview.ui.services import Services
from lungview.ui.state import ViewerState
from tests.support.states import make_case
from tests.support.volumes import make_stack, make_volume, uid

BAR_MS = 16.0
SIZE = (1200, 1000)
PACE_S = 1 / 60
"""Between notches, so that the event loop runs on as it does under a hand."""
WARM_UP = 10


@dataclass(frozen=True, slots=True)
class Timing:
    """Wheel event to painted frame, ms. answers: slices the detector finished meanwhile."""

    name: str
    frames: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    answers: int

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


class BusyDetector:
    """Stands in for a network: arithmetic that lets go of the interpreter lock, with Python between."""

    info = ModelInfo("fake", "Fake", "none", "0", 0, has_score=True, has_attention=True)
    device = "cpu"

    def detect(self, volume: Volume, indices: Iterable[int], task: Task) -> Iterator[SliceDetections]:
        """Yield two boxes and an attention map for each slice."""
        for index in indices:
            task.check()
            values = volume.voxels[index].astype(np.float32)
            for _ in range(20):
                values = np.tanh(values * 1.01 + 0.1)
            checksum = sum(range(20_000)) % 7
            boxes = (Detection(Box(200, 210, 260, 265), 0.9), Detection(Box(300, 110, 330, 140 + checksum), 0.5))
            yield SliceDetections(index, boxes, np.abs(np.nan_to_num(values[::16, ::16])))


def phantom(slices: int) -> HuArray:
    """Noisy tissue: (slices, 512, 512) HU."""
    tile = np.random.default_rng(0).normal(-600, 300, (8, 512, 512)).astype(np.int16)
    return np.stack([np.roll(tile[k % 8], 7 * k, axis=1) for k in range(slices)])


def fill(state: ViewerState, stack: Stack) -> Volume:
    """Show a stack with a reader's and two predicted boxes on every slice."""
    volume = make_volume(stack, phantom(stack.slice_count))
    findings = {uid(k): (Finding(uid(k), Box(205, 205, 262, 260), "A"),) for k in range(stack.slice_count)}
    state.open_case(make_case(stack, findings=findings))
    state.choose_stack(stack)
    state.set_volume(volume)
    for k in range(stack.slice_count):
        boxes = (Detection(Box(200, 210, 260, 265), 0.9), Detection(Box(300, 110, 330, 140), 0.5))
        state.add_detections(stack.key, SliceDetections(k, boxes))
    return volume


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


def scroll(app: QApplication, state: ViewerState, pane: AxialPane, frames: int) -> list[float]:
    """Return seconds for each notch, from the top slice down, over and over."""
    watch = PaintWatch(pane)
    taken: list[float] = []
    last = (state.stack.slice_count if state.stack else 1) - 1
    for frame in range(frames + WARM_UP):
        if state.slice_index == last:
            state.go_to_slice(0)
            app.processEvents()
        before, event = watch.painted, notch(pane)
        start = time.perf_counter()
        QApplication.sendEvent(pane, event)
        while watch.painted == before:
            app.processEvents()
        elapsed = time.perf_counter() - start
        if frame >= WARM_UP:
            taken.append(elapsed)
        rest(app, start + PACE_S)
    return taken


def rest(app: QApplication, until: float) -> None:
    """Let the event loop run until the next notch."""
    app.processEvents()
    while time.perf_counter() < until:
        time.sleep(0.001)
        app.processEvents()


def timing(name: str, taken: list[float], answers: int = 0) -> Timing:
    """Sum up one run."""
    p50, p99, worst = (float(each) * 1000 for each in np.percentile(taken, (50, 99, 100)))
    return Timing(name, len(taken), p50, p99, worst, answers)


def load(kind: str) -> Detector:
    """The detector to disturb the window with."""
    if kind == "fake":
        return BusyDetector()
    from lungview.detection.registry import load_detector

    return load_detector()


def with_detector(app: QApplication, state: ViewerState, volume: Volume, detector: Detector) -> Callable[[], int]:
    """Start a detector in the background as the window does; returns how to count its answers."""
    services = Services(_unused, _unused, lambda _name: detector, lambda: (detector.info,))  # type: ignore[arg-type]
    controller = DetectionController(state, services, JobRunner(app), app)
    answers: list[int] = []
    state.detections_changed.connect(answers.append)
    controller.load("")
    controller.show_volume(volume)
    while not answers or answers[-1] < 0:
        rest(app, time.perf_counter() + 0.01)
    app.aboutToQuit.connect(controller.stop)
    return lambda: len(answers)


def _unused(*_args: object, **_named: object) -> object:
    raise AssertionError("the benchmark opens no folder")


def main() -> int:
    """Run what was asked for, print the table; exit status 1 where the bar is missed."""
    asked = arguments()
    app = QApplication(sys.argv[:1])
    theme.apply(app, theme.Scheme.DARK)
    state, display = ViewerState(), DisplayState()
    pane = AxialPane(state, display)
    pane.resize(*SIZE)
    pane.show()
    volume = fill(state, make_stack(asked.slices, 512, 512))
    rest(app, time.perf_counter() + 0.5)
    timings = [timing("alone", scroll(app, state, pane, asked.frames))]
    if asked.detector != "none":
        count = with_detector(app, state, volume, load(asked.detector))
        taken = scroll(app, state, pane, asked.frames)
        timings.append(timing(f"while the {asked.detector} detector runs", taken, count()))
    show(timings, as_json=asked.json)
    app.quit()
    return 0 if all(each.passes for each in timings) else 1


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
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
    print(f"{'wheel to painted frame, ms':40}{'frames':>8}{'p50':>8}{'p99':>8}{'worst':>8}{'answers':>9}")
    for each in timings:
        row = f"{each.name:40}{each.frames:8}{each.p50_ms:8.1f}{each.p99_ms:8.1f}{each.worst_ms:8.1f}{each.answers:9}"
        print(row + ("" if each.passes else f"   over the bar of {BAR_MS:.0f}"))


if __name__ == "__main__":
    raise SystemExit(main())
