"""Background calls: a plain function of a Task, run in a thread, its end told on the GUI thread."""

import logging
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from lungview.task import Cancelled, Task

log = logging.getLogger(__name__)

T = TypeVar("T")

_SWITCH_INTERVAL_S = 0.0005
"""How long a job's Python may keep the GUI thread waiting; the interpreter's own 5 ms is a third of a frame, and a
paint takes the lock several times."""
_PROGRESS_INTERVAL_S = 0.05


@dataclass(frozen=True, slots=True)
class _Outcome:
    value: object = None
    error: Exception | None = None
    is_cancelled: bool = False


class Job(QObject, Generic[T]):
    """One background call. Signals progressed, then exactly one of succeeded, failed, cancelled; lives in the runner.

    Connect after start: the end always arrives through the event loop.
    """

    progressed = Signal(int, int)
    """Done and total; total 0 where it is not known."""
    succeeded = Signal(object)
    failed = Signal(object)
    """The exception; a LungViewError's text is for the reader."""
    cancelled = Signal()
    finished = Signal()
    """After any of the three ends."""

    _progress_arrived = Signal()
    _ended = Signal(object)

    def __init__(self, label: str, parent: QObject, *, is_quiet: bool = False) -> None:
        super().__init__(parent)
        self.label = label
        self.is_quiet = is_quiet
        self.task = Task(self._on_step)
        self._started_s = time.monotonic()
        self._lock = threading.Lock()
        self._progress = (0, 0)
        self._is_told = True
        self._last_told_s = 0.0
        self._is_finished = False
        self._progress_arrived.connect(self._on_progress_arrived, Qt.ConnectionType.QueuedConnection)
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)

    @property
    def is_finished(self) -> bool:
        """Whether one of the three ends was told."""
        return self._is_finished

    @property
    def progress(self) -> tuple[int, int]:
        """Done and total so far; total 0 where it is not known."""
        return self._progress

    @property
    def remaining_s(self) -> float | None:
        """Seconds left at the pace so far, None while that is a guess."""
        done, total = self._progress
        elapsed_s = time.monotonic() - self._started_s
        if done <= 0 or total <= 0 or elapsed_s < 1.0:
            return None
        return elapsed_s / done * (total - done)

    def cancel(self) -> None:
        """Ask the work to stop; cancelled follows."""
        self.task.cancel()

    def run(self, work: Callable[[Task], T]) -> None:
        """Do the work in the calling thread and send its end to the GUI thread."""
        try:
            self.task.check()
            outcome = _Outcome(value=work(self.task))
        except Cancelled:
            outcome = _Outcome(is_cancelled=True)
        except Exception as error:
            outcome = _Outcome(error=error)
        self._ended.emit(outcome)

    def abandon(self) -> None:
        """Tell that the job was cancelled, though its end is still on the way."""
        self.task.cancel()
        self._on_ended(_Outcome(is_cancelled=True))

    def _on_step(self, done: int, total: int) -> None:
        """Keep the newest progress; wake the GUI thread only now and then (called in the job's thread)."""
        now_s = time.monotonic()
        with self._lock:
            self._progress = (done, total)
            if not self._is_told or now_s - self._last_told_s < _PROGRESS_INTERVAL_S:
                return
            self._is_told, self._last_told_s = False, now_s
        self._progress_arrived.emit()

    def _on_progress_arrived(self) -> None:
        with self._lock:
            self._is_told = True
            done, total = self._progress
        if not self._is_finished:
            self.progressed.emit(done, total)

    def _on_ended(self, outcome: _Outcome) -> None:
        if self._is_finished:
            return
        self._is_finished = True
        if outcome.is_cancelled or self.task.is_cancelled:
            self.cancelled.emit()
        elif outcome.error is not None:
            self.failed.emit(outcome.error)
        else:
            self.succeeded.emit(outcome.value)
        self.finished.emit()


class JobRunner(QObject):
    """Owns the threads and every running job."""

    started = Signal(Job)
    idle = Signal()
    """The last running job has ended."""

    def __init__(self, parent: QObject | None = None, *, workers: int = 4) -> None:
        super().__init__(parent)
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_INTERVAL_S))
        self._executor = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="lungview-job")
        self._jobs: list[Job[object]] = []

    @property
    def jobs(self) -> tuple[Job[object], ...]:
        """Jobs that have not ended, oldest first."""
        return tuple(self._jobs)

    def start(self, label: str, work: Callable[[Task], T], *, is_quiet: bool = False) -> Job[T]:
        """Run work(task) in a thread.

        label: what it does, for the status bar, as "Reading slices". is_quiet: not shown there.
        """
        job: Job[T] = Job(label, self, is_quiet=is_quiet)
        self._jobs.append(job)  # type: ignore[arg-type]  # a list of jobs of any value
        job.finished.connect(lambda: self._forget(job))
        self._executor.submit(job.run, work)
        self.started.emit(job)
        return job

    def cancel_all(self) -> None:
        """Ask every job to stop."""
        for job in self._jobs:
            job.cancel()

    def shut_down(self) -> None:
        """Cancel every job, wait for the threads to end, and tell each job's end."""
        self.cancel_all()
        self._executor.shutdown(wait=True, cancel_futures=True)
        for job in self.jobs:
            job.abandon()

    def _forget(self, job: Job[T]) -> None:
        self._jobs = [each for each in self._jobs if each is not job]
        job.deleteLater()
        if not self._jobs:
            self.idle.emit()
