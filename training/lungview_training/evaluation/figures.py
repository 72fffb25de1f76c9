"""The figures of a report, each with its interval from patients drawn anew."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import BoolArray, FloatArray, IntArray
from lungview.metrics.froc import RATES
from lungview_training.evaluation.marks import HIT_IOU, Marks

DRAWS = 1000
BINS = 10
"""Of the reliability diagram: equal steps of the score."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, None where it cannot be told, and its 95 % interval, None where patients are too few for one."""

    value: float | None
    interval_95: tuple[float, float] | None


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """FROC points from the strictest threshold on: false marks per scan and sensitivity, (P,) each."""

    false_marks: FloatArray
    sensitivity: FloatArray


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
    count = len(marks.patients)
    values = _once(marks, np.ones(count), has_score)
    random = np.random.default_rng(seed)
    drawn = np.full((0, len(values)), np.nan)
    if count > 1:
        weights = random.multinomial(count, np.full(count, 1 / count), size=draws).astype(np.float64)
        drawn = np.array([list(_once(marks, weight, has_score).values()) for weight in weights])
    return {name: figure_of(value, drawn[:, column]) for column, (name, value) in enumerate(values.items())}


def figure_of(value: float, drawn: FloatArray) -> Figure:
    """A value with the interval of its draws; draws that could not tell are left out."""
    known = drawn[np.isfinite(drawn)]
    if not np.isfinite(value):
        return Figure(None, None)
    if not known.size:
        return Figure(float(value), None)
    low, high = np.percentile(known, (2.5, 97.5))
    return Figure(float(value), (float(low), float(high)))


def curve(marks: Marks, weight: FloatArray | None = None) -> Curve:
    """The FROC curve with each patient (P,) counted weight times, once by default."""
    weight = np.ones(len(marks.patients)) if weight is None else weight
    each = weight[marks.owner]
    lesions, scans = float(weight @ marks.lesions), float(weight @ marks.scans)
    found = np.cumsum(each * marks.first)[marks.ends]
    false = np.cumsum(each * (marks.overlap < HIT_IOU))[marks.ends]
    sensitivity = np.append(0.0, found) / lesions if lesions else np.full(len(found) + 1, np.nan)
    return Curve(np.append(0.0, false) / max(scans, 1.0), sensitivity)


def reliability(marks: Marks) -> tuple[Bin, ...]:
    """Marks by score, in equal steps."""
    place = _bins(marks.scores)
    return tuple(_bin(marks, number, place == number) for number in range(BINS))


def _once(marks: Marks, weight: FloatArray, has_score: bool) -> dict[str, float]:
    of_slice = weight[marks.slice_owner]
    precisions = _precisions(marks, weight)
    values = {
        "best_box_iou": _mean(marks.best_iou, of_slice),
        "map50": float(precisions[0]),
        "map": float(precisions.mean()),
        "negatives_fp": _mean(marks.free_false, of_slice),
        "negatives_flagged": _mean(np.minimum(marks.free_false, 1.0), of_slice),
    }
    if has_score:
        sensitivities = _sensitivities(curve(marks, weight))
        values |= {f"froc_{rate}": value for rate, value in zip(RATES, sensitivities, strict=True)}
        values["cpm"] = float(np.mean(sensitivities))
        values["ece"] = _calibration_error(marks, weight)
    return values


def _mean(values: FloatArray, weight: FloatArray) -> float:
    """Weighted mean of what is not NaN; NaN where nothing is."""
    is_known: BoolArray = ~np.isnan(values)
    total = float(weight[is_known].sum())
    return float(values[is_known] @ weight[is_known]) / total if total else float("nan")


def _precisions(marks: Marks, weight: FloatArray) -> FloatArray:
    """(10,) average precision at COCO's thresholds, as lungview.metrics.precision has it, patients weighted."""
    lesions = float(weight @ marks.lesions)
    if not lesions:
        return np.full(len(marks.exact), np.nan)
    each = weight[marks.owner]
    found = np.asarray(np.cumsum(marks.exact * each, axis=1)[:, marks.ends], dtype=np.float64)
    shown = np.asarray(np.cumsum(each)[marks.ends], dtype=np.float64)
    precision = np.divide(found, shown, out=np.zeros_like(found), where=shown > 0)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    gained = np.diff(found, axis=1, prepend=0.0)
    total: FloatArray = (gained * precision).sum(axis=1) / lesions
    return total


def _sensitivities(points: Curve) -> list[float]:
    is_highest = np.append(np.diff(points.false_marks) > 0, True)
    return [float(np.interp(rate, points.false_marks[is_highest], points.sensitivity[is_highest])) for rate in RATES]


def _bins(scores: FloatArray) -> IntArray:
    places: IntArray = np.minimum((scores * BINS).astype(np.int64), BINS - 1)
    return places


def _calibration_error(marks: Marks, weight: FloatArray) -> float:
    """Expected calibration error (Guo et al. 2017): how far the share of hits lies from the score, bins weighted."""
    if not marks.scores.size:
        return float("nan")
    each, place = weight[marks.owner], _bins(marks.scores)
    gap = each * ((marks.overlap >= HIT_IOU) - marks.scores)
    total = float(each.sum())
    return float(np.abs(np.bincount(place, gap, BINS)).sum()) / total if total else float("nan")


def _bin(marks: Marks, number: int, inside: BoolArray) -> Bin:
    count = int(inside.sum())
    score = float(marks.scores[inside].mean()) if count else None
    share = float((marks.overlap[inside] >= HIT_IOU).mean()) if count else None
    return Bin(number / BINS, (number + 1) / BINS, count, score, share)
