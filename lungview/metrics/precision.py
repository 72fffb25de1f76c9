"""Average precision of scored boxes over many slices."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import BoolArray, FloatArray
from lungview.metrics.matching import match

COCO_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""IoU from 0.50 to 0.95: the mean of the average precisions there is what COCO calls mAP."""


@dataclass(frozen=True, slots=True, eq=False)
class SliceBoxes:
    """One slice: detections (N, 4) with scores (N,), findings (M, 4); (xmin, ymin, xmax, ymax) in pixels."""

    detections: FloatArray
    scores: FloatArray
    findings: FloatArray


def average_precision(scores: FloatArray, is_hit: BoolArray, positives: int) -> float:
    """Area under the precision-recall curve, precision made non-increasing first (Pascal VOC 2010, all points).

    scores: (N,), any order. is_hit: (N,) whether each found something not yet found. positives: how many there are to
    find; without any the value is NaN. Equal scores are taken together, so that order in the input never counts.
    """
    if positives == 0:
        return float("nan")
    order = np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    ordered, hits = np.asarray(scores)[order], np.asarray(is_hit, dtype=np.float64)[order]
    if not hits.size:
        return 0.0
    ends = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    found = np.cumsum(hits)[ends]
    precision = np.maximum.accumulate((found / (ends + 1))[::-1])[::-1]
    recall = np.append(0.0, found / positives)
    return float(np.sum(np.diff(recall) * precision))


def detection_precision(slices: Sequence[SliceBoxes], iou_threshold: float = 0.5) -> float:
    """Average precision of boxes over slices, a hit being a free finding with at least iou_threshold; one class."""
    scores, hits = [np.empty(0)], [np.empty(0, dtype=bool)]
    for each in slices:
        matching = match(each.detections, each.findings, each.scores, iou_threshold=iou_threshold)
        is_hit = np.zeros(len(each.scores), dtype=bool)
        is_hit[[pair.detection for pair in matching.pairs]] = True
        scores.append(np.asarray(each.scores, dtype=np.float64))
        hits.append(is_hit)
    positives = sum(len(each.findings) for each in slices)
    return average_precision(np.concatenate(scores), np.concatenate(hits), positives)


def mean_precision(slices: Sequence[SliceBoxes], iou_thresholds: Sequence[float] = COCO_THRESHOLDS) -> float:
    """Mean of the average precisions at several IoU thresholds."""
    return float(np.mean([detection_precision(slices, threshold) for threshold in iou_thresholds]))
