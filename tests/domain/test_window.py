"""Values to greys."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview.domain.window import LUNG, PRESETS, Window, automatic, lookup_table, to_display


def _by_the_standard(value: int, window: Window) -> float:
    """The pseudo-code of DICOM PS3.3 C.11.2.1.2.1 for an output range of 0 to 255."""
    c, w = window.centre, window.width
    if value <= c - 0.5 - (w - 1) / 2:
        return 0.0
    if value > c - 0.5 + (w - 1) / 2:
        return 255.0
    return ((value - (c - 0.5)) / (w - 1) + 0.5) * 255


@given(st.integers(-2000, 4000), st.integers(-1500, 1500), st.integers(2, 4000))
def test_greys_are_those_of_the_standard(value: int, centre: int, width: int) -> None:
    window = Window(centre, width)
    grey = int(to_display(np.array([value], dtype=np.int16), window)[0])
    assert abs(grey - _by_the_standard(value, window)) <= 0.501


def test_a_window_of_width_one_is_a_step() -> None:
    greys = to_display(np.array([38, 39, 40, 41], dtype=np.int16), Window(40, 1))
    assert greys.tolist() == [0, 0, 255, 255]


def test_the_lookup_table_answers_for_every_int16_as_the_formula_does() -> None:
    values = np.array([-32768, -1024, -600, 0, 40, 3071, 32767], dtype=np.int16)
    assert lookup_table(LUNG)[values.view(np.uint16)].tolist() == to_display(values, LUNG).tolist()


def test_presets_are_those_that_readers_press_one_to_seven_for() -> None:
    pairs = [(preset.window.width, preset.window.centre) for preset in PRESETS]
    assert pairs == [(1500, -600), (400, 40), (350, 50), (1800, 400), (400, 50), (150, 60), (80, 40)]


@pytest.mark.parametrize("values", [np.zeros((0,), np.int16), np.full((4, 4), 7, np.int16)])
def test_an_automatic_window_of_nothing_or_of_one_value_has_a_width(values: np.ndarray) -> None:
    assert automatic(values).width >= 1


def test_an_automatic_window_leaves_out_the_rarest_values() -> None:
    values = np.concatenate([np.arange(1000), [30000]]).astype(np.int16)
    window = automatic(values)
    assert window.high < 1100
