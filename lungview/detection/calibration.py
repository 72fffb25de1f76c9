"""Scores made to mean what they say: of the marks with a score of .7, about 70 % are on a lesion."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lungview.domain.arrays import FloatArray
from lungview.domain.detection import SliceDetections

_EDGE = 1e-6
"""Scores of 0 and 1 have no logit."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """A score's logit over temperature, plus bias, is the logit of its chance (Platt 1999; Guo et al. 2017).

    temperature: above 0, so that the order of scores stays.
    """

    temperature: float = 1.0
    bias: float = 0.0

    def apply(self, scores: FloatArray) -> FloatArray:
        """Chances in (0, 1) float64 of scores (N,) in [0, 1]."""
        shifted = logit(scores) / self.temperature + self.bias
        return np.asarray(1 / (1 + np.exp(-shifted)), dtype=np.float64)

    def of(self, answer: SliceDetections) -> SliceDetections:
        """A slice's detections with their scores turned into chances; those without a score stay as they are."""
        if not answer.detections or answer.detections[0].score is None:
            return answer
        chances = self.apply(np.array([each.score for each in answer.detections], dtype=np.float64))
        marks = zip(answer.detections, chances.tolist(), strict=True)
        return replace(answer, detections=tuple(replace(mark, score=chance) for mark, chance in marks))


def logit(scores: FloatArray) -> FloatArray:
    """log(p / (1 - p)), with p kept off 0 and 1."""
    p = np.clip(np.asarray(scores, dtype=np.float64), _EDGE, 1 - _EDGE)
    return np.asarray(np.log(p / (1 - p)), dtype=np.float64)


def read_calibration(facts: Mapping[str, object]) -> Calibration | None:
    """What a model's card says of its scores; None where it says nothing, and scores stay as the network gives them.

    Raises ValueError where it says what cannot be.
    """
    told = facts.get("calibration")
    if told is None:
        return None
    if not isinstance(told, Mapping):
        raise ValueError("calibration is no table")
    found = Calibration(*(float(told[name]) for name in ("temperature", "bias")))
    if not (found.temperature > 0 and np.isfinite([found.temperature, found.bias]).all()):
        raise ValueError("calibration must have a temperature above 0")
    return found
