"""Values turned into grey."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lungview.domain.arrays import VoxelArray
from lungview.domain.window import LUNG, Window, to_display
from lungview.ui.panes.slice_image import SliceImage
from tests.support.panes import channels


def every_int16() -> NDArray[np.int16]:
    return np.arange(-32768, 32768, dtype=np.int32).astype(np.int16).reshape(256, 256)


@pytest.mark.parametrize("window", [LUNG, Window(40, 400), Window(0, 1), Window(-3000, 12), Window(0, 65536)])
def test_every_int16_value_has_the_grey_of_the_reference_mapping(window: Window) -> None:
    values = every_int16()
    shown = channels(SliceImage().render(values, window))
    assert (shown == to_display(values, window)[..., None]).all()


def test_inverting_turns_black_into_white() -> None:
    values = every_int16()
    image = SliceImage()
    plain = channels(image.render(values, LUNG))
    assert (channels(image.render(values, LUNG, inverted=True)) == 255 - plain).all()


@pytest.mark.parametrize("kind", [np.float32, np.uint8])
def test_other_units_go_through_the_same_window(kind: type) -> None:
    values: VoxelArray = np.linspace(0, 200, 600).reshape(20, 30).astype(kind)
    window = Window(80, 100)
    assert (channels(SliceImage().render(values, window))[..., 1] == to_display(values, window)).all()


def test_missing_float_values_are_shown_like_zero() -> None:
    values = np.array([[np.nan, 0.0]], dtype=np.float32)
    shown = channels(SliceImage().render(values, Window(10, 100)))
    assert (shown[0, 0] == shown[0, 1]).all()


def test_a_colour_capture_keeps_its_colours() -> None:
    values = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    assert (channels(SliceImage().render(values, LUNG)) == values).all()


def test_a_part_of_a_slice_is_rendered_without_a_copy_of_the_rest() -> None:
    values = every_int16()
    shown = channels(SliceImage().render(values[10:20, 30:33], Window(0, 65536)))
    assert (shown[..., 0] == to_display(values, Window(0, 65536))[10:20, 30:33]).all()


def test_the_buffer_follows_the_size_of_the_slice() -> None:
    image = SliceImage()
    image.render(np.zeros((4, 4), dtype=np.int16), LUNG)
    assert channels(image.render(np.zeros((2, 9), dtype=np.int16), LUNG)).shape == (2, 9, 3)
