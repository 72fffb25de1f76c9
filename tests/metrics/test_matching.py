"""Pairing of boxes."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lungview.domain.arrays import FloatArray
from lungview.domain.box import Box, to_array
from lungview.metrics.matching import match, match_by_overlap, pair_by_gain

tables = st.tuples(st.integers(0, 4), st.integers(0, 4)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.1, 0.25, 0.4, 0.55, 0.7, 1.0]))
)


def _best_total(table: FloatArray) -> float:
    """Try every pairing."""
    table = table if table.shape[0] <= table.shape[1] else table.T
    rows, columns = table.shape
    orders = permutations(range(columns), rows)
    return max(sum(float(table[row, column]) for row, column in enumerate(order)) for order in orders)


@given(tables)
def test_pairing_by_gain_finds_the_largest_total(table: FloatArray) -> None:
    total = sum(pair.iou for pair in pair_by_gain(table).pairs)
    assert total == pytest.approx(_best_total(table))


@given(tables, st.sampled_from([0.0, 0.3, 0.5]))
def test_every_box_is_in_one_pair_or_alone(table: FloatArray, threshold: float) -> None:
    matching = pair_by_gain(table, threshold=threshold)
    rows = [*(pair.detection for pair in matching.pairs), *matching.unmatched_detections]
    columns = [*(pair.finding for pair in matching.pairs), *matching.unmatched_findings]
    assert sorted(rows) == list(range(table.shape[0]))
    assert sorted(columns) == list(range(table.shape[1]))
    assert all(pair.iou >= threshold and pair.iou > 0 for pair in matching.pairs)


def test_many_boxes_are_paired_best_overlap_first() -> None:
    table = np.full((12, 12), 0.1) + np.eye(12) * 0.5
    assert [(pair.detection, pair.finding) for pair in pair_by_gain(table).pairs] == [
        (each, each) for each in range(12)
    ]


def test_the_best_score_chooses_first() -> None:
    finding = to_array([Box(0, 0, 10, 10)])
    detections = to_array([Box(0, 0, 10, 10), Box(0, 0, 10, 12)])
    matching = match(detections, finding, [0.4, 0.9])
    assert [(pair.detection, pair.finding) for pair in matching.pairs] == [(1, 0)]
    assert matching.unmatched_detections == (0,)


def test_overlap_decides_where_scores_are_not_asked() -> None:
    finding = to_array([Box(0, 0, 10, 10)])
    detections = to_array([Box(0, 0, 10, 12), Box(0, 0, 10, 10)])
    assert match_by_overlap(detections, finding).pairs[0].detection == 1


def test_a_pair_needs_the_threshold() -> None:
    assert match(to_array([Box(0, 0, 10, 10)]), to_array([Box(5, 0, 15, 10)]), iou_threshold=0.5).pairs == ()
    assert len(match(to_array([Box(0, 0, 10, 10)]), to_array([Box(5, 0, 15, 10)]), iou_threshold=0.3).pairs) == 1


def test_touching_boxes_are_no_pair_at_any_threshold() -> None:
    assert match(to_array([Box(0, 0, 10, 10)]), to_array([Box(10, 0, 20, 10)]), iou_threshold=0.0).pairs == ()
