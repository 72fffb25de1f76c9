"""The collector's pauses."""

import gc

from lungview.ui.heap import collector_paused


def test_the_collector_rests_until_the_last_user_is_done() -> None:
    with collector_paused():
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_what_was_imported_is_left_out_of_later_rounds() -> None:
    gc.unfreeze()
    with collector_paused():
        kept = [[] for _ in range(1000)]  # type: list[list[int]]
    assert gc.get_freeze_count() >= len(kept)
    gc.unfreeze()


def test_a_failure_sets_the_collector_free() -> None:
    try:
        with collector_paused():
            raise ValueError
    except ValueError:
        pass
    assert gc.isenabled()
    gc.unfreeze()
