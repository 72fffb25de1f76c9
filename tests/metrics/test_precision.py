"""Average precision against a slow reading of the curve."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview.domain.box import Box, to_array
from lungview.metrics.precision import SliceBoxes, average_precision, detection_precision, mean_precision

marks = st.lists(st.tuples(st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.9]), st.booleans()), max_size=12)


def _plain(marks: list[tuple[float, bool]], positives: int) -> float:
    """Walk the thresholds down; precision at a recall is the best at that recall or beyond."""
    points = []
    for threshold in sorted({score for score, _ in marks}, reverse=True):
        kept = [hit for score, hit in marks if score >= threshold]
        points.append((sum(kept) / positives, sum(kept) / len(kept)))
    area, reached = 0.0, 0.0
    for place, (recall, _) in enumerate(points):
        area += (recall - reached) * max(precision for _, precision in points[place:])
        reached = recall
    return area


@given(marks, st.integers(0, 4))
def test_average_precision_is_the_area_under_the_envelope(marks: list[tuple[float, bool]], missed: int) -> None:
    positives = sum(hit for _, hit in marks) + missed
    scores, hits = np.array([mark[0] for mark in marks]), np.array([mark[1] for mark in marks], dtype=bool)
    result = average_precision(scores, hits, positives)
    if positives:
        assert result == pytest.approx(_plain(marks, positives))
    else:
        assert math.isnan(result)


def test_boxes_that_fit_score_one_and_boxes_elsewhere_lower_it() -> None:
    finding = to_array([Box(0, 0, 10, 10)])
    right = SliceBoxes(finding, np.array([0.9]), finding)
    wrong = SliceBoxes(to_array([Box(50, 50, 60, 60)]), np.array([0.95]), to_array([]))
    assert detection_precision([right]) == 1
    assert detection_precision([right, wrong]) == pytest.approx(0.5)


def test_mean_precision_counts_the_thresholds_an_overlap_reaches() -> None:
    overlapping = SliceBoxes(to_array([Box(0, 0, 10, 10)]), np.array([0.9]), to_array([Box(0, 0, 10, 8)]))
    assert mean_precision([overlapping]) == pytest.approx(0.7)  # IoU 0.8 reaches 0.50 to 0.80
