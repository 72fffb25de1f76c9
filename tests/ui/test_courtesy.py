"""Jobs that step aside for a frame."""

import threading
import time

import pytest
from pytestqt.qtbot import QtBot

from lungview.task import Cancelled, Task
from lungview.ui.courtesy import FRAME_S, LONGEST_WAIT_S, CourteousTask, Courtesy
from lungview.ui.jobs import JobRunner


def timed_in_a_thread(courtesy: Courtesy) -> float:
    """Seconds that a wait takes in a thread of its own."""
    taken: list[float] = []

    def wait() -> None:
        begin = time.perf_counter()
        courtesy.wait()
        taken.append(time.perf_counter() - begin)

    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()
    return taken[0]


def test_work_waits_for_the_frame_and_no_longer_than_it_takes() -> None:
    courtesy = Courtesy()
    assert timed_in_a_thread(courtesy) < FRAME_S / 2
    courtesy.make_way()
    assert timed_in_a_thread(courtesy) >= FRAME_S / 2


def test_a_wheel_that_never_rests_does_not_stop_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lungview.ui.courtesy.FRAME_S", 60.0)
    courtesy = Courtesy()
    courtesy.make_way()
    assert timed_in_a_thread(courtesy) == pytest.approx(LONGEST_WAIT_S, abs=1.0)


def test_the_gui_thread_does_not_wait_for_itself() -> None:
    courtesy = Courtesy()
    courtesy.make_way()
    begin = time.perf_counter()
    CourteousTask(courtesy).check()
    assert time.perf_counter() - begin < FRAME_S


def test_a_courteous_task_can_be_cancelled() -> None:
    task = CourteousTask(Courtesy())
    task.cancel()
    with pytest.raises(Cancelled):
        task.check()


def test_jobs_are_courteous(qtbot: QtBot, runner: JobRunner) -> None:
    def work(task: Task) -> float:
        runner.courtesy.make_way()
        begin = time.perf_counter()
        task.check()
        return time.perf_counter() - begin

    job = runner.start("Waiting", work)
    with qtbot.waitSignal(job.succeeded) as ended:
        pass
    assert ended.args is not None
    assert ended.args[0] >= FRAME_S / 2
