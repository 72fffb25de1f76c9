"""Scores made to mean what they say, and the stops chosen by them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview.detection.calibration import Calibration, logit, read_calibration
from lungview.domain.box import Box
from lungview.domain.detection import Detection, SliceDetections
from lungview_training.evaluation.calibrate import calibration_table, cross_fitted, fit, fit_slices, recalibrated
from lungview_training.evaluation.figures import calibration_error, figures
from lungview_training.evaluation.marks import gather
from lungview_training.stops import OPERATING_RATES, operating_points
from tests.training.judged_slices import judged, random_slices


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9), st.floats(0.1, 9), st.floats(-4, 4))
def test_calibrated_scores_keep_their_order_and_stay_chances(
    scores: list[float], temperature: float, bias: float
) -> None:
    raw = np.sort(np.array(scores))
    chances = Calibration(temperature, bias).apply(raw)
    assert (np.diff(chances) >= 0).all()
    assert ((chances >= 0) & (chances <= 1)).all()


def test_no_temperature_and_no_bias_leave_scores_alone() -> None:
    scores = np.linspace(0.01, 0.99, 9)
    assert np.allclose(Calibration().apply(scores), scores)


def test_the_fit_finds_what_was_done_to_the_scores() -> None:
    random = np.random.default_rng(4)
    chance = random.uniform(0.02, 0.98, 20_000)
    is_hit = random.uniform(size=chance.size) < chance
    # An overconfident model: its logits are twice too large, and shifted.
    raw = 1 / (1 + np.exp(-(2 * logit(chance) - 1)))
    found = fit(raw, is_hit)
    assert found.temperature == pytest.approx(2.0, rel=0.05)
    assert found.bias == pytest.approx(0.5, abs=0.05)
    assert calibration_error(raw, is_hit) > 0.08
    assert calibration_error(found.apply(raw), is_hit) < 0.02


def test_scores_that_tell_the_contrary_keep_their_order() -> None:
    scores = np.linspace(0.05, 0.95, 400)
    assert fit(scores, np.arange(400) < 200).temperature > 0
    assert fit(np.zeros(0), np.zeros(0, np.bool_)) == Calibration()


def test_calibrating_moves_neither_precision_nor_froc() -> None:
    slices = random_slices(5)
    calibration = fit_slices(slices)
    before, after = (
        figures(gather(part, 0.0), has_score=True, draws=2) for part in (slices, recalibrated(slices, calibration))
    )
    for name in ("best_box_iou", "found_iou", "map50", "map", "cpm"):
        assert after[name].value == pytest.approx(before[name].value)
    told = calibration_table(calibration, slices, recalibrated(slices, calibration), 0.0)
    error_before, error_after = told["ece_before"], told["ece_after"]
    assert isinstance(error_before, float)
    assert isinstance(error_after, float)
    assert error_after < error_before


def test_a_group_is_calibrated_by_the_others_alone() -> None:
    groups = [random_slices(seed, 15) for seed in (1, 2, 3)]
    first = cross_fitted(groups)[0]
    alone = recalibrated(groups[0], fit_slices([*groups[1], *groups[2]]))
    assert all(np.array_equal(a.scores, b.scores) for a, b in zip(first, alone, strict=True))


def test_thresholds_of_stops_rise_and_keep_to_their_false_marks() -> None:
    slices = recalibrated(random_slices(9, 60), Calibration())  # no score of 1, which no threshold keeps out
    points = operating_points(slices)
    assert [point.name for point in points] == [name for name, _ in OPERATING_RATES]
    assert [point.score_threshold for point in points] == sorted(point.score_threshold for point in points)
    for point, (_, rate) in zip(points, OPERATING_RATES, strict=True):
        assert sum(each.false_marks(point.score_threshold) for each in slices) <= rate * len(slices)


def test_stops_of_slices_without_marks_are_the_highest() -> None:
    assert {point.score_threshold for point in operating_points([judged("A", [], [], (1, 1, 9, 9))])} == {1.0}


def test_a_slice_s_scores_become_chances_and_a_model_without_scores_keeps_none() -> None:
    box = Box(1, 1, 9, 9)
    (mark,) = Calibration(2.0, 0.0).of(SliceDetections(3, (Detection(box, 0.9),))).detections
    assert mark.box == box
    assert mark.score == pytest.approx(0.75)
    plain = SliceDetections(3, (Detection(box, None),))
    assert Calibration(2.0, 0.0).of(plain) is plain


@pytest.mark.parametrize("told", [{"temperature": 0, "bias": 0}, {"temperature": 1, "bias": float("nan")}, [1, 2]])
def test_a_card_that_tells_nonsense_is_refused(told: object) -> None:
    assert read_calibration({}) is None
    assert read_calibration({"calibration": {"temperature": 2, "bias": -1, "ece_after": 0.1}}) == Calibration(2.0, -1.0)
    with pytest.raises(ValueError, match="calibration"):
        read_calibration({"calibration": told})
