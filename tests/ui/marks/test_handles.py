"""What a drag makes of a box."""

from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF

from lungview.domain.box import Box
from lungview.ui.marks.handles import Grip, between, dragged, grip_at, handles_of

ROWS, COLUMNS = 60, 80
starts = st.builds(
    lambda x, y, width, height: Box(x, y, x + width, y + height),
    st.integers(0, 70), st.integers(0, 50), st.integers(2, 10), st.integers(2, 10),
)  # fmt: skip
steps = st.floats(-200, 200)


def is_inside(box: Box) -> bool:
    return 0 <= box.xmin < box.xmax <= COLUMNS and 0 <= box.ymin < box.ymax <= ROWS


@given(starts, st.sampled_from(Grip), steps, steps)
def test_a_drag_leaves_a_box_of_whole_pixels_inside_the_slice(box: Box, grip: Grip, dx: float, dy: float) -> None:
    after = dragged(box, grip, dx, dy, ROWS, COLUMNS)
    assert is_inside(after)
    assert all(corner == int(corner) for corner in after.as_tuple())
    assert min(after.width, after.height) >= 2


@given(starts, steps, steps)
def test_moving_keeps_the_size(box: Box, dx: float, dy: float) -> None:
    after = dragged(box, Grip.INSIDE, dx, dy, ROWS, COLUMNS)
    assert (after.width, after.height) == (box.width, box.height)


@given(starts, st.sampled_from(list(Grip)[:-1]), steps, steps)
def test_sides_without_a_grip_stay_where_they_are(box: Box, grip: Grip, dx: float, dy: float) -> None:
    after = dragged(box, grip, dx, dy, ROWS, COLUMNS)
    if grip in (Grip.NORTH, Grip.SOUTH):
        assert (after.xmin, after.xmax) == (box.xmin, box.xmax)
    if grip in (Grip.WEST, Grip.EAST):
        assert (after.ymin, after.ymax) == (box.ymin, box.ymax)


@given(steps, steps, steps, steps)
def test_a_box_between_any_two_points_lies_inside_the_slice(x: float, y: float, to_x: float, to_y: float) -> None:
    assert is_inside(between(x, y, to_x, to_y, ROWS, COLUMNS))


def test_a_box_is_held_by_its_handles_and_its_inside() -> None:
    rect = QRectF(100, 100, 60, 40)
    assert {grip_at(rect, spot) for spot in handles_of(rect).values()} == set(Grip) - {Grip.INSIDE}
    assert grip_at(rect, rect.center()) is Grip.INSIDE
    assert grip_at(rect, QPointF(80, 80)) is None


def test_a_small_box_keeps_an_inside_to_be_moved_by() -> None:
    assert grip_at(QRectF(100, 100, 12, 12), QPointF(106, 106)) is Grip.INSIDE
