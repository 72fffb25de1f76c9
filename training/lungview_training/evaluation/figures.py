"""The figures of a report, each with its interval from patients drawn anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import BoolArray, FloatArray, IntArray
from lungview_training.evaluation.curves import curve
from lungview_training.evaluation.intervals import DRAWS, Drawn, Figure, draw
from lungview_training.evaluation.marks import JudgedSlice, Marks, gather

BINS = 10
"""Of the reliability diagram: equal steps of the score."""

SIZES_MM = ((0.0, 10.0), (10.0, 30.0), (30.0, np.inf))
"""Of readers' boxes by their longer side: nodules that are small, nodules, and masses (Fleischner Society)."""


@dataclass(frozen=True, slots=True)
class Bin:
    """One step of the reliability diagram: mean score of its marks, share that hit, and how many there are."""

    low: float
    high: float
    marks: int
    mean_score: float | None
    hit_share: float | None


def figures(marks: Marks, *, has_score: bool, draws: int = DRAWS, seed: int = 0) -> Mapping[str, Figure]:
    """All figures by name; intervals are percentiles over draws of as many patients, with replacement."""
    return drawn_figures(marks, has_score=has_score, draws=draws, seed=seed).figures()


def drawn_figures(marks: Marks, *, has_score: bool, draws: int = DRAWS, seed: int = 0) -> Drawn:
    """The same with each draw's values, so that two models' can be compared draw by draw.

    best_box_iou: mean over boxed slices of the best-scored mark's IoU (the study's measure). found_iou: mean over
    readers' boxes that a shown mark overlaps by .1 or more. sensitivity: share of readers' boxes hit by a shown mark.
    map50, map: average precision at IoU .50, and its mean from .50 to .95. negatives_fp, negatives_flagged: shown marks
    on a lesion-free slice, and share of such slices with any. froc_<rate>, cpm: sensitivity at false marks per scan.
    ece: how far the share of marks that hit lies from their score.
    """
    return draw(lambda weight: _once(marks, weight, has_score), len(marks.patients), draws=draws, seed=seed)


def size_figures(
    slices: Sequence[JudgedSlice], threshold: float, *, draws: int = DRAWS
) -> Mapping[str, tuple[Marks, Mapping[str, Figure]]]:
    """Sensitivity and IoU of found boxes by the size of readers' boxes, sizes without any left out."""
    found = {}
    for low, high in SIZES_MM:
        marks = gather(slices, threshold, sizes=(low, high))
        if len(marks.box_owner):
            drawn = draw(lambda weight, marks=marks: _of_boxes(marks, weight), len(marks.patients), draws=draws)  # type: ignore[misc]
            found[size_words(low, high)] = (marks, drawn.figures())
    return found


def size_words(low: float, high: float) -> str:
    """A step of SIZES_MM in words."""
    if low <= 0:
        return f"under {high:g} mm"
    return f"{low:g} mm and more" if np.isinf(high) else f"{low:g} to {high:g} mm"


def reliability(marks: Marks) -> tuple[Bin, ...]:
    """Marks by score, in equal steps."""
    return reliability_of(marks.froc.scores, ~marks.froc.false)


def reliability_of(scores: FloatArray, is_hit: BoolArray) -> tuple[Bin, ...]:
    """The same of scores and whether they hit, (N,) each."""
    place = _bins(scores)
    return tuple(_bin(number, scores[place == number], is_hit[place == number]) for number in range(BINS))


def calibration_error(scores: FloatArray, is_hit: BoolArray, weight: FloatArray | None = None) -> float:
    """Expected calibration error (Guo et al. 2017): how far the share of hits lies from the score, bins weighted.

    scores, is_hit, weight: (N,). NaN without marks.
    """
    each = np.ones(len(scores)) if weight is None else weight
    total = float(each.sum())
    if not total:
        return float("nan")
    gap = each * (is_hit - scores)
    return float(np.abs(np.bincount(_bins(scores), gap, BINS)).sum()) / total


def _once(marks: Marks, weight: FloatArray, has_score: bool) -> dict[str, float]:
    of_slice = weight[marks.slice_owner]
    precisions = _precisions(marks, weight)
    values = {
        "best_box_iou": _mean(marks.best_iou, of_slice),
        **_of_boxes(marks, weight),
        "map50": float(precisions[0]),
        "map": float(precisions.mean()),
        "negatives_fp": _mean(marks.free_false, of_slice),
        "negatives_flagged": _mean(np.minimum(marks.free_false, 1.0), of_slice),
    }
    if has_score:
        values |= curve(marks.froc, weight).at_rates()
        values["ece"] = calibration_error(marks.froc.scores, ~marks.froc.false, weight[marks.froc.owner])
    return values


def _of_boxes(marks: Marks, weight: FloatArray) -> dict[str, float]:
    of_box = weight[marks.box_owner]
    return {
        "found_iou": _mean(marks.box_iou, of_box),
        "sensitivity": _mean(marks.box_hit.astype(np.float64), of_box),
    }


def _mean(values: FloatArray, weight: FloatArray) -> float:
    """Weighted mean of what is not NaN; NaN where nothing is."""
    is_known: BoolArray = ~np.isnan(values)
    total = float(weight[is_known].sum())
    return float(values[is_known] @ weight[is_known]) / total if total else float("nan")


def _precisions(marks: Marks, weight: FloatArray) -> FloatArray:
    """(10,) average precision at COCO's thresholds, as lungview.metrics.precision has it, patients weighted."""
    lesions, ends = float(weight @ marks.froc.lesions), marks.froc.ends
    if not lesions:
        return np.full(len(marks.exact), np.nan)
    each = weight[marks.froc.owner]
    found = np.asarray(np.cumsum(marks.exact * each, axis=1)[:, ends], dtype=np.float64)
    shown = np.asarray(np.cumsum(each)[ends], dtype=np.float64)
    precision = np.divide(found, shown, out=np.zeros_like(found), where=shown > 0)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    gained = np.diff(found, axis=1, prepend=0.0)
    total: FloatArray = (gained * precision).sum(axis=1) / lesions
    return total


def _bins(scores: FloatArray) -> IntArray:
    places: IntArray = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    return places


def _bin(number: int, scores: FloatArray, is_hit: BoolArray) -> Bin:
    count = len(scores)
    score, share = (float(scores.mean()), float(is_hit.mean())) if count else (None, None)
    return Bin(number / BINS, (number + 1) / BINS, count, score, share)
