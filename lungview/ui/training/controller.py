"""Owns the training that goes on: starts, commands and follows it, whether or not its dialog is open."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lungview.task import Task
from lungview.ui.jobs import Job, JobRunner
from lungview.ui.relay import BatchRelay
from lungview.ui.training.services import TrainingServices
from lungview_training.supervision.endings import Ending, EndKind
from lungview_training.supervision.progress import Progress, progress_of
from lungview_training.supervision.registry import RunRecord, RunRegistry, State
from lungview_training.supervision.supervisor import News, Supervisor, WorkerEnded, WorkerStarted, worker_command

if TYPE_CHECKING:
    from lungview_training.config import TrainingConfig

_KINDS = {State.FINISHED: EndKind.DONE, State.STOPPED: EndKind.STOPPED}


class TrainingController(QObject):
    """At most one training at a time. All signals come on the GUI thread."""

    changed = Signal()
    """The progress, the record or what can be done has changed."""
    ended = Signal(object)
    """The worker is gone: an Ending."""
    left_over = Signal(object)
    """A RunRecord of an earlier start waits: to go on, or to be judged."""
    worker_started = Signal()
    failed = Signal(object)

    def __init__(self, services: TrainingServices, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services, self._runner = services, runner
        self.registry = RunRegistry(services.folder)
        self.progress = Progress()
        self.record: RunRecord | None = None
        self._supervisor: Supervisor | None = None
        self._starting: Job[tuple[Supervisor, Progress]] | None = None
        self._relay: BatchRelay[tuple[Supervisor | None, News]] = BatchRelay(self, interval_ms=100, batch=64)
        self._relay.arrived.connect(self._on_news)

    @property
    def is_going(self) -> bool:
        """Whether a worker is there, or on its way."""
        return self._supervisor is not None or self._starting is not None

    @property
    def can_go_on(self) -> bool:
        """Whether the training shown was cut off and can be taken up again."""
        return not self.is_going and self.record is not None and self.record.is_unfinished

    def start(self, config: "TrainingConfig", *, base: str, title: str) -> None:
        """Begin a training in a folder of its own."""

        def make(_task: Task) -> tuple[RunRecord, Progress]:
            return self.registry.add(config, base=base, title=title), Progress(steps=config.steps)

        self._begin(make)

    def go_on(self, record: RunRecord) -> None:
        """Take up a training from its last checkpoint, or from its beginning where it has none."""
        self._begin(lambda _task: (record, progress_of(self.registry.output_of(record))))

    def show_earlier(self, record: RunRecord) -> None:
        """Show a training of an earlier start, without taking it up."""

        def read(_task: Task) -> Progress:
            progress = progress_of(self.registry.output_of(record))
            kind = _KINDS.get(record.state, EndKind.DIED)
            told = record.message or "The program ended while this training went on."
            progress.ending = Ending(kind, told, record.step > 0, record.weights)
            progress.steps = progress.steps or record.steps
            return progress

        job = self._runner.start("Reading a training", read, is_quiet=True)
        job.succeeded.connect(lambda progress: self._show(record, progress))
        job.failed.connect(self.failed)

    def find_left_over(self) -> None:
        """Look for a training that an earlier start left; told by left_over."""
        job = self._runner.start("Looking for trainings", lambda _task: self.registry.left_over(), is_quiet=True)
        job.succeeded.connect(self._on_left_over)
        job.failed.connect(self.failed)

    def pause(self) -> None:
        """Save and wait."""
        self._tell(Supervisor.pause)

    def resume(self) -> None:
        """Go on after a pause."""
        self._tell(Supervisor.go_on)

    def stop(self) -> None:
        """Save and end; it can be taken up later."""
        self._tell(Supervisor.stop)

    def keep_best(self) -> None:
        """End with the best weights so far."""
        self._tell(Supervisor.keep_best)

    def end_now(self) -> None:
        """End a worker that does not answer."""
        self._tell(Supervisor.end_now)

    def discard(self) -> None:
        """Delete the training shown with all its files."""
        record = self.record
        if record is None or self.is_going:
            return
        job = self._runner.start("Discarding the training", lambda _task: self.registry.discard(record), is_quiet=True)
        job.failed.connect(self.failed)
        self._show(None, Progress())

    def mark_kept(self) -> None:
        """Note that the model of the training shown was kept."""
        if self.record is not None:
            from dataclasses import replace

            self.record = replace(self.record, state=State.KEPT)
            self.registry.save(self.record)
            self.changed.emit()

    def shut_down(self) -> None:
        """Let the training save itself and end, without waiting for it."""
        if self._supervisor is not None:
            self._supervisor.leave()

    def _begin(self, make: Callable[[Task], tuple[RunRecord, Progress]]) -> None:
        if self.is_going:
            return

        def work(task: Task) -> tuple[Supervisor, Progress]:
            record, progress = make(task)
            task.check()
            return self._supervise(record), progress

        job = self._runner.start("Starting the training", work, is_quiet=True)
        self._starting = job
        job.succeeded.connect(self._on_begun)
        job.failed.connect(self.failed)
        job.finished.connect(self._on_starting_ended)
        self.changed.emit()

    def _supervise(self, record: RunRecord) -> Supervisor:
        made: list[Supervisor] = []
        command = self._services.command or worker_command
        supervisor = Supervisor(self.registry, record, lambda news: self._relay.post((made[0], news)), command=command)
        made.append(supervisor)
        return supervisor

    def _on_begun(self, begun: tuple[Supervisor, Progress]) -> None:
        supervisor, progress = begun
        self._supervisor, self.progress, self.record = supervisor, progress, supervisor.record
        supervisor.start()

    def _on_starting_ended(self) -> None:
        self._starting = None
        self.changed.emit()

    def _tell(self, command: Callable[[Supervisor], None]) -> None:
        if self._supervisor is not None:
            command(self._supervisor)

    def _show(self, record: RunRecord | None, progress: Progress) -> None:
        if not self.is_going:
            self.record, self.progress = record, progress
            self.changed.emit()

    def _on_news(self, arrived: list[tuple[Supervisor | None, News]]) -> None:
        for supervisor, news in arrived:
            if supervisor is None or supervisor is not self._supervisor:
                continue
            self.progress.take(news)
            self.record = supervisor.record
            if isinstance(news, WorkerStarted):
                self.worker_started.emit()
            elif isinstance(news, WorkerEnded):
                self._supervisor = None
                self.ended.emit(news.ending)
        self.changed.emit()

    def _on_left_over(self, records: list[RunRecord]) -> None:
        if records and not self.is_going:
            self.left_over.emit(records[0])
