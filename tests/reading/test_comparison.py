"""Readers' boxes beside a model's."""

from collections.abc import Mapping, Sequence

import pytest

from lungview.domain.box import Box
from lungview.domain.detection import Detection, SliceDetections
from lungview.domain.finding import Finding, Source
from lungview.domain.lesion import Lesion
from lungview.reading.comparison import LesionRow, compare_slice, lesion_rows
from tests.support.volumes import make_geometry, make_stack, uid

HERE = Box(10, 10, 30, 30)
NEAR = Box(10, 10, 30, 26)
AWAY = Box(40, 40, 60, 60)
STACK = make_stack(10)
GEOMETRY = make_geometry(STACK)

Detections = Mapping[int, Sequence[tuple[Box, float | None]]]


def _findings(boxes: dict[int, Box]) -> dict[int, tuple[Finding, ...]]:
    return {index: (Finding(uid(index), box, "A"),) for index, box in boxes.items()}


def _answers(boxes: Detections) -> dict[int, SliceDetections]:
    return {
        index: SliceDetections(index, tuple(Detection(box, score) for box, score in boxes.get(index, ())))
        for index in range(10)
    }


def _rows(reader: dict[int, Box], model: Detections, score_threshold: float = 0.5) -> tuple[LesionRow, ...]:
    return lesion_rows(STACK, GEOMETRY, _findings(reader), _answers(model), score_threshold)


def test_a_pair_carries_its_iou_and_the_rest_is_missed_or_extra() -> None:
    findings = [Finding("1.2.3", HERE), Finding("1.2.3", AWAY)]
    detections = [Detection(NEAR, 0.9), Detection(Box(0, 50, 5, 60), 0.8)]
    comparison = compare_slice(findings, detections, 0.5)
    assert [(pair.finding.box, pair.detection.box) for pair in comparison.pairs] == [(HERE, NEAR)]
    assert comparison.pairs[0].iou == pytest.approx(0.8)
    assert [finding.box for finding in comparison.missed] == [AWAY]
    assert [detection.score for detection in comparison.extra] == [0.8]
    assert comparison.iou == pytest.approx(0.4)


def test_boxes_below_the_score_threshold_take_no_part() -> None:
    comparison = compare_slice([Finding("1.2.3", HERE)], [Detection(HERE, 0.4), Detection(AWAY, None)], 0.5)
    assert comparison.pairs == ()
    assert [detection.box for detection in comparison.extra] == [AWAY]
    assert comparison.iou == 0


def test_a_slice_without_readers_boxes_has_no_iou() -> None:
    assert compare_slice([], [Detection(HERE, 0.9)], 0.5).iou is None
    assert compare_slice([Finding("1.2.3", Box(5, 5, 5, 5))], [], 0.5).iou is None


def _accepted(box: Box) -> Finding:
    return Finding(uid(4), box, "A", is_own=True, is_echo=True)


def test_an_accepted_box_says_nothing_of_how_well_the_models_box_fits() -> None:
    comparison = compare_slice([_accepted(HERE), Finding(uid(4), AWAY)], [Detection(HERE, 0.9)], 0.5)
    assert [(pair.finding.box, pair.iou) for pair in comparison.pairs] == [(HERE, None)]
    assert comparison.iou == 0  # that of the one which the model missed
    assert compare_slice([_accepted(HERE)], [Detection(HERE, 0.9)], 0.5).iou is None


def test_a_box_accepted_from_another_model_is_compared() -> None:
    assert compare_slice([_accepted(HERE)], [Detection(NEAR, 0.9)], 0.5).iou == pytest.approx(0.8)


def test_a_lesion_of_accepted_boxes_is_both_sides_and_has_no_iou() -> None:
    model: Detections = {4: [(HERE, 0.9)], 5: [(NEAR, 0.8)]}
    accepted = {index: (_accepted(box),) for index, ((box, _),) in model.items()}
    (row,) = lesion_rows(STACK, GEOMETRY, accepted, _answers(model), 0.5)
    assert row.source is Source.BOTH
    assert (row.iou, row.is_centre_hit) == (None, None)
    (other,) = lesion_rows(STACK, GEOMETRY, accepted, _answers({4: [(NEAR, 0.9)], 5: [(NEAR, 0.8)]}), 0.5)
    assert other.iou is not None
    drawn = {4: (_accepted(HERE),), 5: (Finding(uid(5), NEAR),)}
    (mixed,) = lesion_rows(STACK, GEOMETRY, drawn, _answers(model), 0.5)
    assert mixed.iou is not None


def test_a_lesion_that_both_see_is_one_row_with_iou_and_centre_hit() -> None:
    (row,) = _rows({3: HERE, 4: HERE}, {3: [(NEAR, 0.9)], 4: [(NEAR, 0.8)], 5: [(NEAR, 0.7)]})
    assert row.source is Source.BOTH
    assert row.iou == pytest.approx(640 / 1120)
    assert row.is_centre_hit
    assert (row.first, row.last, row.key_slice) == (3, 5, 3)
    assert row.score == 0.9
    assert row.label == "A"
    assert row.size_mm == (20, 16, 15)


def test_rows_come_best_score_first_and_readers_own_last() -> None:
    rows = _rows({8: Box(0, 0, 5, 5)}, {1: [(HERE, 0.6)], 4: [(AWAY, 0.9)]})
    assert [(row.source, row.score) for row in rows] == [(Source.AI, 0.9), (Source.AI, 0.6), (Source.READER, None)]
    assert all(row.iou is None and row.is_centre_hit is None for row in rows)


def test_ids_stay_while_the_threshold_moves() -> None:
    model = {3: [(HERE, 0.6)], 4: [(NEAR, 0.9)], 5: [(HERE, 0.5)], 8: [(AWAY, 0.95)]}
    ids = [[row.id for row in _rows({8: AWAY}, model, threshold)] for threshold in (0.1, 0.55, 0.8)]
    assert ids[0] == ids[1] == ids[2]
    assert len(set(ids[0])) == 2


def test_a_readers_row_keeps_its_id_when_the_model_finds_it_too() -> None:
    alone = _rows({3: HERE}, {})
    both = _rows({3: HERE}, {3: [(NEAR, 0.9)]})
    assert [row.id for row in alone] == [row.id for row in both]


def test_rows_of_another_stack_have_other_ids() -> None:
    other = make_stack(10, key="other")
    rows = lesion_rows(other, GEOMETRY, _findings({3: HERE}), {}, 0.5)
    assert rows[0].id != _rows({3: HERE}, {})[0].id


def test_a_row_shows_the_models_lesion_where_there_is_one() -> None:
    ai, reader = (Lesion(source, {1: HERE}, (1, 1, 1)) for source in (Source.AI, Source.READER))
    assert LesionRow("x", ai, reader).lesion is ai
    assert LesionRow("x", None, reader).lesion is reader


def test_a_row_of_both_is_jumped_to_where_both_drew_a_box() -> None:
    (row,) = _rows({3: HERE, 4: HERE}, {3: [(HERE, 0.6)], 4: [(HERE, 0.7)], 5: [(HERE, 0.9)]})
    assert row.score == 0.9
    assert row.key_slice == 4
