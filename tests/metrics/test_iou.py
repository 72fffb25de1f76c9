"""Overlap of boxes against the plain definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview.domain.box import Box, to_array
from lungview.metrics.iou import giou, iou

corners = st.integers(-20, 60)
sides = st.integers(0, 30)
boxes = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), corners, corners, sides, sides)
box_lists = st.lists(boxes, max_size=6)


def _plain_iou(a: Box, b: Box) -> float:
    """Count pixels."""
    in_a = {(x, y) for x in range(int(a.xmin), int(a.xmax)) for y in range(int(a.ymin), int(a.ymax))}
    in_b = {(x, y) for x in range(int(b.xmin), int(b.xmax)) for y in range(int(b.ymin), int(b.ymax))}
    return len(in_a & in_b) / len(in_a | in_b) if in_a and in_b else 0.0


@given(box_lists, box_lists)
def test_iou_is_the_share_of_pixels_in_both(a: list[Box], b: list[Box]) -> None:
    expected = np.array([[_plain_iou(one, other) for other in b] for one in a]).reshape(len(a), len(b))
    np.testing.assert_allclose(iou(to_array(a), to_array(b)), expected, atol=1e-12)


@given(box_lists, box_lists)
def test_iou_and_giou_are_the_same_either_way_round(a: list[Box], b: list[Box]) -> None:
    np.testing.assert_array_equal(iou(to_array(a), to_array(b)), iou(to_array(b), to_array(a)).T)
    np.testing.assert_array_equal(giou(to_array(a), to_array(b)), giou(to_array(b), to_array(a)).T)


@given(boxes, boxes)
def test_iou_equals_that_of_the_box_itself(a: Box, b: Box) -> None:
    assert iou(to_array([a]), to_array([b]))[0, 0] == pytest.approx(a.iou(b))


@given(box_lists, box_lists)
def test_giou_lies_between_minus_one_and_iou(a: list[Box], b: list[Box]) -> None:
    general, plain = giou(to_array(a), to_array(b)), iou(to_array(a), to_array(b))
    assert np.all(general <= plain + 1e-12)
    assert np.all(general >= -1)


def test_giou_tells_near_misses_from_far_ones() -> None:
    here, near, far = to_array([Box(0, 0, 10, 10)]), to_array([Box(12, 0, 22, 10)]), to_array([Box(90, 0, 100, 10)])
    assert giou(here, near)[0, 0] == pytest.approx(-2 / 22)
    assert giou(here, far)[0, 0] == pytest.approx(-80 / 100)


def test_a_box_turned_inside_out_overlaps_nothing() -> None:
    assert iou(np.array([[10, 10, 0, 0]], dtype=np.float32), to_array([Box(0, 0, 10, 10)]))[0, 0] == 0
