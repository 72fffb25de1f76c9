"""LUNA16's hit rule: a mark has found a lesion when its centre lies inside it (Setio et al. 2017, section 2.4)."""

import numpy as np

from lungview.domain.arrays import FloatArray, IntArray

HIT_RULE = (
    "A mark hits a lesion when its centre lies in the ellipse inscribed in the reader's box: LUNA16's rule (the centre "
    "is within the lesion's radius), for lesions that are not round too. Further marks on a lesion count neither as "
    "hits nor as false."
)


def hits_of(boxes: FloatArray, truth: FloatArray) -> IntArray:
    """(N,) index of the reader's box that each mark hits, the nearest where several; -1 for a false mark.

    boxes: (N, 4), truth: (M, 4), (xmin, ymin, xmax, ymax) in pixels.
    """
    if not len(truth):
        return np.full(len(boxes), -1, dtype=np.int64)
    distance = _distances(boxes, truth)
    nearest: IntArray = distance.argmin(axis=1)
    return np.where(distance.min(axis=1, initial=np.inf) <= 1.0, nearest, -1)


def first_hits(scores: FloatArray, hits: IntArray) -> IntArray:
    """Places of the marks that are the best-scored on their lesion; scores and hits: (N,)."""
    found: dict[int, int] = {}
    for place in np.argsort(-scores, kind="stable").tolist():
        if hits[place] >= 0:
            found.setdefault(int(hits[place]), place)
    return np.array(sorted(found.values()), dtype=np.int64)


def _distances(boxes: FloatArray, truth: FloatArray) -> FloatArray:
    """(N, M) how far each mark's centre lies from each reader's, 1 being on the ellipse in the reader's box."""
    centres = (boxes[:, None, :2] + boxes[:, None, 2:]) / 2.0
    middles, halves = (truth[:, :2] + truth[:, 2:]) / 2.0, (truth[:, 2:] - truth[:, :2]) / 2.0
    away = (centres - middles) / np.maximum(halves, 1e-6)
    distance: FloatArray = np.hypot(away[..., 0], away[..., 1])
    return distance
