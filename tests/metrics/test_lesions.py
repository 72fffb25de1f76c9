"""Boxes of neighbouring slices become lesions."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview.domain.arrays import FloatArray
from lungview.domain.box import Box
from lungview.domain.detection import Detection
from lungview.domain.finding import Finding, Source
from lungview.domain.geometry import VolumeGeometry
from lungview.domain.lesion import Lesion
from lungview.metrics.lesions import LinkRule, is_centre_hit, lesion_iou, link_lesions, match_lesions
from tests.support.volumes import make_geometry, make_stack

HERE = Box(10, 10, 30, 30)
AWAY = Box(40, 40, 60, 60)


def _geometry(slices: int = 20, slice_mm: float = 5.0, spacing: tuple[float, float] = (0.5, 0.25)) -> VolumeGeometry:
    return make_geometry(make_stack(slices, slice_mm=slice_mm, spacing_mm=spacing))


def _on(slices: list[int], box: Box = HERE, score: float | None = 0.9) -> dict[int, list[Detection]]:
    return {index: [Detection(box, score)] for index in slices}


def _lesion(boxes: dict[int, Box]) -> Lesion:
    return Lesion(Source.AI, boxes, (1.0, 1.0, 1.0))


def test_boxes_on_neighbouring_slices_are_one_lesion_with_its_size_in_mm() -> None:
    (lesion,) = link_lesions(_on([3, 4, 5]), _geometry(), Source.AI)
    assert (lesion.first, lesion.last) == (3, 5)
    assert lesion.size_mm == pytest.approx((20 * 0.25, 20 * 0.5, 15.0))


def test_one_missing_slice_is_spanned_and_two_thick_ones_are_not() -> None:
    assert len(link_lesions(_on([3, 5]), _geometry(), Source.AI)) == 1
    assert len(link_lesions(_on([3, 6]), _geometry(), Source.AI)) == 2


def test_thin_slices_may_miss_as_many_as_fit_into_the_gap() -> None:
    thin = _geometry(slice_mm=1.0)
    assert len(link_lesions(_on([3, 9]), thin, Source.AI)) == 1
    assert len(link_lesions(_on([3, 10]), thin, Source.AI, rule=LinkRule(single_slice_score=0))) == 2


def test_a_gap_in_the_stack_parts_lesions_of_neighbouring_indices() -> None:
    geometry = _geometry()
    origins: FloatArray = np.array(geometry.origins, dtype=np.float64)
    origins[10:] += (0.0, 0.0, 100.0)
    assert len(link_lesions(_on([9, 10]), replace(geometry, origins=origins), Source.AI)) == 2


def test_boxes_apart_on_the_slice_are_two_lesions() -> None:
    marks = {index: [Detection(HERE, 0.9), Detection(AWAY, 0.7)] for index in (3, 4)}
    first, second = link_lesions(marks, _geometry(), Source.AI)
    assert (first.score, second.score) == (0.9, 0.7)
    assert set(second.boxes.values()) == {AWAY}


def test_a_lesion_that_shrinks_fast_stays_one() -> None:
    marks = {3: [Detection(Box(10, 10, 50, 50), 0.9)], 4: [Detection(Box(22, 22, 38, 38), 0.6)]}
    (lesion,) = link_lesions(marks, _geometry(), Source.AI)
    assert lesion.scores == {3: 0.9, 4: 0.6}


def test_the_score_is_that_of_the_best_box() -> None:
    marks = {3: [Detection(HERE, 0.4)], 4: [Detection(HERE, 0.7)], 5: [Detection(HERE, 0.5)]}
    (lesion,) = link_lesions(marks, _geometry(), Source.AI)
    assert lesion.score == 0.7
    assert lesion.key_slice == 4


def test_a_faint_box_on_a_single_thin_slice_is_no_lesion() -> None:
    thin = _geometry(slice_mm=1.0)
    assert link_lesions(_on([3], score=0.5), thin, Source.AI) == ()
    assert len(link_lesions(_on([3], score=0.85), thin, Source.AI)) == 1
    assert len(link_lesions(_on([3], score=0.5), _geometry(slice_mm=5.0), Source.AI)) == 1


def test_a_faint_box_counts_where_nobody_knows_how_far_slices_are_apart() -> None:
    unplaced = replace(_geometry(slice_mm=1.0), is_known=False)
    assert len(link_lesions(_on([3], score=0.5), unplaced, Source.AI)) == 1


def test_a_single_slice_counts_until_its_neighbours_were_looked_at() -> None:
    thin = _geometry(slice_mm=1.0)
    assert len(link_lesions(_on([3], score=0.5), thin, Source.AI, examined={3, 4})) == 1
    assert link_lesions(_on([3], score=0.5), thin, Source.AI, examined={2, 3, 4}) == ()
    assert len(link_lesions(_on([0], score=0.5), _geometry(1, 1.0), Source.AI)) == 1


def test_boxes_without_score_are_never_too_faint() -> None:
    assert len(link_lesions(_on([3], score=None), _geometry(slice_mm=1.0), Source.AI)) == 1


def test_readers_lesions_carry_the_commonest_label_and_no_score() -> None:
    labels = ["A", "", "a", "A"]
    marks = {index: [Finding("1.2.3", HERE, label)] for index, label in enumerate(labels)}
    (lesion,) = link_lesions(marks, _geometry(), Source.READER)
    assert (lesion.label, lesion.score, lesion.source) == ("A", None, Source.READER)


def test_boxes_without_area_are_left_out() -> None:
    marks = {3: [Finding("1.2.3", Box(215, 286, 215, 286))]}
    assert link_lesions(marks, _geometry(), Source.READER) == ()


def test_slices_at_one_position_still_link() -> None:
    geometry = replace(_geometry(3), origins=np.zeros((3, 3)))
    (lesion,) = link_lesions(_on([0, 1, 2]), geometry, Source.AI)
    assert lesion.size_mm[2] == 1.0


marks_by_slice = st.dictionaries(
    st.integers(0, 11),
    st.lists(
        st.builds(
            lambda x, y, w, h, score: Detection(Box(x, y, x + w, y + h), score),
            st.integers(0, 40), st.integers(0, 40), st.integers(1, 20), st.integers(1, 20), st.floats(0, 1),
        ),
        max_size=3,
    ),
    max_size=8,
)  # fmt: skip


@given(marks_by_slice)
def test_every_box_is_in_exactly_one_lesion(marks: dict[int, list[Detection]]) -> None:
    lesions = link_lesions(marks, _geometry(12), Source.AI)
    given_boxes = sorted((index, mark.box.as_tuple()) for index, held in marks.items() for mark in held)
    linked = sorted((index, box.as_tuple()) for lesion in lesions for index, box in lesion.boxes.items())
    assert linked == given_boxes


def _plain_lesion_iou(a: Lesion, b: Lesion) -> float:
    def voxels(lesion: Lesion) -> set[tuple[int, int, int]]:
        return {
            (k, y, x)
            for k, box in lesion.boxes.items()
            for y in range(int(box.ymin), int(box.ymax))
            for x in range(int(box.xmin), int(box.xmax))
        }

    one, other = voxels(a), voxels(b)
    return len(one & other) / len(one | other)


lesions = st.dictionaries(
    st.integers(0, 5),
    st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), *(st.integers(1, 12) for _ in range(4))),
    min_size=1,
    max_size=4,
).map(_lesion)


@given(lesions, lesions)
def test_lesion_iou_is_the_share_of_voxels_in_both(a: Lesion, b: Lesion) -> None:
    assert lesion_iou(a, b) == pytest.approx(_plain_lesion_iou(a, b))
    assert lesion_iou(a, b) == pytest.approx(lesion_iou(b, a))


@given(lesions)
def test_a_lesion_matches_itself_in_full(lesion: Lesion) -> None:
    (pair,) = match_lesions([lesion], [lesion]).pairs
    assert pair.iou == pytest.approx(1)


def test_a_centre_hit_pairs_lesions_that_hardly_overlap() -> None:
    small, large = _lesion({3: Box(48, 48, 52, 52)}), _lesion({index: Box(0, 0, 100, 100) for index in range(2, 7)})
    assert is_centre_hit(small, large)
    (pair,) = match_lesions([small], [large]).pairs
    assert pair.is_centre_hit
    assert pair.iou < 0.01


def test_a_lesion_beyond_the_readers_slices_is_no_hit() -> None:
    assert not is_centre_hit(_lesion({9: HERE}), _lesion({3: HERE, 4: HERE}))
    assert match_lesions([_lesion({9: HERE})], [_lesion({3: HERE})]).unmatched_reference == (0,)


def test_nothing_against_nothing_is_an_empty_matching() -> None:
    assert match_lesions([], []).pairs == ()
    assert match_lesions([], [_lesion({1: HERE})]).unmatched_reference == (0,)
    assert match_lesions([_lesion({1: HERE})], []).unmatched_predicted == (0,)
