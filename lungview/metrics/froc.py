"""Sensitivity against false marks per scan (free-response ROC), and the score of LUNA16 drawn from it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import FloatArray

RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""False marks per scan at which LUNA16 reads the sensitivity (Setio et al. 2017, section 2.4)."""


@dataclass(frozen=True, slots=True)
class ScanMarks:
    """A model's marks on one scan (or slice, where each counts as a scan).

    scores: one a mark, any order. hits: for each mark the index of the lesion it hits, None for a false mark; further
    marks on a lesion already hit count neither way. lesions: how many the scan has.
    """

    scores: tuple[float, ...]
    hits: tuple[int | None, ...]
    lesions: int


@dataclass(frozen=True, slots=True, eq=False)
class FrocCurve:
    """The curve from the strictest threshold to the loosest; first point: nothing marked, threshold infinity.

    thresholds: (P,) marks with a score of at least this count. sensitivity: (P,) in [0, 1], NaN without lesions.
    false_marks_per_scan: (P,) rising.
    """

    thresholds: FloatArray
    sensitivity: FloatArray
    false_marks_per_scan: FloatArray

    def sensitivity_at(self, rate: float) -> float:
        """Sensitivity at a rate of false marks per scan, interpolated between points as LUNA16's evaluation does."""
        is_highest = np.append(np.diff(self.false_marks_per_scan) > 0, True)
        return float(np.interp(rate, self.false_marks_per_scan[is_highest], self.sensitivity[is_highest]))

    def threshold_at(self, rate: float) -> float:
        """The lowest threshold that keeps to at most this many false marks per scan; infinity where none does."""
        return float(self.thresholds[self.false_marks_per_scan <= rate].min())

    @property
    def cpm(self) -> float:
        """Competition performance metric: mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false marks per scan."""
        return float(np.mean([self.sensitivity_at(rate) for rate in RATES]))


def froc(scans: Sequence[ScanMarks]) -> FrocCurve:
    """Sweep the score threshold over all marks of all scans; equal scores are taken together."""
    lesions = sum(scan.lesions for scan in scans)
    scores, is_first_hit, is_false = _events(scans)
    order = np.argsort(-scores, kind="stable")
    scores = scores[order]
    ends = np.flatnonzero(np.append(np.diff(scores) != 0, True)) if scores.size else np.array([], dtype=np.int64)
    found, false_marks = np.cumsum(is_first_hit[order])[ends], np.cumsum(is_false[order])[ends]
    return FrocCurve(
        thresholds=np.append(np.inf, scores[ends]),
        sensitivity=np.append(0.0, found) / lesions if lesions else np.full(ends.size + 1, np.nan),
        false_marks_per_scan=np.append(0.0, false_marks) / max(len(scans), 1),
    )


def _events(scans: Sequence[ScanMarks]) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Score, whether it finds a lesion first, whether it is false; one entry a mark."""
    scores: list[float] = []
    is_first_hit: list[float] = []
    is_false: list[float] = []
    for scan in scans:
        found: set[int] = set()
        for score, hit in sorted(zip(scan.scores, scan.hits, strict=True), key=lambda mark: -mark[0]):
            scores.append(score)
            is_false.append(hit is None)
            is_first_hit.append(hit is not None and hit not in found)
            found |= set() if hit is None else {hit}
    return np.array(scores, float), np.array(is_first_hit, float), np.array(is_false, float)
