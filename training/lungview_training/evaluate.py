"""How well boxes fit on slices: the figures by which runs are compared, always counted by patient."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from lungview.domain.arrays import BoolArray, FloatArray
from lungview.metrics.froc import ScanMarks, froc
from lungview.metrics.iou import iou
from lungview.metrics.matching import match
from lungview.metrics.precision import average_precision

HIT_IOU = 0.1
"""A mark counts as having found a lesion from this overlap on, as in two-dimensional FROC."""


@dataclass(frozen=True, slots=True, eq=False)
class SliceResult:
    """One slice: proposed boxes (N, 4), best first, their scores (N,), and the readers' boxes (M, 4).

    presence: the chance of any lesion on the slice, where the network gives one. label: whether there is one, where a
    table says so without boxes.
    """

    patient: str
    boxes: FloatArray
    scores: FloatArray
    truth: FloatArray
    presence: float | None = None
    label: bool | None = None

    @property
    def has_lesion(self) -> bool:
        """Whether readers drew a box, or a table says that there is a lesion."""
        return len(self.truth) > 0 if self.label is None else self.label

    @property
    def is_located(self) -> bool:
        """Whether boxes can be judged: a slice said to hold a lesion that nobody boxed proves none right or wrong."""
        return len(self.truth) > 0 or not self.has_lesion


@dataclass(frozen=True, slots=True)
class Metrics:
    """Shares in [0, 1], over slices.

    mean_iou: of the best-scored box with the readers' boxes, on boxed slices, 0 where there is none. hit10, hit50: how
    often that IoU reaches .1 and .5. ap10, ap50: average precision. sensitivity_at_...: readers' boxes found at so
    many false marks per slice. flagged: lesion-free slices with a mark at the score threshold; detected: boxed ones.
    """

    mean_iou: float
    hit10: float
    hit50: float
    ap10: float
    ap50: float
    sensitivity_at_eighth: float
    sensitivity_at_half: float
    sensitivity_at_one: float
    flagged: float
    detected: float


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One slice's marks against its readers' boxes.

    first10, first50: (N,) whether a mark finds, at IoU .1 and .5, a box that no better mark has found. marks: the same
    for FROC. best_iou: of the best-scored mark with any reader's box; None on lesion-free slices.
    """

    patient: str
    scores: FloatArray
    first10: BoolArray
    first50: BoolArray
    marks: ScanMarks
    best_iou: float | None


def judge(result: SliceResult) -> Judged:
    """Compare marks with readers' boxes."""
    overlaps = iou(result.boxes, result.truth)
    lesions = len(result.truth)
    hits = tuple(int(row.argmax()) if lesions and row.max() >= HIT_IOU else None for row in overlaps)
    best = None if not lesions else float(overlaps[0].max()) if len(overlaps) else 0.0
    return Judged(
        result.patient,
        result.scores,
        _finds_first(result, HIT_IOU),
        _finds_first(result, 0.5),
        ScanMarks(tuple(result.scores.tolist()), hits, lesions),
        best,
    )


def presence_auc(results: Sequence[SliceResult]) -> float:
    """How often a slice with a lesion has a higher presence than one without, ties half; 0.5 where one kind lacks."""
    told = [(each.presence, each.has_lesion) for each in results if each.presence is not None]
    held = np.array([chance for chance, holds in told if holds])
    free = np.array([chance for chance, holds in told if not holds])
    if not (held.size and free.size):
        return 0.5
    ranks = rankdata(np.concatenate([held, free]))[: held.size]
    return float((ranks.sum() - held.size * (held.size + 1) / 2) / (held.size * free.size))


def measure(judged: Sequence[Judged], score_threshold: float) -> Metrics:
    """All figures over a set of slices; score_threshold only moves flagged and detected."""
    boxed = [each for each in judged if each.best_iou is not None]
    free = [each for each in judged if each.best_iou is None]
    best = np.array([each.best_iou for each in boxed] or [0.0], dtype=np.float64)
    curve = froc([each.marks for each in judged])
    return Metrics(
        mean_iou=float(best.mean()),
        hit10=float((best >= HIT_IOU).mean()),
        hit50=float((best >= 0.5).mean()),
        ap10=_precision(judged, [each.first10 for each in judged]),
        ap50=_precision(judged, [each.first50 for each in judged]),
        sensitivity_at_eighth=float(np.nan_to_num(curve.sensitivity_at(0.125))),
        sensitivity_at_half=float(np.nan_to_num(curve.sensitivity_at(0.5))),
        sensitivity_at_one=float(np.nan_to_num(curve.sensitivity_at(1.0))),
        flagged=_marked(free, score_threshold),
        detected=_marked(boxed, score_threshold),
    )


def measure_located(results: Sequence[SliceResult], score_threshold: float = 0.3) -> Metrics:
    """The figures of those slices whose boxes can be judged."""
    return measure([judge(result) for result in results if result.is_located], score_threshold)


def _finds_first(result: SliceResult, iou_threshold: float) -> BoolArray:
    """(N,) whether each mark, best first, finds a box still free."""
    first = np.zeros(len(result.scores), dtype=np.bool_)
    pairs = match(result.boxes, result.truth, result.scores, iou_threshold=iou_threshold).pairs
    first[[pair.detection for pair in pairs]] = True
    return first


def _precision(judged: Sequence[Judged], first: Sequence[BoolArray]) -> float:
    scores = np.concatenate([np.zeros(0), *(each.scores for each in judged)])
    hits = np.concatenate([np.zeros(0, dtype=np.bool_), *first])
    return float(np.nan_to_num(average_precision(scores, hits, sum(each.marks.lesions for each in judged))))


def _marked(judged: Sequence[Judged], score_threshold: float) -> float:
    """Share of slices with a mark at the threshold."""
    return float(np.mean([bool((each.scores >= score_threshold).any()) for each in judged])) if judged else 0.0
