"""What a model said of one slice beside what readers drew there, and the same of many slices as flat arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import BoolArray, FloatArray, IntArray
from lungview.metrics.iou import iou
from lungview.metrics.matching import match
from lungview.metrics.precision import COCO_THRESHOLDS
from lungview_training.evaluation.curves import FrocMarks, ends_of
from lungview_training.evaluation.hits import first_hits, hits_of

FOUND_IOU = 0.1
"""From this overlap on a box counts as found where it is asked how well found lesions are boxed."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedSlice:
    """One slice. boxes: (N, 4), best first, scores: (N,), 1 where a model gives none. truth: (M, 4).

    sizes_mm: (M,) longer side of each reader's box, mm. best_iou: of the best mark with any reader's box, 0 where there
    is no mark; None on lesion-free slices. hits: (N,) the reader's box that each mark hits by LUNA16's rule, else -1.
    first: (N,) whether a mark is the best on its box. exact: (10, N) whether it finds, one to one, a box at COCO's IoU
    thresholds, .50 to .95. pair_iou, pair_score: (M,) IoU and score of the mark paired with each reader's box from an
    IoU of FOUND_IOU on, one to one, best score first; 0 and -1 where there is none.
    """

    patient: str
    scan: str
    name: str
    labels: tuple[str, ...]
    boxes: FloatArray
    scores: FloatArray
    truth: FloatArray
    sizes_mm: FloatArray
    best_iou: float | None
    hits: IntArray
    first: BoolArray
    exact: BoolArray
    pair_iou: FloatArray
    pair_score: FloatArray

    @property
    def is_free(self) -> bool:
        """Whether readers drew nothing."""
        return self.best_iou is None

    def false_marks(self, threshold: float) -> int:
        """How many marks at the threshold hit nothing."""
        return int(((self.scores >= threshold) & (self.hits < 0)).sum())

    def found(self, threshold: float) -> int:
        """How many readers' boxes marks at the threshold hit."""
        return int(self.boxes_hit(threshold).sum())

    def boxes_hit(self, threshold: float) -> BoolArray:
        """(M,) whether each reader's box is hit by a mark at the threshold."""
        is_hit = np.zeros(len(self.truth), dtype=np.bool_)
        is_hit[self.hits[(self.scores >= threshold) & self.first]] = True
        return is_hit


def judge(
    patient: str,
    scan: str,
    name: str,
    labels: tuple[str, ...],
    boxes: FloatArray,
    scores: FloatArray,
    truth: FloatArray,
    pixel_mm: tuple[float, float] = (1.0, 1.0),
) -> JudgedSlice:
    """Compare a slice's marks, best first, with the readers' boxes; pixel_mm: (between rows, between columns)."""
    overlaps = iou(boxes, truth)
    best = None if not len(truth) else float(overlaps[0].max()) if len(overlaps) else 0.0
    exact = np.zeros((len(COCO_THRESHOLDS), len(boxes)), dtype=np.bool_)
    for row, threshold in enumerate(COCO_THRESHOLDS):
        exact[row, [pair.detection for pair in match(boxes, truth, scores, iou_threshold=threshold).pairs]] = True
    hits = hits_of(boxes, truth)
    first = np.zeros(len(boxes), dtype=np.bool_)
    first[first_hits(scores, hits)] = True
    pair_iou, pair_score = np.zeros(len(truth)), np.full(len(truth), -1.0)
    for pair in match(boxes, truth, scores, iou_threshold=FOUND_IOU).pairs:
        pair_iou[pair.finding], pair_score[pair.finding] = pair.iou, scores[pair.detection]
    sides = (truth[:, 2:] - truth[:, :2]) * np.array(pixel_mm[::-1])
    sizes = sides.max(axis=1, initial=0.0)
    return JudgedSlice(
        patient, scan, name, labels, boxes, scores, truth, sizes, best, hits, first, exact, pair_iou, pair_score
    )


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """All marks of many slices, best score first, so that a bootstrap only weighs patients anew.

    froc: the marks, slice by slice; exact: (10, N) as of a slice. Per slice: slice_owner, best_iou (NaN on free
    slices), free_false (marks at the threshold on free slices, NaN on boxed ones). Per reader's box, (B,): box_owner,
    box_size_mm, box_iou of the mark at the threshold that is paired with it, NaN where there is none, and box_hit,
    whether a mark at the threshold hits it by LUNA16's rule.
    """

    patients: tuple[str, ...]
    froc: FrocMarks
    exact: BoolArray
    slice_owner: IntArray
    best_iou: FloatArray
    free_false: FloatArray
    box_owner: IntArray
    box_size_mm: FloatArray
    box_iou: FloatArray
    box_hit: BoolArray


def by_label(slices: Sequence[JudgedSlice]) -> dict[str, list[JudgedSlice]]:
    """Slices by their labels, in the order of these; one with two labels is under both, one without under none."""
    labels = sorted({label for each in slices for label in each.labels})
    return {label: [each for each in slices if label in each.labels] for label in labels}


def gather(slices: Sequence[JudgedSlice], threshold: float, *, sizes: tuple[float, float] = (0.0, np.inf)) -> Marks:
    """Lay slices out flat. threshold: score from which marks count as shown. sizes: mm, the readers' boxes to keep."""
    patients = tuple(sorted({each.patient for each in slices}))
    rows = {name: row for row, name in enumerate(patients)}
    owner = np.array([rows[each.patient] for each in slices], dtype=np.int64)
    froc, order = _froc(slices, owner, len(patients))
    nothing = np.zeros(0)
    size = np.concatenate([nothing, *(each.sizes_mm for each in slices)])
    is_kept = (size >= sizes[0]) & (size < sizes[1])
    is_shown = np.concatenate([nothing, *(each.pair_score for each in slices)]) >= threshold
    pair_iou = np.concatenate([nothing, *(each.pair_iou for each in slices)])
    box_hit = np.concatenate([np.zeros(0, np.bool_), *(each.boxes_hit(threshold) for each in slices)])
    return Marks(
        patients=patients,
        froc=froc,
        exact=np.concatenate([np.zeros((10, 0), np.bool_), *(each.exact for each in slices)], axis=1)[:, order],
        slice_owner=owner,
        best_iou=np.array([np.nan if each.best_iou is None else each.best_iou for each in slices]),
        free_false=np.array([float(each.false_marks(threshold)) if each.is_free else np.nan for each in slices]),
        box_owner=np.repeat(owner, [len(each.truth) for each in slices])[is_kept],
        box_size_mm=size[is_kept],
        box_iou=np.where(is_shown, pair_iou, np.nan)[is_kept],
        box_hit=box_hit[is_kept],
    )


def _froc(slices: Sequence[JudgedSlice], slice_owner: IntArray, patients: int) -> tuple[FrocMarks, IntArray]:
    """Marks of slices laid out flat, and the order that was brought about."""
    scores = np.concatenate([np.zeros(0), *(each.scores for each in slices)])
    order = np.argsort(-scores, kind="stable")
    lesions, scans = np.zeros(patients), np.zeros(patients)
    np.add.at(lesions, slice_owner, [float(len(each.truth)) for each in slices])
    for owner, _ in {(int(owner), each.scan) for owner, each in zip(slice_owner, slices, strict=True)}:
        scans[owner] += 1
    owners = np.repeat(slice_owner, [len(each.scores) for each in slices])[order].astype(np.int64)
    first = np.concatenate([np.zeros(0, np.bool_), *(each.first for each in slices)])[order]
    false = np.concatenate([np.zeros(0, np.bool_), *(each.hits < 0 for each in slices)])[order]
    return FrocMarks(owners, scores[order], first, false, ends_of(scores[order]), lesions, scans), order
