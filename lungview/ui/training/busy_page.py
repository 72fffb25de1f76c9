"""A page whose contents a job works out; meanwhile it says what is being done."""

from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QWidget

from lungview.task import Task
from lungview.ui.jobs import Job, JobRunner

T = TypeVar("T")


class BusyPage(QWidget, Generic[T]):
    """Runs one job at a time, which can be cancelled. A page tells what it does with the answer, and at the end."""

    failed = Signal(object)

    def __init__(self, runner: JobRunner, doing: str) -> None:
        super().__init__()
        self._runner = runner
        self._job: Job[T] | None = None
        self._doing = QLabel(doing)
        self._progress = QProgressBar()
        self._progress.setRange(0, 0)
        self._progress.setTextVisible(False)

    @property
    def is_busy(self) -> bool:
        """Whether the job runs."""
        return self._job is not None

    def cancel(self) -> None:
        """Stop what is being done."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self._show_busy(False)

    def _begin(self, label: str, work: Callable[[Task], T], *, is_quiet: bool = False) -> Job[T]:
        """Run work in place of what ran before."""
        self.cancel()
        job = self._runner.start(label, work, is_quiet=is_quiet)
        self._job = job
        self._show_busy(True)
        job.succeeded.connect(self._take)
        job.failed.connect(self.failed)
        job.finished.connect(lambda: self._on_finished(job))
        return job

    def _take(self, found: T) -> None:
        """Show what the job found."""
        raise NotImplementedError

    def _end(self) -> None:
        """Tell that the job is over, whether or not it found anything; not called after cancel."""
        raise NotImplementedError

    def _show_busy(self, is_busy: bool) -> None:
        self._doing.setVisible(is_busy)
        self._progress.setVisible(is_busy)

    def _on_finished(self, job: Job[T]) -> None:
        if job is self._job:
            self._job = None
            self._show_busy(False)
            self._end()
