"""What a model said of one slice beside what readers drew there, and the same of many slices as flat arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import BoolArray, FloatArray, IntArray
from lungview.metrics.iou import iou
from lungview.metrics.matching import match
from lungview.metrics.precision import COCO_THRESHOLDS

HIT_IOU = 0.1
"""A mark has found a lesion from this overlap on."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedSlice:
    """One slice. boxes: (N, 4), best first, scores: (N,), 1 where a model gives none. truth: (M, 4).

    best_iou: of the best mark with any reader's box, 0 where there is no mark; None on lesion-free slices.
    overlap: (N,) each mark's best IoU with a reader's box. first: (N,) whether it finds a box that no better mark
    found, at HIT_IOU. exact: (10, N) the same one to one at COCO's thresholds, .50 to .95.
    """

    patient: str
    scan: str
    name: str
    labels: tuple[str, ...]
    boxes: FloatArray
    scores: FloatArray
    truth: FloatArray
    best_iou: float | None
    overlap: FloatArray
    first: BoolArray
    exact: BoolArray

    @property
    def is_free(self) -> bool:
        """Whether readers drew nothing."""
        return self.best_iou is None

    def false_marks(self, threshold: float) -> int:
        """How many marks at the threshold hit nothing."""
        return int(((self.scores >= threshold) & (self.overlap < HIT_IOU)).sum())

    def found(self, threshold: float) -> int:
        """How many readers' boxes marks at the threshold found."""
        return int(((self.scores >= threshold) & self.first).sum())


def judge(
    patient: str,
    scan: str,
    name: str,
    labels: tuple[str, ...],
    boxes: FloatArray,
    scores: FloatArray,
    truth: FloatArray,
) -> JudgedSlice:
    """Compare a slice's marks, best first, with the readers' boxes."""
    overlaps = iou(boxes, truth)
    overlap = overlaps.max(axis=1) if len(truth) else np.zeros(len(boxes))
    best = None if not len(truth) else float(overlap[0]) if len(overlap) else 0.0
    exact = np.zeros((len(COCO_THRESHOLDS), len(boxes)), dtype=np.bool_)
    for row, threshold in enumerate(COCO_THRESHOLDS):
        exact[row, [pair.detection for pair in match(boxes, truth, scores, iou_threshold=threshold).pairs]] = True
    first = _first_hits(overlaps)
    return JudgedSlice(patient, scan, name, labels, boxes, scores, truth, best, overlap, first, exact)


def _first_hits(overlaps: FloatArray) -> BoolArray:
    """(N,) whether each mark, best first, is the first on the box it overlaps most, as LUNA16 counts."""
    first = np.zeros(len(overlaps), dtype=np.bool_)
    taken: set[int] = set()
    for place, row in enumerate(overlaps):
        if row.size and row.max() >= HIT_IOU and int(row.argmax()) not in taken:
            first[place] = True
            taken.add(int(row.argmax()))
    return first


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """All marks of many slices, best score first, so that a bootstrap only weighs patients anew.

    owner: (N,) row of the mark's patient. scores, overlap, first, exact: as of a slice. ends: (E,) last mark of each
    run of equal scores. Per slice: slice_owner, best_iou (NaN on free slices), free_false and free_flagged (marks at
    the threshold on free slices, NaN on boxed ones). Per patient: lesions and scans, (P,).
    """

    patients: tuple[str, ...]
    owner: IntArray
    scores: FloatArray
    overlap: FloatArray
    first: BoolArray
    exact: BoolArray
    ends: IntArray
    slice_owner: IntArray
    best_iou: FloatArray
    free_false: FloatArray
    lesions: FloatArray
    scans: FloatArray


def gather(slices: Sequence[JudgedSlice], threshold: float) -> Marks:
    """Lay slices out flat; threshold: the score from which marks on lesion-free slices count as shown."""
    patients = tuple(sorted({each.patient for each in slices}))
    rows = {name: row for row, name in enumerate(patients)}
    slice_owner = np.array([rows[each.patient] for each in slices], dtype=np.int64)
    owner = np.repeat(slice_owner, [len(each.scores) for each in slices])
    scores = np.concatenate([np.zeros(0), *(each.scores for each in slices)])
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    lesions, scans = np.zeros(len(patients)), np.zeros(len(patients))
    np.add.at(lesions, slice_owner, [float(len(each.truth)) for each in slices])
    for patient, _ in {(each.patient, each.scan) for each in slices}:
        scans[rows[patient]] += 1
    return Marks(
        patients=patients,
        owner=owner[order],
        scores=ordered,
        overlap=np.concatenate([np.zeros(0), *(each.overlap for each in slices)])[order],
        first=np.concatenate([np.zeros(0, np.bool_), *(each.first for each in slices)])[order],
        exact=np.concatenate([np.zeros((10, 0), np.bool_), *(each.exact for each in slices)], axis=1)[:, order],
        ends=np.flatnonzero(np.append(np.diff(ordered) != 0, True)) if ordered.size else np.zeros(0, np.int64),
        slice_owner=slice_owner,
        best_iou=np.array([np.nan if each.best_iou is None else each.best_iou for each in slices]),
        free_false=np.array([float(each.false_marks(threshold)) if each.is_free else np.nan for each in slices]),
        lesions=lesions,
        scans=scans,
    )
