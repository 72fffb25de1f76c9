"""The scroll benchmark itself, on a few frames."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from PySide6.QtWidgets import QApplication

from tests.support.scroll_scene import BusyDetector, PaneScene, WindowScene
from tests.support.volumes import make_stack

_SCRIPT = Path(__file__).resolve().parents[2] / "bench" / "scroll.py"


@pytest.fixture
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scroll_bench", _SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("make", [PaneScene, WindowScene])
def test_frames_are_timed_alone_and_beside_a_detector(
    qapp: QApplication, bench: ModuleType, make: type[PaneScene] | type[WindowScene]
) -> None:
    scene = make(make_stack(slices=30, rows=64, columns=64, slice_mm=1.0), BusyDetector, (400, 300))
    try:
        alone, beside = bench.measure(qapp, scene, "fake", 5)
    finally:
        scene.close()
    assert (alone.frames, beside.frames) == (5, 5)
    assert 0 < alone.p50_ms <= alone.p99_ms <= alone.worst_ms
    assert alone.answers == 0
