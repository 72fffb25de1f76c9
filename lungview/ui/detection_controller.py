"""Loads the model and lets it look at the slices of the stack being read, the visible ones first."""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from lungview.domain.detection import Detector, ModelInfo, SliceDetections
from lungview.domain.volume import Volume
from lungview.task import Task
from lungview.ui.heap import collector_paused
from lungview.ui.jobs import Job, JobRunner
from lungview.ui.relay import BatchRelay
from lungview.ui.services import Services
from lungview.ui.slice_queue import SliceQueue
from lungview.ui.state import ViewerState


@dataclass(frozen=True, slots=True, eq=False)
class _Answer:
    run: int
    stack_key: str
    slice: SliceDetections


class DetectionController(QObject):
    """Owns the detector. Answers go to the state in small batches; a run ends with its stack or its model."""

    model_loaded = Signal(ModelInfo, str, str)
    """The model that answers from now on, its device, and the name or file that was asked for."""
    load_failed = Signal(str)
    """This name or file gave no model; the one before stays."""
    models_listed = Signal(tuple)
    """What can be chosen: ModelInfo by ModelInfo."""
    failed = Signal(object)
    """A model could not be loaded, or failed while running."""
    running_changed = Signal(bool)

    def __init__(
        self, state: ViewerState, services: Services, runner: JobRunner, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._services, self._runner = state, services, runner
        self._detector: Detector | None = None
        self._volume: Volume | None = None
        self._queue: SliceQueue | None = None
        self._loading: Job[Detector] | None = None
        self._job: Job[None] | None = None
        self._run = 0
        self._relay: BatchRelay[_Answer] = BatchRelay(self, interval_ms=60, batch=8)
        self._relay.arrived.connect(self._on_answers)
        state.slice_changed.connect(self._on_slice_changed)
        state.stack_changed.connect(self._on_stack_changed)

    @property
    def detector(self) -> Detector | None:
        """The model in use, None until it is loaded."""
        return self._detector

    @property
    def is_loading(self) -> bool:
        """Whether a model is on its way."""
        return self._loading is not None

    @property
    def is_running(self) -> bool:
        """Whether the model is looking at slices."""
        return self._job is not None

    def list_models(self) -> None:
        """Find in the background what can be chosen."""
        job = self._runner.start("Listing models", self._list, is_quiet=True)
        job.succeeded.connect(self.models_listed)
        job.failed.connect(self.failed)

    def load(self, name_or_file: str) -> None:
        """Load a model in the background ("" for the default) and let it answer in place of the one before."""
        if self._loading is not None:
            self._loading.cancel()
        job = self._runner.start("Loading the model", lambda _task: self._load(name_or_file))
        self._loading = job
        job.succeeded.connect(lambda detector: self._on_loaded(job, name_or_file, detector))
        job.failed.connect(self.failed)
        job.failed.connect(lambda _error: self.load_failed.emit(name_or_file))
        job.finished.connect(lambda: self._on_loading_ended(job))

    def show_volume(self, volume: Volume) -> None:
        """Look at this volume, once there is a model; it must be read to its end."""
        self._volume = volume
        self.run()

    def run(self) -> None:
        """Look at all slices of the volume anew."""
        self.stop()
        if self._detector is None or self._volume is None or not self._volume.stack.is_detectable:
            return
        self._state.clear_detections()
        self._run += 1
        run, volume, detector = self._run, self._volume, self._detector
        queue = self._queue = SliceQueue(range(volume.slice_count), self._state.slice_index)

        def work(task: Task) -> None:
            key, total = volume.stack.key, volume.slice_count
            for done, answer in enumerate(detector.detect(volume, queue, task), start=1):
                self._relay.post(_Answer(run, key, answer))
                task.step(done, total)

        job = self._runner.start("Looking for lesions", work)
        self._job = job
        job.failed.connect(self.failed)
        job.succeeded.connect(lambda _none: self._relay.flush())
        job.finished.connect(lambda: self._on_ended(job))
        self.running_changed.emit(True)

    def stop(self) -> None:
        """End the run; answers still on the way are dropped."""
        self._run += 1
        self._relay.clear()
        if self._job is not None:
            self._job.cancel()
            self._job, self._queue = None, None
            self.running_changed.emit(False)

    def _list(self, _task: Task) -> tuple[ModelInfo, ...]:
        with collector_paused():
            return self._services.available_models()

    def _load(self, name_or_file: str) -> Detector:
        with collector_paused():
            return self._services.load_detector(name_or_file)

    def _on_loaded(self, job: Job[Detector], name_or_file: str, detector: Detector) -> None:
        if job is not self._loading:
            return
        self.stop()
        self._detector = detector
        self._state.set_model(detector.info)
        self.model_loaded.emit(detector.info, detector.device, name_or_file)
        self.run()

    def _on_loading_ended(self, job: Job[Detector]) -> None:
        if job is self._loading:
            self._loading = None

    def _on_ended(self, job: Job[None]) -> None:
        if job is self._job:
            self._job, self._queue = None, None
            self.running_changed.emit(False)

    def _on_slice_changed(self, index: int) -> None:
        if self._queue is not None:
            self._queue.focus(index)

    def _on_stack_changed(self) -> None:
        self.stop()
        self._volume = None

    def _on_answers(self, answers: list[_Answer]) -> None:
        for answer in answers:
            if answer.run == self._run:
                self._state.add_detections(answer.stack_key, answer.slice)
