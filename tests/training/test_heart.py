"""The time left: the pace of the last steps, and what evaluating and saving cost beside them."""

import pytest

from lungview_training.events import Phase
from lungview_training.heart import Heart


def test_time_left_counts_what_evaluating_and_saving_take_but_no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("lungview_training.heart.time.monotonic", lambda: clock[0])
    beating = Heart(lambda _beat: None)
    assert beating.left_s is None
    beating.busy_with(Phase.TRAINING)
    for step in range(1, 11):
        clock[0] += 2.0
        beating.stepped(step, 100, 2.0)
    assert beating.left_s == pytest.approx(2.0 * 90)
    for phase, seconds in ((Phase.EVALUATING, 8.0), (Phase.SAVING, 2.0), (Phase.PAUSED, 1000.0)):
        beating.busy_with(phase)
        clock[0] += seconds
    beating.busy_with(Phase.TRAINING)
    assert beating.left_s == pytest.approx((2.0 + 10.0 / 10) * 90)
