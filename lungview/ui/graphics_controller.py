"""Reads what files lay over the slices being read, once the slices themselves are there."""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from lungview.domain.graphics import SliceGraphics
from lungview.domain.volume import Volume
from lungview.task import Task
from lungview.ui.jobs import Job, JobRunner
from lungview.ui.relay import BatchRelay
from lungview.ui.services import Services
from lungview.ui.state import ViewerState


@dataclass(frozen=True, slots=True, eq=False)
class _Read:
    stack_key: str
    index: int
    graphics: SliceGraphics


class GraphicsController(QObject):
    """Runs at most one reading, which ends with its stack."""

    unread = Signal(tuple)
    """Sentences on graphics that could not be read; their slices are shown without them."""

    def __init__(
        self, state: ViewerState, services: Services, runner: JobRunner, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._services, self._runner = state, services, runner
        self._job: Job[tuple[str, ...]] | None = None
        self._relay: BatchRelay[_Read] = BatchRelay(self, interval_ms=60)
        self._relay.arrived.connect(self._on_read)
        state.stack_changed.connect(self._stop)

    def show_volume(self, volume: Volume) -> None:
        """Read the graphics of this volume's stack, where its headers speak of any."""
        self._stop()
        stack, read = volume.stack, self._services.read_overlays
        if read is None or not stack.has_overlays:
            return

        def work(task: Task) -> tuple[str, ...]:
            return read(stack, task, first=first, on_read=post)

        def post(index: int, graphics: SliceGraphics) -> None:
            self._relay.post(_Read(stack.key, index, graphics))

        first = self._state.slice_index
        job = self._job = self._runner.start("Reading graphics", work, is_quiet=True)
        job.succeeded.connect(lambda failures: self._on_ended(job, failures))

    def _stop(self) -> None:
        self._relay.clear()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _on_read(self, read: list[_Read]) -> None:
        for each in read:
            self._state.add_graphics(each.stack_key, each.index, each.graphics)

    def _on_ended(self, job: Job[tuple[str, ...]], failures: tuple[str, ...]) -> None:
        if job is not self._job:
            return
        self._job = None
        self._relay.flush()
        if failures:
            self.unread.emit(failures)
