"""How much boxes overlap, pair by pair."""

import numpy as np

from lungview.domain.arrays import FloatArray


def iou(a: FloatArray, b: FloatArray) -> FloatArray:
    """Pairwise intersection over union of boxes.

    a: (N, 4) and b: (M, 4), (xmin, ymin, xmax, ymax) in pixels, half-open.
    Returns (N, M) float64 in [0, 1]; a box of no area has IoU 0 with all.
    """
    shared, union = _shared_and_union(a, b)
    overlap: FloatArray = np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)
    return overlap


def giou(a: FloatArray, b: FloatArray) -> FloatArray:
    """Pairwise generalised IoU (Rezatofighi et al. 2019): IoU less the empty share of the smallest box round both.

    a: (N, 4) and b: (M, 4), (xmin, ymin, xmax, ymax) in pixels. Returns (N, M) float64 in [-1, 1]; two boxes of
    no area have a union of nothing, and score -1 unless both are one and the same point or line, which scores 0.
    """
    a, b = _boxes(a), _boxes(b)
    shared, union = _shared_and_union(a, b)
    low = np.minimum(a[:, None, :2], b[None, :, :2])
    high = np.maximum(a[:, None, 2:], b[None, :, 2:])
    hull = np.prod(high - low, axis=2)
    overlap = np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)
    empty = np.divide(hull - union, hull, out=np.zeros_like(hull), where=hull > 0)
    result: FloatArray = overlap - empty
    return result


def _boxes(boxes: FloatArray) -> FloatArray:
    return np.asarray(boxes, dtype=np.float64).reshape(-1, 4)


def _shared_and_union(a: FloatArray, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(N, M) shared and joined area in pixels; sides that run backwards count as none."""
    a, b = _boxes(a), _boxes(b)
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    has_area_a, has_area_b = (np.all(boxes[:, 2:] > boxes[:, :2], axis=1) for boxes in (a, b))
    shared = np.prod(np.maximum(high - low, 0), axis=2) * (has_area_a[:, None] & has_area_b[None, :])
    area_a, area_b = (np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1) for boxes in (a, b))
    union = area_a[:, None] + area_b[None, :] - shared
    return shared, union
