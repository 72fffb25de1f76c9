"""Rectangles on a slice."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lungview.domain.box import Box, to_array

coordinates = st.floats(-50, 600, allow_nan=False, width=32)
boxes = st.builds(Box, coordinates, coordinates, coordinates, coordinates)


@given(boxes, boxes)
def test_iou_is_symmetric_and_within_zero_and_one(a: Box, b: Box) -> None:
    assert a.iou(b) == b.iou(a)
    assert 0.0 <= a.iou(b) <= 1.0 + 1e-9


@given(boxes)
def test_iou_with_itself_is_one_unless_the_box_has_no_area(box: Box) -> None:
    assert box.iou(box) == (1.0 if box.area > 0 else 0.0)


def test_iou_counts_pixels_that_both_cover() -> None:
    a, b = Box(0, 0, 10, 10), Box(5, 5, 15, 15)
    grid = np.zeros((2, 20, 20), dtype=bool)
    grid[0, 0:10, 0:10] = True
    grid[1, 5:15, 5:15] = True
    assert a.iou(b) == (grid[0] & grid[1]).sum() / (grid[0] | grid[1]).sum()


def test_boxes_that_only_touch_do_not_overlap() -> None:
    assert Box(0, 0, 10, 10).iou(Box(10, 0, 20, 10)) == 0.0


@given(boxes)
def test_a_clipped_box_lies_inside_the_slice(box: Box) -> None:
    inside = box.clipped(rows=512, columns=256)
    assert 0 <= inside.xmin <= 256
    assert 0 <= inside.xmax <= 256
    assert 0 <= inside.ymin <= 512
    assert 0 <= inside.ymax <= 512
    assert inside.area <= box.area


def test_a_box_without_area_has_none_even_when_inverted() -> None:
    assert Box(215, 286, 215, 286).area == 0.0
    assert Box(20, 5, 10, 9).area == 0.0


def test_a_box_is_half_open() -> None:
    box = Box(2, 3, 5, 7)
    assert box.contains(2, 3)
    assert not box.contains(5, 3)
    assert not box.contains(2, 7)


def test_no_boxes_make_an_array_of_four_columns() -> None:
    assert to_array([]).shape == (0, 4)
    assert to_array([Box(1, 2, 3, 4)]).tolist() == [[1, 2, 3, 4]]
