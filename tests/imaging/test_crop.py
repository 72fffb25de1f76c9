"""Zoom crops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview.domain.box import Box
from lungview.imaging.crop import crop_around

coordinates = st.floats(-200, 200)
VALUES = np.arange(60 * 50, dtype=np.int16).reshape(60, 50)


@given(x=coordinates, y=coordinates, width=st.floats(0, 80), height=st.floats(0, 80))
def test_every_pixel_of_a_crop_is_the_slices_own_or_filler(x: float, y: float, width: float, height: float) -> None:
    crop = crop_around(VALUES, Box(x, y, x + width, y + height), outside=-1000)
    assert crop.values.shape[0] == crop.values.shape[1] >= 48
    side = crop.values.shape[0]
    rows, columns = np.mgrid[crop.row : crop.row + side, crop.column : crop.column + side]
    inside = (rows >= 0) & (rows < 60) & (columns >= 0) & (columns < 50)
    assert inside.any()
    assert np.array_equal(crop.values[inside], VALUES[rows[inside], columns[inside]])
    assert (crop.values[~inside] == -1000).all()


def test_the_box_lies_in_the_middle_with_its_margin() -> None:
    crop = crop_around(np.zeros((512, 512), dtype=np.int16), Box(200, 210, 260, 250), margin=0.5)
    assert crop.values.shape == (120, 120)
    assert crop.to_crop(Box(200, 210, 260, 250)).centre == (60, 60)
    assert crop.to_slice(60, 60) == (230, 230)


def test_colour_slices_keep_their_channels() -> None:
    assert crop_around(np.zeros((80, 80, 3), dtype=np.uint8), Box(0, 0, 10, 10)).values.shape == (48, 48, 3)


@pytest.mark.parametrize("box", [Box(float("nan"), 0, 1, 1), Box(-1e12, -1e12, 1e12, 1e12), Box(1e9, 1e9, 2e9, 2e9)])
def test_an_absurd_box_gives_a_crop_of_bounded_size(box: Box) -> None:
    assert crop_around(VALUES, box).values.shape[0] <= 120
