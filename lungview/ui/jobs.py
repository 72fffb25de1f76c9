"""Background calls: a plain function of a Task, run in a thread, its end told on the GUI thread."""

import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

from lungview.task import Cancelled, Task
from lungview.ui.courtesy import CourteousTask, Courtesy

log = logging.getLogger(__name__)

T = TypeVar("T")

_SWITCH_INTERVAL_S = 0.0001
"""How long a job's Python may keep the GUI thread waiting; the interpreter's own 5 ms is a third of a frame, and a
paint takes the lock several times."""
_NICENESS = 10
"""How far jobs stand back for the window where cores are few (Linux only, where each thread has its own)."""
_PROGRESS_INTERVAL_S = 0.05
_WORKERS = 6
"""Opening, reading, detecting, thumbnails, lesions and an outline may run side by side; most wait for the disk."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a job ended: a value, an error, or cancelled."""

    value: object = None
    error: Exception | None = None
    is_cancelled: bool = False


class Job(QObject, Generic[T]):
    """One background call. Signals progressed, then exactly one of succeeded, failed, cancelled; belongs to the runner.

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

    def __init__(self, label: str, courtesy: Courtesy, *, is_quiet: bool = False) -> None:
        super().__init__()  # no parent: one that dies while a deletion of the job is posted would delete it twice
        self.label = label
        self.is_quiet = is_quiet
        self.task = CourteousTask(courtesy, self._on_step)
        self._started_s = time.monotonic()
        self._lock = threading.Lock()
        self._progress = (0, 0)
        self._is_told = True
        self._last_told_s = 0.0
        self._is_finished = False
        self._progress_arrived.connect(self._on_progress_arrived, Qt.ConnectionType.QueuedConnection)

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

    def end(self, outcome: Outcome) -> None:
        """Tell how it ended, once; on the GUI thread."""
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
    """Owns the threads and every running job. stands_back: whether they let the window go first where cores are few."""

    started = Signal(Job)
    idle = Signal()
    """The last running job has ended."""

    _ended = Signal(object, object)
    """From a job's thread. Not a signal of the job: that one may be deleted before its emit has returned there."""

    def __init__(self, parent: QObject | None = None, *, workers: int = _WORKERS, stands_back: bool = True) -> None:
        super().__init__(parent)
        sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_INTERVAL_S))
        self._executor = ThreadPoolExecutor(
            max_workers=workers, thread_name_prefix="lungview-job", initializer=_stand_back if stands_back else None
        )
        self._jobs: list[Job[object]] = []
        self.courtesy = Courtesy()
        """Jobs wait for the frames it is told of."""
        self._is_shut_down = False
        self._ended.connect(self._on_ended, Qt.ConnectionType.QueuedConnection)

    @property
    def jobs(self) -> tuple[Job[object], ...]:
        """Jobs that have not ended, oldest first."""
        return tuple(self._jobs)

    def start(self, label: str, work: Callable[[Task], T], *, is_quiet: bool = False) -> Job[T]:
        """Run work(task) in a thread.

        label: what it does, for the status bar, as "Reading slices". is_quiet: not shown there. After shut_down a job
        is cancelled at once.
        """
        job: Job[T] = Job(label, self.courtesy, is_quiet=is_quiet)
        job.finished.connect(lambda: self._forget(job))
        if self._is_shut_down:  # a timer or a late answer may still ask while the window goes
            self._ended.emit(job, Outcome(is_cancelled=True))
        else:
            self._jobs.append(job)  # type: ignore[arg-type]  # a list of jobs of any value
            self._executor.submit(self._run, job, work)
        self.started.emit(job)
        return job

    def cancel_all(self) -> None:
        """Ask every job to stop."""
        for job in self._jobs:
            job.cancel()

    def shut_down(self) -> None:
        """Cancel every job, wait for the threads to end, and tell each job's end; none begins from now on."""
        self._is_shut_down = True
        self.cancel_all()
        self._executor.shutdown(wait=True, cancel_futures=True)
        for job in self.jobs:
            job.end(Outcome(is_cancelled=True))

    def _run(self, job: Job[T], work: Callable[[Task], T]) -> None:
        """Do the work in a thread and send its end to the GUI thread."""
        try:
            job.task.check()
            outcome = Outcome(value=work(job.task))
        except Cancelled:
            outcome = Outcome(is_cancelled=True)
        except Exception as error:
            outcome = Outcome(error=error)
        self._ended.emit(job, outcome)

    def _on_ended(self, job: Job[T], outcome: Outcome) -> None:
        if not job.is_finished:  # shutting down ends jobs before their threads' word arrives
            job.end(outcome)

    def _forget(self, job: Job[T]) -> None:
        self._jobs = [each for each in self._jobs if each is not job]
        job.deleteLater()
        if not self._jobs:
            self.idle.emit()


def _stand_back() -> None:
    """Let the GUI thread go first when both want a core; the threads that a job's libraries start follow it."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        with suppress(OSError):  # some sandboxes forbid it, and jobs run without
            own = os.getpriority(os.PRIO_PROCESS, thread)
            os.setpriority(os.PRIO_PROCESS, thread, min(own + _NICENESS, 19))
