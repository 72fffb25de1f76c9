"""Sensitivity against false marks per scan."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview.metrics.froc import RATES, ScanMarks, froc

mark = st.tuples(st.sampled_from([0.1, 0.2, 0.4, 0.6, 0.8]), st.sampled_from([None, 0, 1, 2]))
scans = st.lists(
    st.lists(mark, max_size=6).map(
        lambda marks: ScanMarks(tuple(each[0] for each in marks), tuple(each[1] for each in marks), 3)
    ),
    min_size=1,
    max_size=4,
)


@given(scans)
def test_each_point_is_what_counting_at_its_threshold_gives(scans: list[ScanMarks]) -> None:
    curve = froc(scans)
    for threshold, sensitivity, rate in zip(
        curve.thresholds, curve.sensitivity, curve.false_marks_per_scan, strict=True
    ):
        kept = [
            [hit for score, hit in zip(scan.scores, scan.hits, strict=True) if score >= threshold] for scan in scans
        ]
        found = sum(len({hit for hit in hits if hit is not None}) for hits in kept)
        assert sensitivity == pytest.approx(found / (3 * len(scans)))
        assert rate == pytest.approx(sum(hits.count(None) for hits in kept) / len(scans))


@given(scans)
def test_sensitivity_never_falls_with_more_false_marks(scans: list[ScanMarks]) -> None:
    at_rates = [froc(scans).sensitivity_at(rate) for rate in RATES]
    assert at_rates == sorted(at_rates)
    assert froc(scans).cpm == pytest.approx(sum(at_rates) / 7)


def test_the_curve_is_interpolated_between_its_points() -> None:
    scan = ScanMarks(scores=(0.9, 0.8, 0.7, 0.6), hits=(0, None, None, 1), lesions=2)
    curve = froc([scan, ScanMarks((), (), 0)])
    assert curve.sensitivity_at(0.25) == pytest.approx(0.5)
    assert curve.sensitivity_at(1.0) == pytest.approx(1.0)
    assert curve.sensitivity_at(0.75) == pytest.approx(0.75)


def test_the_threshold_for_a_rate_keeps_to_it() -> None:
    scan = ScanMarks(scores=(0.9, 0.8, 0.7, 0.6), hits=(0, None, None, 1), lesions=2)
    assert froc([scan]).threshold_at(0) == 0.9
    assert froc([scan]).threshold_at(1) == 0.8
    assert froc([scan]).threshold_at(2) == 0.6


def test_a_second_mark_on_a_lesion_counts_neither_way() -> None:
    curve = froc([ScanMarks(scores=(0.9, 0.8), hits=(0, 0), lesions=1)])
    assert curve.false_marks_per_scan[-1] == 0
    assert curve.sensitivity[-1] == 1


def test_no_lesions_leave_the_sensitivity_open() -> None:
    assert math.isnan(froc([ScanMarks((0.5,), (None,), 0)]).cpm)
