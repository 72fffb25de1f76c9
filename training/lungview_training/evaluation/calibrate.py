"""Temperature and bias of a model's scores, fitted on patients it did not learn from."""

from collections.abc import Sequence
from dataclasses import asdict, replace

import numpy as np

from lungview.detection.calibration import Calibration, logit
from lungview.domain.arrays import BoolArray, FloatArray
from lungview_training.evaluation.figures import calibration_error, reliability_of
from lungview_training.evaluation.marks import JudgedSlice

_STEPS = 50
_PRIOR = 1.0
"""How many marks' worth of doubt hold both numbers to "as it is": next to nothing once there are hundreds."""
_LEAST_SLOPE, _MOST_SLOPE = 0.05, 20.0
"""Scores that say nothing, or the contrary, must not turn their order round."""


def fit(scores: FloatArray, is_hit: BoolArray) -> Calibration:
    """The likeliest temperature and bias (Newton's method on the log loss); scores, is_hit: (N,)."""
    inputs = np.stack([logit(scores), np.ones(len(scores))], axis=1)
    start = np.array([1.0, 0.0])
    found = start.copy()
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-(inputs @ found)))
        slope = inputs.T @ (chance - is_hit) + _PRIOR * (found - start)
        bend = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + _PRIOR * np.eye(2)
        step = np.linalg.solve(bend, slope)
        found = found - step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-9))
        if np.abs(step).max() < 1e-10:
            break
    return Calibration(1 / float(np.clip(found[0], _LEAST_SLOPE, _MOST_SLOPE)), float(found[1]))


def fit_slices(slices: Sequence[JudgedSlice]) -> Calibration:
    """The same from all marks of slices; a further mark on a lesion that was hit is a hit too."""
    return fit(*_marks(slices))


def calibration_table(
    calibration: Calibration, raw: Sequence[JudgedSlice], calibrated: Sequence[JudgedSlice], lowest: float
) -> dict[str, object]:
    """What a card says of a calibration, measured on slices that it was not fitted on, before and after.

    lowest: calibrated score from which marks are shown at the most sensitive stop; most marks lie far below, and are
    so surely nothing that an error over all of them says little.
    """
    scores, hits = _marks(raw)
    chances, _ = _marks(calibrated)
    is_shown = chances >= lowest
    return {
        "temperature": round(calibration.temperature, 6),
        "bias": round(calibration.bias, 6),
        "ece_before": _known(calibration_error(scores, hits)),
        "ece_after": _known(calibration_error(chances, hits)),
        "ece_shown_before": _known(calibration_error(scores[is_shown], hits[is_shown])),
        "ece_shown_after": _known(calibration_error(chances[is_shown], hits[is_shown])),
        "reliability": [asdict(each) for each in reliability_of(chances, hits)],
    }


def _known(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 4)


def recalibrated(slices: Sequence[JudgedSlice], calibration: Calibration) -> list[JudgedSlice]:
    """Slices with the scores that a model so calibrated would have given."""
    return [
        replace(
            each,
            scores=calibration.apply(each.scores),
            pair_score=np.where(each.pair_score < 0, -1.0, calibration.apply(each.pair_score)),
        )
        for each in slices
    ]


def cross_fitted(groups: Sequence[Sequence[JudgedSlice]]) -> list[list[JudgedSlice]]:
    """Each group's slices with scores calibrated on all other groups, so that none is judged by itself."""
    return [
        recalibrated(own, fit_slices([each for other in groups if other is not own for each in other]))
        for own in groups
    ]


def _marks(slices: Sequence[JudgedSlice]) -> tuple[FloatArray, BoolArray]:
    scores = np.concatenate([np.zeros(0), *(each.scores for each in slices)])
    hits = np.concatenate([np.zeros(0, np.bool_), *(each.hits >= 0 for each in slices)])
    return scores, hits
