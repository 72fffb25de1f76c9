"""Named stops of the score threshold, chosen on patients that the weights did not learn from."""

import math
from collections.abc import Sequence

import numpy as np

from lungview.domain.detection import OperatingPoint
from lungview_training.evaluation.curves import curve
from lungview_training.evaluation.marks import JudgedSlice, gather

OPERATING_RATES = (("sensitive", 0.25), ("balanced", 0.1), ("specific", 0.04))
"""False marks per slice at which the named thresholds are read."""

_LOWEST = 0.01


def operating_points(slices: Sequence[JudgedSlice]) -> tuple[OperatingPoint, ...]:
    """Thresholds by false marks per slice, and the share of readers' boxes that marks from there on hit.

    Single slices have no scan: false marks per scan stay unmeasured.
    """
    marks = gather(slices, 0.0).froc
    points = curve(marks)
    false_per_slice = points.false_marks * max(float(marks.scans.sum()), 1.0) / max(len(slices), 1)
    thresholds = np.append(1.0, marks.scores[marks.ends])
    found = []
    for name, rate in OPERATING_RATES:
        lowest = float(thresholds[false_per_slice <= rate].min())
        # Rounded up: a threshold that lets through what it was chosen to keep out is none.
        stop = min(1.0, math.ceil(1000 * max(lowest, _LOWEST)) / 1000)
        found.append(OperatingPoint(name, stop, _sensitivity(slices, stop)))
    return tuple(found)


def plain_point(point: OperatingPoint) -> dict[str, object]:
    """A stop as the card's JSON has it."""
    return {
        "name": point.name,
        "score_threshold": point.score_threshold,
        "sensitivity": point.sensitivity,
        "false_marks_per_scan": point.false_marks_per_scan,
    }


def _sensitivity(slices: Sequence[JudgedSlice], threshold: float) -> float | None:
    boxes = sum(len(each.truth) for each in slices)
    return round(sum(each.found(threshold) for each in slices) / boxes, 3) if boxes else None
