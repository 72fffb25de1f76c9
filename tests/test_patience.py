"""Work that may never answer: the caller goes on, and can be stopped."""

import threading
import time
from collections.abc import Iterator

import pytest

from lungview.patience import StalledError, answer, watched
from lungview.task import Cancelled, Task


def test_items_come_in_order_and_so_does_the_error_at_their_end() -> None:
    def items() -> Iterator[int]:
        yield from range(1000)
        raise ValueError("the end")

    got: list[int] = []
    with pytest.raises(ValueError, match="the end"):
        got.extend(watched(items, Task(), 10))
    assert got == list(range(1000))


def test_silence_ends_the_waiting_but_not_the_program() -> None:
    woken = threading.Event()
    began = time.monotonic()
    with pytest.raises(StalledError):
        answer(woken.wait, Task(), 0.1)
    assert time.monotonic() - began < 5
    woken.set()


def test_a_loop_without_end_is_ended_once_it_is_left() -> None:
    turns = [0]

    def spin() -> None:
        while True:
            turns[0] += 1

    before = set(threading.enumerate())  # what earlier tests left waiting for drives that never answer
    with pytest.raises(StalledError):
        answer(spin, Task(), 0.1)
    deadline = time.monotonic() + 10
    while watchers_since(before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not watchers_since(before)


def test_cancelling_is_answered_while_work_is_stuck() -> None:
    task, woken = Task(), threading.Event()
    threading.Timer(0.1, task.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        answer(woken.wait, task, 60)
    assert time.monotonic() - began < 5
    woken.set()


def test_a_caller_that_stops_listening_leaves_the_work() -> None:
    before = set(threading.enumerate())
    for _ in range(20):  # being left may come at any of the work's steps
        for item in watched(lambda: iter(range(10**9)), Task(), 10):
            if item > 10:
                break
    deadline = time.monotonic() + 10
    while watchers_since(before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not watchers_since(before)


def watchers_since(before: set[threading.Thread]) -> list[threading.Thread]:
    return [each for each in set(threading.enumerate()) - before if each.name == "watched"]
