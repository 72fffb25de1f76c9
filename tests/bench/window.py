"""Scrolling and dragging the grey window in the whole window: alone, beside detection, and beside a fine-tuning.

400 slices of 512 x 512 with readers' and predicted boxes on, in 1200 x 1000. The detector is the bundled one; the
fine-tuning is a real worker, started by the dialog's own buttons, its page of curves open beside the window. napari,
where it is installed, shows the same volume and is told the slice or the grey limits, in a process of its own.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtWidgets import QApplication

from lungview.ui import theme
from tests.bench.gestures import Gesture, Timing, perform, rest, wait_until
from tests.bench.rows import Row, Scale, UnableError
from tests.bench.series import write_patients
from tests.support.scroll_scene import WindowScene, load_detector
from tests.support.volumes import make_stack

SIZE = (1200, 1000)
SLICES = 400
BAR_MS, BAR_WHILE_TRAINING_MS, BAR_BLOCK_MS = 16.0, 33.0, 100.0
_STARTING = 10_000
"""Frames after which a training that has not begun to learn is given up."""

Goes = Callable[[int], bool]


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Measure both gestures everywhere."""
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    theme.apply(app, theme.Scheme.DARK)
    scene = WindowScene(make_stack(SLICES, 512, 512, slice_mm=1.0), partial(load_detector, "bundled"), SIZE)
    wait_until(app, lambda: scene.state.volume is not None)
    rest(app, _in(1.0))
    napari = _napari(scale.frames)
    found: list[Row] = []

    def for_all(count: int) -> bool:
        return count < scale.frames

    for gesture in Gesture:
        found += _alone(gesture, perform(app, scene, gesture, for_all), napari.get(gesture.value))
    for gesture in Gesture:
        found += _beside_detection(app, scene, gesture, for_all)
    found += _beside_training(app, scene, folder, for_all)
    scene.close()
    return found


def _alone(gesture: Gesture, ours: Timing, napari: Mapping[str, float] | None) -> list[Row]:
    beside = {"napari": napari["p50_ms"]} if napari else {}
    beside_99 = {"napari": napari["p99_ms"]} if napari else {}
    return [
        _row(gesture, "median", ours.p50_ms, ours, beside=beside),
        _row(gesture, "99th percentile", ours.p99_ms, ours, bar_ms=BAR_MS, beside=beside_99),
    ]


def _beside_detection(app: QApplication, scene: WindowScene, gesture: Gesture, goes: Goes) -> list[Row]:
    answers: list[int] = []
    scene.state.detections_changed.connect(answers.append)
    scene.start_detector()
    wait_until(app, lambda: any(index >= 0 for index in answers))
    ours = perform(app, scene, gesture, lambda count: goes(count) and scene.is_detecting)
    scene.state.detections_changed.disconnect(answers.append)
    return [_row(gesture, "99th percentile, detection runs", ours.p99_ms, ours, bar_ms=BAR_MS)]


def _beside_training(app: QApplication, scene: WindowScene, folder: Path, goes: Goes) -> list[Row]:
    """From the dialog's opening on: the drag while it looks, checks and starts; then both while the worker learns."""
    scene.stop_detector()
    write_patients(folder / "patients", slices=48, size=512)
    starter = scene.start_training(folder / "patients")
    starting = perform(app, scene, Gesture.DRAG, lambda count: not starter.is_learning and count < _STARTING)
    if not starter.is_learning:
        raise UnableError("the training did not begin to learn: is the machine too busy?")
    found = [_row(Gesture.DRAG, "longest, a training is set up", starting.worst_ms, starting, bar_ms=BAR_BLOCK_MS)]
    for gesture in Gesture:
        ours = perform(app, scene, gesture, lambda count: goes(count) and starter.is_learning)
        what = "a training runs"
        found += [
            _row(gesture, f"99th percentile, {what}", ours.p99_ms, ours, bar_ms=BAR_WHILE_TRAINING_MS),
            _row(gesture, f"longest, {what}", ours.worst_ms, ours, bar_ms=BAR_BLOCK_MS),
        ]
    starter.end()
    wait_until(app, lambda: not starter.is_learning)
    return found


def _row(
    gesture: Gesture,
    what: str,
    ms: float,
    ours: Timing,
    *,
    bar_ms: float = 0.0,
    beside: Mapping[str, float] | None = None,
) -> Row:
    also = {
        "p50": ours.p50_ms,
        "p99": ours.p99_ms,
        "longest": ours.worst_ms,
        "GUI thread alone, p50": ours.cpu_p50_ms,
        "GUI thread alone, p99": ours.cpu_p99_ms,
    }
    ratios = {name: ms / theirs for name, theirs in (beside or {}).items()}
    bar = f"under {bar_ms:.0f} ms" if bar_ms else ""
    is_met = ms < bar_ms if bar_ms else None
    return Row("window", f"{gesture}: {what}", "ms", ms, ours.frames, dict(beside or {}), ratios, {}, also, bar, is_met)


def _napari(frames: int) -> dict[str, dict[str, float]]:
    """Timings by gesture; nothing where napari is not installed, or cannot open a window here."""
    if find_spec("napari") is None:
        return {}
    command = [sys.executable, "-m", "tests.bench.napari_window", str(frames)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode:
        print(f"napari could not be measured: {(done.stderr.strip().splitlines() or ['?'])[-1]}", file=sys.stderr)
        return {}
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def _in(seconds: float) -> float:
    return time.perf_counter() + seconds
