"""Which slice the model looks at next."""

from hypothesis import given
from hypothesis import strategies as st

from lungview.ui.slice_queue import SliceQueue


def test_slices_come_nearest_to_the_focus_first() -> None:
    assert list(SliceQueue(range(7), focus=3)) == [3, 2, 4, 1, 5, 0, 6]


def test_a_moved_focus_counts_from_the_next_slice_on() -> None:
    queue = SliceQueue(range(100), focus=50)
    assert [next(queue) for _ in range(3)] == [50, 49, 51]
    queue.focus(10)
    assert [next(queue) for _ in range(3)] == [10, 9, 11]


@given(st.lists(st.integers(0, 40), max_size=20), st.sets(st.integers(0, 40)))
def test_every_slice_comes_exactly_once_however_the_focus_moves(moves: list[int], slices: set[int]) -> None:
    queue = SliceQueue(slices, focus=0)
    given_out = []
    for index in queue:
        given_out.append(index)
        if moves:
            queue.focus(moves.pop())
    assert sorted(given_out) == sorted(slices)
