"""The benchmark of gestures itself, on a few frames."""

import pytest
from PySide6.QtWidgets import QApplication

from tests.bench.gestures import Gesture, perform, wait_until
from tests.support.scroll_scene import BusyDetector, PaneScene, WindowScene
from tests.support.volumes import make_stack


@pytest.mark.parametrize("make", [PaneScene, WindowScene])
def test_gestures_move_what_they_say_and_are_timed(
    qapp: QApplication, make: type[PaneScene] | type[WindowScene]
) -> None:
    scene = make(make_stack(slices=30, rows=64, columns=64, slice_mm=1.0), BusyDetector, (400, 300))
    try:
        wait_until(qapp, lambda: scene.state.volume is not None)
        before = scene.state.slice_index, scene.display.window
        timings = [perform(qapp, scene, gesture, lambda count: count < 5) for gesture in Gesture]
        after = scene.state.slice_index, scene.display.window
    finally:
        scene.close()
    assert [each.frames for each in timings] == [5, 5]
    assert all(0 < each.p50_ms <= each.p99_ms <= each.worst_ms for each in timings)
    assert before[0] != after[0]
    assert before[1] != after[1]
