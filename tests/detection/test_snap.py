"""Boxes drawn to the edges that a slice shows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungview.detection.snap import SHARE, snap
from lungview.metrics.iou import iou

LUNG_HU, LESION_HU = -850, 40
TRUTH = np.array([[30.0, 40.0, 54.0, 58.0]], dtype=np.float32)


def _slice() -> np.ndarray[tuple[int, int], np.dtype[np.int16]]:
    """An ellipse of soft tissue in lung, its bounds TRUTH."""
    rows, columns = np.mgrid[:96, :96] + 0.5
    inside = ((columns - 42) / 12) ** 2 + ((rows - 49) / 9) ** 2 <= 1
    return np.where(inside, LESION_HU, LUNG_HU).astype(np.int16)


@settings(deadline=None)
@given(grown=st.floats(0.8, 1.35), across=st.floats(-2, 2), down=st.floats(-2, 2))
def test_a_box_comes_nearer_to_the_lesion_it_encloses(grown: float, across: float, down: float) -> None:
    half = np.array([12, 9]) * grown
    centre = np.array([42 + across, 49 + down])
    box = np.concatenate([centre - half, centre + half]).astype(np.float32)[None]
    before = iou(box, TRUTH)[0, 0]
    after = iou(snap(box, np.ones(1, np.float32), _slice()), TRUTH)[0, 0]
    assert after > before + 0.4 * (1 - before) or after > 0.85


def test_a_box_moves_by_its_share_of_the_way_only() -> None:
    box = TRUTH + np.array([[-3, -3, 3, 3]], dtype=np.float32)
    moved = snap(box, np.ones(1, np.float32), _slice())
    assert np.allclose(moved, box + SHARE * (TRUTH - box), atol=1.0)
    assert (np.abs(moved - TRUTH) > 0.3).all()


@pytest.mark.parametrize(("score", "values"), [(0.05, _slice()), (0.9, np.full((96, 96), -850, np.int16))])
def test_boxes_hardly_believed_in_or_without_an_edge_stay(
    score: float, values: np.ndarray[tuple[int, int], np.dtype[np.int16]]
) -> None:
    box = TRUTH + 2
    assert (snap(box, np.array([score], np.float32), values) == box).all()


def test_the_boxes_given_are_left_as_they_were() -> None:
    box = TRUTH - 3
    given_box = box.copy()
    snap(box, np.ones(1, np.float32), _slice())
    assert (box == given_box).all()
    assert snap(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), _slice()).shape == (0, 4)
