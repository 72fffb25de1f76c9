"""What the scroll benchmark scrolls in: a pane by itself or the whole window, with a detector that waits for a word."""

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from PySide6.QtWidgets import QApplication, QWidget

from lungview.domain.arrays import HuArray
from lungview.domain.box import Box
from lungview.domain.detection import Detection, Detector, ModelInfo, SliceDetections
from lungview.domain.finding import Finding
from lungview.domain.study import Stack
from lungview.domain.volume import Volume
from lungview.reading.case import Case
from lungview.task import Task
from lungview.training_services import training_services
from lungview.ui.detection_controller import DetectionController
from lungview.ui.display_state import DisplayState
from lungview.ui.jobs import JobRunner
from lungview.ui.main_window import MainWindow
from lungview.ui.panes.axial import AxialPane
from lungview.ui.services import Services
from lungview.ui.settings import Settings, SettingsStore
from lungview.ui.state import ViewerState
from tests.support.states import make_case
from tests.support.training_starter import TrainingStarter
from tests.support.volumes import make_volume, uid

BOXES = (Detection(Box(200, 210, 260, 265), 0.9), Detection(Box(300, 110, 330, 140), 0.5))
READERS_BOX = Box(205, 205, 262, 260)


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
            sum(range(20_000))
            yield SliceDetections(index, BOXES, np.abs(values[::16, ::16]))


def load_detector(kind: str) -> Detector:
    """The detector named: "fake", or "bundled" for the program's own."""
    if kind == "fake":
        return BusyDetector()
    from lungview.app import load_detector as load

    return load(is_cached=False, leaves_a_core=True)  # as the window does, but that nothing is remembered


def phantom(slices: int) -> HuArray:
    """Noisy tissue: (slices, 512, 512) HU."""
    tile = np.random.default_rng(0).normal(-600, 300, (8, 512, 512)).astype(np.int16)
    return np.stack([np.roll(tile[k % 8], 7 * k, axis=1) for k in range(slices)])


class Scene(Protocol):
    """A pane to scroll in. start_detector: lets the detector run from now on; it was loaded before."""

    @property
    def pane(self) -> AxialPane:
        """Where the wheel turns."""
        ...

    @property
    def state(self) -> ViewerState:
        """What is shown."""
        ...

    @property
    def display(self) -> DisplayState:
        """How it is shown."""
        ...

    def start_detector(self) -> None:
        """Let the detector look at every slice."""
        ...

    def close(self) -> None:
        """End all jobs."""
        ...


def boxed_case(stack: Stack) -> Case:
    """A case with a reader's box on every slice."""
    return make_case(stack, findings={uid(k): (Finding(uid(k), READERS_BOX, "A"),) for k in range(stack.slice_count)})


def box_all(state: ViewerState, stack: Stack) -> None:
    """Put two predicted boxes on every slice."""
    for k in range(stack.slice_count):
        state.add_detections(stack.key, SliceDetections(k, BOXES))


class PaneScene:
    """The axial pane by itself."""

    def __init__(self, stack: Stack, detector: Callable[[], Detector], size: tuple[int, int]) -> None:
        self.state, self._runner = ViewerState(), JobRunner(QApplication.instance())
        self.display = DisplayState(self.state)
        self.pane = AxialPane(self.state, self.display)
        self._detector, self._volume = detector, make_volume(stack, phantom(stack.slice_count))
        _show(self.pane, size)
        self.state.open_case(boxed_case(stack))
        self.state.choose_stack(stack)
        self.state.set_volume(self._volume)
        box_all(self.state, stack)

    def start_detector(self) -> None:
        """Run it as the window does."""
        detector = self._detector()
        services = _services(make_case(self._volume.stack), self._volume, lambda _name: detector, Path())
        controller = DetectionController(self.state, services, self._runner, self._runner)
        controller.load("")
        controller.show_volume(self._volume)

    def close(self) -> None:
        """End the run."""
        self._runner.shut_down()
        self.pane.close()


class WindowScene:
    """The whole main window with all its panes and lists; its detector loads once it may."""

    def __init__(self, stack: Stack, detector: Callable[[], Detector], size: tuple[int, int]) -> None:
        self._may_load, self._folder = threading.Event(), tempfile.TemporaryDirectory()
        home = Path(self._folder.name)
        SettingsStore(home / "settings.ini").save(Settings(is_notice_shown=True))
        volume = make_volume(stack, phantom(stack.slice_count))

        def load(_name: str) -> Detector:
            self._may_load.wait()
            return detector()

        self._window = MainWindow(_services(boxed_case(stack), volume, load, home))
        self.pane, self.state, self.display = self._window.axial, self._window.state, self._window.display
        _show(self._window, size)
        self._window.open_path(home)
        self.state.volume_changed.connect(lambda: box_all(self.state, stack))

    @property
    def is_detecting(self) -> bool:
        """Whether the detector looks at slices."""
        return self._window.detection.is_running

    def start_detector(self) -> None:
        """Let it load and run, or run anew."""
        if self._may_load.is_set():
            self._window.detection.run()
        self._may_load.set()

    def stop_detector(self) -> None:
        """Let it look no further."""
        self._window.detection.stop()

    def start_training(self, data: Path) -> TrainingStarter:
        """Open the training dialog and start a training on a folder."""
        return TrainingStarter(self._window, data)

    def close(self) -> None:
        """Close the window and what it left."""
        self._may_load.set()
        self._window.close()
        self._folder.cleanup()


def _show(widget: QWidget, size: tuple[int, int]) -> None:
    widget.resize(*size)
    widget.show()


def _services(case: Case, volume: Volume, load: Callable[[str], Detector], home: Path) -> Services:
    def open_case(path: Path, task: Task, annotations: Path | None = None) -> Case:
        return case

    def load_volume(
        stack: Stack,
        task: Task,
        *,
        first: int | None = None,
        on_slice: Callable[[Volume, int], None] | None = None,
    ) -> Volume:
        if on_slice is not None:
            on_slice(volume, first or 0)
        return volume

    training = training_services(home / "trainings")
    return Services(
        open_case,
        load_volume,
        load,
        available_models=lambda: (),
        settings_file=home / "settings.ini",
        data_folder=home,
        training=training,
    )
