"""Opens folders and stacks: the reader's choice in, jobs out, results into the state."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lungview.domain.study import Stack
from lungview.domain.volume import Volume
from lungview.task import Task
from lungview.ui.first_stack import best_first_stack
from lungview.ui.jobs import Job, JobRunner
from lungview.ui.relay import BatchRelay
from lungview.ui.services import Services
from lungview.ui.stack_state import count_boxes
from lungview.ui.state import ViewerState

if TYPE_CHECKING:
    from lungview.reading.case import Case


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    case: "Case"
    box_counts: Mapping[str, int]


@dataclass(frozen=True, slots=True, eq=False)
class _SliceRead:
    load: int
    volume: Volume
    index: int


class ReadingController(QObject):
    """Runs at most one opening and one reading of voxels; a newer one cancels the older."""

    opening = Signal(Path)
    opening_ended = Signal()
    """Opened, failed or cancelled."""
    opened = Signal(Path)
    """The state holds the case of this path, and its first stack is on the way."""
    loaded = Signal(Volume)
    """Every slice of the state's stack is read."""
    loading_ended = Signal()
    """Read, failed or cancelled: the disk is free again."""
    failed = Signal(object)

    def __init__(
        self, state: ViewerState, services: Services, runner: JobRunner, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._services, self._runner = state, services, runner
        self._opening: Job[_Opened] | None = None
        self._loading: Job[Volume] | None = None
        self._load = 0
        self._relay: BatchRelay[_SliceRead] = BatchRelay(self, interval_ms=30, batch=32)
        self._relay.arrived.connect(self._on_slices_read)
        self.path: Path | None = None
        """What is open."""

    @property
    def is_opening(self) -> bool:
        """Whether a folder is being scanned."""
        return self._opening is not None

    def open_path(self, path: Path, annotations: Path | None = None) -> None:
        """Scan a folder, file, DICOMDIR or zip and show its best stack. annotations: a folder the reader named."""
        if self._opening is not None:
            self._opening.cancel()

        def work(task: Task) -> _Opened:
            case = self._services.open_case(path, task, annotations)
            return _Opened(case, count_boxes(case))

        job = self._runner.start(f"Looking through {path.name or path}", work)
        self._opening = job
        job.succeeded.connect(lambda opened: self._on_opened(job, path, opened))
        job.failed.connect(self.failed)
        job.finished.connect(lambda: self._on_opening_ended(job))
        self.opening.emit(path)

    def choose_stack(self, stack: Stack | None) -> None:
        """Show another stack and read its voxels."""
        if stack is self._state.stack:
            return
        self._stop_loading()
        self._state.choose_stack(stack)
        if stack is not None:
            self._start_loading(stack)

    def step_stack(self, count: int) -> None:
        """Show the stack that stands count places farther in the strip."""
        case, stack = self._state.case, self._state.stack
        stacks = case.scan.stacks if case is not None else ()
        keys = [each.key for each in stacks]
        if stack is not None and stack.key in keys:
            place = keys.index(stack.key) + count
            self.choose_stack(stacks[min(max(place, 0), len(stacks) - 1)])

    def close(self) -> None:
        """Let go of the case."""
        if self._opening is not None:
            self._opening.cancel()
        self._stop_loading()
        self.path = None
        self._state.open_case(None)

    def _on_opened(self, job: Job[_Opened], path: Path, opened: _Opened) -> None:
        if job is not self._opening:
            return
        self._stop_loading()
        self.path = path
        self._state.open_case(opened.case, opened.box_counts)
        self.choose_stack(best_first_stack(opened.case.scan.stacks, opened.box_counts))
        self.opened.emit(path)

    def _on_opening_ended(self, job: Job[_Opened]) -> None:
        if job is self._opening:
            self._opening = None
            self.opening_ended.emit()

    def _start_loading(self, stack: Stack) -> None:
        self._load += 1
        load, first = self._load, self._state.slice_index

        def on_slice(volume: Volume, index: int) -> None:
            self._relay.post(_SliceRead(load, volume, index))

        def work(task: Task) -> Volume:
            return self._services.load_volume(stack, task, first=first, on_slice=on_slice)

        job = self._runner.start("Reading slices", work)
        self._loading = job
        job.succeeded.connect(lambda volume: self._on_loaded(job, volume))
        job.failed.connect(self.failed)
        job.finished.connect(lambda: self._on_loading_ended(job))

    def _stop_loading(self) -> None:
        self._load += 1
        self._relay.clear()
        if self._loading is not None:
            self._loading.cancel()
            self._loading = None

    def _on_slices_read(self, slices: list[_SliceRead]) -> None:
        for each in slices:
            if each.load != self._load:
                continue
            if self._state.volume is None:
                self._state.set_volume(each.volume)
            self._state.announce_slice_read(each.volume.stack.key, each.index)

    def _on_loaded(self, job: Job[Volume], volume: Volume) -> None:
        if job is not self._loading:
            return
        self._relay.flush()
        if volume is not self._state.volume:
            self._state.set_volume(volume)  # the end of reading knows which slices could not be decoded
        self.loaded.emit(volume)

    def _on_loading_ended(self, job: Job[Volume]) -> None:
        if job is self._loading:
            self._loading = None
        self.loading_ended.emit()
