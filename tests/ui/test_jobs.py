"""Background calls and how they end."""

import gc
import threading
import time
import weakref
from collections.abc import Callable
from typing import TypeVar

import pytest
from pytestqt.qtbot import QtBot

from lungview.errors import LungViewError
from lungview.task import Task
from lungview.ui.jobs import Job, JobRunner

T = TypeVar("T")


def ends_of(job: Job[T]) -> list[str]:
    """A list that fills with the names of the ends told."""
    told: list[str] = []
    job.succeeded.connect(lambda _value: told.append("succeeded"))
    job.failed.connect(lambda _error: told.append("failed"))
    job.cancelled.connect(lambda: told.append("cancelled"))
    return told


def fail(_task: Task) -> object:
    raise LungViewError("It went wrong.")


def wait_for_cancel(task: Task) -> object:
    while True:
        task.check()
        time.sleep(0.002)


@pytest.mark.parametrize(
    ("work", "cancels", "end"),
    [(lambda _task: 7, False, "succeeded"), (fail, False, "failed"), (wait_for_cancel, True, "cancelled")],
)
def test_a_job_ends_in_exactly_one_way(
    qtbot: QtBot, runner: JobRunner, work: Callable[[Task], object], cancels: bool, end: str
) -> None:
    job = runner.start("Work", work)
    told = ends_of(job)
    with qtbot.waitSignal(job.finished):
        if cancels:
            job.cancel()
    assert told == [end]


def test_an_end_reached_before_start_returns_is_still_told(qtbot: QtBot, runner: JobRunner) -> None:
    done = threading.Event()
    job = runner.start("Work", lambda _task: done.set())
    assert done.wait(5)
    told = ends_of(job)
    with qtbot.waitSignal(job.finished):
        pass
    assert told == ["succeeded"]


def test_a_result_that_came_too_late_for_a_cancel_is_not_told(qtbot: QtBot, runner: JobRunner) -> None:
    done = threading.Event()
    job = runner.start("Work", lambda _task: done.set())
    assert done.wait(5)
    told = ends_of(job)
    job.cancel()
    with qtbot.waitSignal(job.finished):
        pass
    assert told == ["cancelled"]


def test_many_steps_wake_the_window_few_times(qtbot: QtBot, runner: JobRunner) -> None:
    def work(task: Task) -> None:
        for done in range(20_000):
            task.step(done, 20_000)

    job = runner.start("Work", work)
    told: list[int] = []
    job.progressed.connect(lambda done, _total: told.append(done))
    with qtbot.waitSignal(job.finished):
        pass
    assert len(told) < 100
    assert told == sorted(told)


def test_shutting_down_ends_every_thread_and_tells_every_end(qtbot: QtBot) -> None:
    runner = JobRunner(workers=2)
    jobs = [runner.start("Work", wait_for_cancel) for _ in range(5)]
    told = [ends_of(job) for job in jobs]
    runner.shut_down()
    assert told == [["cancelled"]] * 5
    assert runner.jobs == ()


def test_a_job_asked_for_after_shutting_down_is_cancelled(qtbot: QtBot) -> None:
    runner = JobRunner()
    runner.shut_down()
    told = ends_of(runner.start("Work", lambda _task: 1))
    qtbot.waitUntil(lambda: told == ["cancelled"])
    assert runner.jobs == ()


def test_a_finished_job_lets_its_value_go(qtbot: QtBot, runner: JobRunner) -> None:
    class Value:
        pass

    alive: list[weakref.ref[Value]] = []

    def work(_task: Task) -> Value:
        value = Value()
        alive.append(weakref.ref(value))
        return value

    for _ in range(20):
        runner.start("Work", work)
    qtbot.waitUntil(lambda: not runner.jobs)
    qtbot.wait(20)
    gc.collect()
    assert sum(reference() is not None for reference in alive) <= 1


def test_the_time_left_follows_the_pace_so_far(
    qtbot: QtBot, runner: JobRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = runner.start("Work", wait_for_cancel)
    assert job.remaining_s is None
    started = time.monotonic()
    monkeypatch.setattr("lungview.ui.jobs.time.monotonic", lambda: started + 10)
    job.task.step(20, 60)
    assert job.remaining_s == pytest.approx(20, rel=0.05)
