"""Outlines read off the mask that a network drew."""

import numpy as np
import pytest

from lungview.domain.arrays import FloatArray
from lungview.domain.box import Box
from lungview.imaging.mask_outline import mask_outline

SHAPE = (128, 256)


def _disc(x: float, y: float, radius: float, highest: float = 0.95) -> FloatArray:
    """A mask on a grid of 4 x 4 pixels of the slice, soft at the disc's edge."""
    rows, columns = np.mgrid[:32, :64] * 4 + 2
    away = np.hypot(columns - x, rows - y)
    return np.asarray(highest / (1 + np.exp((away - radius) / 2)), dtype=np.float32)


def test_a_disc_is_outlined_and_measured_in_mm() -> None:
    outline = mask_outline(_disc(100, 60, 20, 1.0), SHAPE, Box(79, 41, 121, 81), (0.5, 0.5))
    assert outline is not None
    assert (outline.points[0] == outline.points[-1]).all()
    assert outline.points.mean(axis=0) == pytest.approx((100, 60), abs=1)
    assert outline.long_axis.length_mm == pytest.approx(20, abs=1)
    assert outline.short_axis.length_mm == pytest.approx(20, abs=1)
    assert outline.area_mm2 == pytest.approx(np.pi * 10**2, rel=0.06)


def test_another_lesion_beside_the_box_is_left_out() -> None:
    mask = np.maximum(_disc(60, 60, 10), _disc(100, 60, 20))
    outline = mask_outline(mask, SHAPE, Box(48, 48, 72, 72), (1.0, 1.0))
    assert outline is not None
    assert outline.points[:, 0].max() < 80


def test_a_lesion_at_the_slice_s_border_is_closed_along_it() -> None:
    outline = mask_outline(_disc(0, 60, 20), SHAPE, Box(-20, 40, 20, 80), (1.0, 1.0))
    assert outline is not None
    assert outline.points.min() >= 0
    assert (outline.points[0] == outline.points[-1]).all()


@pytest.mark.parametrize(
    ("mask", "box"),
    [
        (_disc(100, 60, 20, 0.55), Box(80, 40, 120, 80)),
        (np.zeros((32, 64), np.float32), Box(80, 40, 120, 80)),
        (_disc(100, 60, 6), Box(50, 10, 150, 110)),
        (_disc(100, 60, 20), Box(300, 40, 340, 80)),
    ],
    ids=["unsure", "nothing", "far smaller than the box", "beside the slice"],
)
def test_what_the_network_is_not_sure_of_has_no_outline(mask: FloatArray, box: Box) -> None:
    assert mask_outline(mask, SHAPE, box, (1.0, 1.0)) is None
