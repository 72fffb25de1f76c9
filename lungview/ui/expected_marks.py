"""What a score threshold costs and finds, from a model's measured stops."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from lungview.domain.detection import OperatingPoint


@dataclass(frozen=True, slots=True)
class Expected:
    """What validation lets expect at a threshold. sensitivity in [0, 1]; None where nobody measured it.

    is_measured: at a stop; else read off between two stops, or the nearest stop's beyond the ends (is_beyond).
    """

    sensitivity: float | None
    false_marks_per_scan: float | None
    is_measured: bool = False
    is_beyond: bool = False


def expected_at(points: Sequence[OperatingPoint], threshold: float) -> Expected:
    """What to expect at a threshold: at a stop its own figures, between two stops a straight line."""
    known = sorted((p for p in points if p.sensitivity is not None), key=lambda point: point.score_threshold)
    if not known:
        return Expected(None, None)
    for point in known:
        if abs(point.score_threshold - threshold) < 5e-4:
            return Expected(point.sensitivity, point.false_marks_per_scan, is_measured=True)
    for below, above in itertools.pairwise(known):
        if below.score_threshold < threshold < above.score_threshold:
            share = (threshold - below.score_threshold) / (above.score_threshold - below.score_threshold)
            return _between(below, above, share)
    end = known[0] if threshold < known[0].score_threshold else known[-1]
    return Expected(end.sensitivity, end.false_marks_per_scan, is_beyond=True)


def in_words(expected: Expected, *, is_below: bool) -> str:
    """The expectation as a line under the slider. is_below: the threshold lies under the lowest measured stop."""
    if expected.sensitivity is None:
        return "Not measured for this model"
    found = f"{expected.sensitivity:.0%}".replace("%", " %")
    about = "" if expected.is_measured else "about "
    if expected.false_marks_per_scan is None:
        return _found_only(f"{about}{found}", is_beyond=expected.is_beyond, is_below=is_below)
    marks = f"{expected.false_marks_per_scan:.1f}"
    if expected.is_beyond:
        compared = "more" if is_below else "fewer"
        return f"Beyond what was measured: {compared} than {marks} false marks per scan"
    return f"Finds {about}{found} of lesions, {about}{marks} false marks per scan"


def _found_only(found: str, *, is_beyond: bool, is_below: bool) -> str:
    """The line for a model validated on single slices, where nobody could count false marks per scan."""
    if is_beyond:
        return f"Beyond what was measured: {'more' if is_below else 'less'} found than {found.removeprefix('about ')}"
    return f"Finds {found} of lesions slice by slice; false marks per scan not measured"


def _between(below: OperatingPoint, above: OperatingPoint, share: float) -> Expected:
    def mixed(low: float | None, high: float | None) -> float | None:
        return None if low is None or high is None else low + (high - low) * share

    return Expected(
        mixed(below.sensitivity, above.sensitivity), mixed(below.false_marks_per_scan, above.false_marks_per_scan)
    )
