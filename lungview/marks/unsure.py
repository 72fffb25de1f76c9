"""How unsure a model is of a case, from the scores it gave."""

from collections.abc import Iterable
from math import log2

from lungview.domain.detection import SliceDetections

_MOST = 5
"""So many of the most doubtful slices count: a case has some doubtful places, not hundreds."""


def entropy(score: float) -> float:
    """Doubt about a yes or no whose chance is a score in [0, 1]: 0 at either end, 1 in the middle, in bits."""
    if not 0 < score < 1:
        return 0.0
    return -score * log2(score) - (1 - score) * log2(1 - score)


def unsureness(answers: Iterable[SliceDetections]) -> float | None:
    """Mean doubt about the boxes of the most doubtful slices, in [0, 1]; None where no box has a score.

    A slice counts by its most doubtful box; fewer doubtful slices than counted make the case the surer.
    """
    scored = [[each.score for each in answer.detections if each.score is not None] for answer in answers]
    doubts = sorted((max(map(entropy, scores)) for scores in scored if scores), reverse=True)[:_MOST]
    return sum(doubts) / _MOST if doubts else None
