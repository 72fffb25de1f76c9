"""Figures against other people's code, and against the same figures counted slowly and plainly."""

import contextlib
import io
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from lungview.domain.arrays import FloatArray
from lungview.metrics.froc import RATES
from lungview.metrics.iou import iou
from lungview_training.evaluation.curves import curve
from lungview_training.evaluation.figures import calibration_error, figures
from lungview_training.evaluation.hits import hits_of
from lungview_training.evaluation.marks import JudgedSlice, Marks, gather
from tests.training.judged_slices import judged, random_slices

SEEDS = st.integers(0, 10_000)


def _coco(slices: Sequence[JudgedSlice]) -> COCOeval:
    """What COCO's own code makes of the slices."""
    truth, marks = COCO(), []
    boxes = [(number, box) for number, each in enumerate(slices, 1) for box in each.truth.astype(float).tolist()]
    truth.dataset = {
        "images": [{"id": number} for number in range(1, len(slices) + 1)],
        "categories": [{"id": 1}],
        "annotations": [
            {"id": place, "image_id": number, "category_id": 1, "iscrowd": 0, "area": 1.0, "bbox": _xywh(box)}
            for place, (number, box) in enumerate(boxes, 1)
        ],
    }
    for number, each in enumerate(slices, 1):
        for box, score in zip(each.boxes.astype(float).tolist(), each.scores.tolist(), strict=True):
            marks.append({"image_id": number, "category_id": 1, "bbox": _xywh(box), "score": score})
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        result = COCOeval(truth, truth.loadRes(marks), "bbox")
        result.evaluate()
        result.accumulate()
    return result


def _xywh(box: Sequence[float]) -> list[float]:
    return [box[0], box[1], box[2] - box[0], box[3] - box[1]]


def _at_recalls(marks: Marks, recalls: FloatArray) -> FloatArray:
    """(10, R) our precision read at COCO's recalls."""
    found = np.cumsum(marks.exact, axis=1)
    precision = found / np.arange(1, found.shape[1] + 1)
    precision = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    read = np.zeros((len(found), len(recalls)))
    for row in range(len(found)):
        places = np.searchsorted(found[row] / marks.froc.lesions.sum(), recalls, side="left")
        inside = places < found.shape[1]
        read[row, inside] = precision[row, places[inside]]
    return read


def _distinct(slices: Sequence[JudgedSlice]) -> list[JudgedSlice]:
    """The same slices with no two scores alike, and without those where a mark overlaps two boxes alike.

    COCO breaks such ties by the order of the file, and takes the last box where ours takes the first.
    """
    return [
        judged(
            each.patient,
            [tuple(box) for box in each.boxes.tolist()],
            [score - 1e-6 * (100 * number + place) for place, score in enumerate(each.scores.tolist())],
            *(tuple(box) for box in each.truth.tolist()),
        )
        for number, each in enumerate(slices)
        if not _has_ties(iou(each.boxes, each.truth))
    ]


def _has_ties(overlaps: FloatArray) -> bool:
    found = (sorted(each) for each in overlaps.tolist())
    return any(lower > 0 and upper - lower < 1e-9 for each in found for lower, upper in pairwise(each))


@settings(deadline=None, max_examples=15)
@given(SEEDS)
@example(134)
def test_precision_agrees_with_coco_s_own_code(seed: int) -> None:
    slices = _distinct(random_slices(seed))
    marks, theirs = gather(slices, 0.5), _coco(slices)
    precision = theirs.eval["precision"][:, :, 0, 0, -1]
    assert np.allclose(_at_recalls(marks, theirs.params.recThrs), precision)
    ours = figures(marks, has_score=True, draws=2)
    # COCO reads the curve at 101 places, we take all of its area.
    assert ours["map50"].value == pytest.approx(precision[0].mean(), abs=0.01)
    assert ours["map"].value == pytest.approx(precision.mean(), abs=0.01)


def _plain_froc(slices: Sequence[JudgedSlice], threshold: float) -> tuple[float, float]:
    """False marks per scan and sensitivity at one threshold, counted mark by mark."""
    false = found = lesions = 0
    for each in slices:
        lesions += len(each.truth)
        hit = set()
        for (xmin, ymin, xmax, ymax), score in zip(each.boxes.tolist(), each.scores.tolist(), strict=True):
            if score < threshold:
                continue
            x, y = (xmin + xmax) / 2, (ymin + ymax) / 2
            inside = {}
            for place, (left, top, right, bottom) in enumerate(each.truth.tolist()):
                across = (x - (left + right) / 2) / ((right - left) / 2)
                down = (y - (top + bottom) / 2) / ((bottom - top) / 2)
                if across * across + down * down <= 1:
                    inside[place] = across * across + down * down
            if inside:
                hit.add(min(inside, key=lambda place: inside[place]))
            else:
                false += 1
        found += len(hit)
    return false / len({(each.patient, each.scan) for each in slices}), found / lesions


@settings(deadline=None, max_examples=15)
@given(SEEDS)
def test_froc_agrees_with_a_count_at_every_threshold(seed: int) -> None:
    slices = random_slices(seed, 15)
    ours = curve(gather(slices, 0.5).froc)
    thresholds = sorted({score for each in slices for score in each.scores.tolist()}, reverse=True)
    plain = np.array([(0.0, 0.0), *(_plain_froc(slices, threshold) for threshold in thresholds)])
    assert np.allclose(ours.false_marks, plain[:, 0])
    assert np.allclose(ours.sensitivity, plain[:, 1])
    for rate in RATES:
        at_most = plain[plain[:, 0] <= rate, 1].max()
        assert ours.at_rates()[f"froc_{rate}"] >= at_most - 1e-9, "read between points, never under the last one"


@settings(deadline=None, max_examples=15)
@given(SEEDS)
def test_fit_on_slices_agrees_with_a_plain_count(seed: int) -> None:
    slices = random_slices(seed, 15)
    ours = figures(gather(slices, 0.5), has_score=True, draws=2)
    best, free = [], []
    for each in slices:
        if len(each.truth):
            best.append(max(_plain_iou(each.boxes[0].tolist(), box) for box in each.truth.tolist()))
        else:
            free.append(sum(score >= 0.5 for score in each.scores.tolist()))
    assert ours["best_box_iou"].value == pytest.approx(np.mean(best))
    assert ours["negatives_fp"].value == (pytest.approx(np.mean(free)) if free else None)


def _plain_iou(a: Sequence[float], b: Sequence[float]) -> float:
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = across * down if across > 0 and down > 0 else 0.0
    areas = [max(box[2] - box[0], 0) * max(box[3] - box[1], 0) for box in (a, b)]
    return shared / (sum(areas) - shared)


def test_a_mark_hits_by_its_centre_whatever_its_size() -> None:
    lesion = np.array([[10, 10, 30, 20]], np.float32)
    marks = np.array([[19, 14, 21, 16], [0, 0, 40, 30], [11, 10, 13, 12], [26, 13, 30, 17]], np.float32)
    # The third's centre lies in the box but outside the ellipse.
    assert hits_of(marks, lesion).tolist() == [0, 0, -1, 0]


def test_calibration_error_is_the_gap_between_score_and_share_of_hits() -> None:
    scores = np.array([0.75] * 4 + [0.25] * 4)
    hits = np.array([True, True, True, False, True, False, False, False])
    assert calibration_error(scores, hits) == pytest.approx(0.0)
    assert calibration_error(scores, ~hits) == pytest.approx(0.5)


def test_intervals_hold_what_drawing_slices_by_hand_gives() -> None:
    slices = random_slices(8)
    ours = figures(gather(slices, 0.5), has_score=True, draws=2000)["best_box_iou"]
    by_patient: dict[str, list[float]] = {}
    for each in slices:
        if each.best_iou is not None:
            by_patient.setdefault(each.patient, []).append(each.best_iou)
    random = np.random.default_rng(99)
    names = sorted(by_patient)
    draws = [
        np.mean(np.concatenate([by_patient[name] for name in random.choice(names, len(names))])) for _ in range(2000)
    ]
    assert ours.interval_95 == pytest.approx(tuple(np.percentile(draws, (2.5, 97.5))), abs=0.01)
