"""Opening and reading, the newest wish first."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from lungview.domain.study import Stack
from lungview.domain.volume import Volume
from lungview.reading.case import Case
from lungview.task import Task
from lungview.ui.jobs import JobRunner
from lungview.ui.reading_controller import ReadingController
from lungview.ui.services import Services
from lungview.ui.state import ViewerState
from tests.support.detectors import ScriptedDetector
from tests.support.states import make_case
from tests.support.volumes import make_stack, make_volume

FIRST, SECOND = make_stack(8, key="first"), make_stack(5, key="second")


class Reader:
    """Reads a stack slice by slice, each when it is let go."""

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)
        self.firsts: list[int | None] = []

    def __call__(
        self,
        stack: Stack,
        task: Task,
        *,
        first: int | None = None,
        on_slice: Callable[[Volume, int], None] | None = None,
    ) -> Volume:
        self.firsts.append(first)
        volume = make_volume(stack, is_read=False)
        order = sorted(range(stack.slice_count), key=lambda index: abs(index - (first or 0)))
        for index in order:
            while not self.gate.acquire(timeout=0.01):
                task.check()
            volume.is_read[index] = True
            if on_slice is not None:
                on_slice(volume, index)
        return volume


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def state(qapp: object) -> ViewerState:
    return ViewerState()


@pytest.fixture
def controller(state: ViewerState, runner: JobRunner, reader: Reader) -> ReadingController:
    def open_case(path: Path, task: Task, annotations: Path | None = None) -> Case:
        if path.name == "slow":
            while True:
                task.check()
                threading.Event().wait(0.002)
        return make_case(FIRST, SECOND)

    services = Services(open_case, reader, lambda _name: ScriptedDetector(), lambda: ())
    return ReadingController(state, services, runner)


def test_the_visible_slice_is_read_and_shown_before_the_rest(
    qtbot: QtBot, state: ViewerState, controller: ReadingController, reader: Reader
) -> None:
    read: list[int] = []
    state.slice_read.connect(read.append)
    controller.open_path(Path("folder"))
    reader.gate.release(1)
    qtbot.waitUntil(lambda: read == [4])
    assert reader.firsts == [4]
    assert state.volume is not None
    assert state.stack is FIRST
    with qtbot.waitSignal(controller.loaded):
        reader.gate.release(7)
    assert sorted(read) == list(range(8))


def test_another_stack_ends_the_reading_before_it(
    qtbot: QtBot, state: ViewerState, controller: ReadingController, reader: Reader
) -> None:
    loaded: list[str] = []
    controller.loaded.connect(lambda volume: loaded.append(volume.stack.key))
    controller.open_path(Path("folder"))
    qtbot.waitUntil(lambda: reader.firsts == [4])
    controller.choose_stack(SECOND)
    qtbot.waitUntil(lambda: reader.firsts == [4, 2])
    reader.gate.release(20)
    qtbot.waitUntil(lambda: loaded == ["second"])
    assert state.volume is not None
    assert state.volume.stack is SECOND


def test_a_newer_folder_cancels_the_older_scan(
    qtbot: QtBot, state: ViewerState, controller: ReadingController, reader: Reader
) -> None:
    reader.gate.release(100)
    controller.open_path(Path("slow"))
    controller.open_path(Path("folder"))
    with qtbot.waitSignal(controller.loaded):
        pass
    assert controller.path == Path("folder")
    assert not controller.is_opening


def test_closing_lets_go_of_everything(
    qtbot: QtBot, state: ViewerState, controller: ReadingController, reader: Reader, runner: JobRunner
) -> None:
    controller.open_path(Path("folder"))
    qtbot.waitUntil(lambda: state.stack is not None)
    controller.close()
    assert (state.case, state.stack, state.volume, controller.path) == (None, None, None, None)
    qtbot.waitUntil(lambda: not runner.jobs)
