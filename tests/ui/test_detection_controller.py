"""Letting the model look: the visible slices first, and only for what is shown."""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from lungview.domain.detection import SliceDetections
from lungview.domain.study import StackKind
from lungview.domain.volume import Volume
from lungview.errors import DeviceMemoryError
from lungview.task import Task
from lungview.ui.detection_controller import DetectionController
from lungview.ui.jobs import JobRunner
from lungview.ui.services import Services
from lungview.ui.state import ViewerState
from tests.support.detectors import MODEL, ScriptedDetector
from tests.support.states import make_case
from tests.support.volumes import make_stack, make_volume


class SteppedDetector(ScriptedDetector):
    """Answers one slice each time it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Semaphore(0)
        self.was_cancelled = threading.Event()

    def detect(self, volume: Volume, indices: Iterable[int], task: Task) -> Iterator[SliceDetections]:
        try:
            for index in indices:
                self.asked.append(index)
                while not self.gate.acquire(timeout=0.01):
                    task.check()
                yield self.answer(index)
        finally:
            if task.is_cancelled:
                self.was_cancelled.set()


class FailingDetector(ScriptedDetector):
    """Runs out of memory at once."""

    def detect(self, volume: Volume, indices: Iterable[int], task: Task) -> Iterator[SliceDetections]:
        raise DeviceMemoryError("The GPU is full; close other programs.")
        yield


def services_with(*detectors: ScriptedDetector) -> Services:
    """Services that give the detectors in turn, the last one ever after."""
    left = list(detectors)

    def unused(*_args: object, **_named: object) -> object:
        raise AssertionError("nothing is opened here")

    return Services(
        open_case=unused,  # type: ignore[arg-type]
        load_volume=unused,  # type: ignore[arg-type]
        load_detector=lambda _name: left.pop(0) if len(left) > 1 else left[0],
        available_models=lambda: (MODEL,),
    )


@pytest.fixture
def state(qapp: object) -> ViewerState:
    """A state that shows ten slices."""
    made = ViewerState()
    stack = make_stack(10)
    made.open_case(make_case(stack, make_stack(6, key="other")))
    made.choose_stack(stack)
    made.set_volume(make_volume(stack))
    return made


@pytest.fixture
def parent(qapp: object) -> QObject:
    return QObject()


def controller(
    state: ViewerState, runner: JobRunner, parent: QObject, *detectors: ScriptedDetector
) -> DetectionController:
    made = DetectionController(state, services_with(*detectors), runner, parent)
    assert state.volume is not None
    made.show_volume(state.volume)
    return made


def test_every_slice_is_answered_the_visible_one_first(
    qtbot: QtBot, state: ViewerState, runner: JobRunner, parent: QObject
) -> None:
    detector = ScriptedDetector()
    controller(state, runner, parent, detector).load("")
    qtbot.waitUntil(lambda: len(state.detections) == 10)
    assert detector.asked[:3] == [5, 4, 6]


def test_scrolling_moves_the_models_attention(
    qtbot: QtBot, state: ViewerState, runner: JobRunner, parent: QObject
) -> None:
    detector = SteppedDetector()
    controller(state, runner, parent, detector).load("")
    qtbot.waitUntil(lambda: detector.asked == [5])
    state.go_to_slice(0)
    detector.gate.release(3)
    qtbot.waitUntil(lambda: len(detector.asked) == 4)
    assert detector.asked == [5, 0, 1, 2]


def test_another_stack_ends_the_run_and_its_answers_are_dropped(
    qtbot: QtBot, state: ViewerState, runner: JobRunner, parent: QObject
) -> None:
    detector = SteppedDetector()
    controller(state, runner, parent, detector).load("")
    qtbot.waitUntil(lambda: bool(detector.asked))
    detector.gate.release(2)
    assert state.case is not None
    state.choose_stack(state.case.scan.stacks[1])
    qtbot.waitUntil(detector.was_cancelled.is_set)
    qtbot.wait(120)
    assert not state.detections


def test_another_model_answers_anew_for_every_slice(
    qtbot: QtBot, state: ViewerState, runner: JobRunner, parent: QObject
) -> None:
    second = ScriptedDetector(info=replace(MODEL, name="second"))
    made = controller(state, runner, parent, ScriptedDetector(), second)
    made.load("")
    qtbot.waitUntil(lambda: len(state.detections) == 10)
    made.load("second")
    qtbot.waitUntil(lambda: len(second.asked) == 10 and len(state.detections) == 10)
    assert state.model == second.info


def test_captures_are_never_shown_to_the_model(
    qtbot: QtBot, state: ViewerState, runner: JobRunner, parent: QObject
) -> None:
    detector = ScriptedDetector()
    capture = make_stack(3, key="capture", kind=StackKind.CAPTURE)
    state.choose_stack(capture)
    made = DetectionController(state, services_with(detector), runner, parent)
    made.show_volume(make_volume(capture))
    with qtbot.waitSignal(made.model_loaded):
        made.load("")
    assert not made.is_running


def test_a_model_that_fails_while_running_is_told(
    qtbot: QtBot, state: ViewerState, runner: JobRunner, parent: QObject
) -> None:
    made = controller(state, runner, parent, FailingDetector())
    with qtbot.waitSignal(made.failed) as failed:
        made.load("")
    assert failed.args is not None
    assert "GPU is full" in str(failed.args[0])
    qtbot.waitUntil(lambda: not made.is_running)
