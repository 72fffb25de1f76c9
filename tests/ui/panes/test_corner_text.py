"""What the corners say."""

import pytest

from lungview.domain.window import Window
from lungview.ui.display_state import DisplayState
from lungview.ui.panes.corner_text import as_date, as_name, corner_text, describe_window
from lungview.ui.state import ViewerState
from tests.support.states import shown_state
from tests.support.volumes import make_stack, make_volume


@pytest.fixture
def state() -> ViewerState:
    return shown_state(make_volume(make_stack()))


def test_corners_name_patient_study_slice_window_and_zoom(state: ViewerState) -> None:
    text = corner_text(state, DisplayState(), 1.5, "")
    assert text.top_left == ("Phantom, Test", "P1", "F  born 1960-01-01")
    assert text.top_right == ("Thorax  2024-02-29", "Series 1  Chest 5mm")
    assert text.bottom_left == ("Slice 3 / 5   10.0 mm", "5 mm thick   kernel L")
    assert text.bottom_right == ("Lung   W 1500   C \N{MINUS SIGN}600", "Zoom 150%")


def test_hiding_identity_leaves_slice_and_window(state: ViewerState) -> None:
    display = DisplayState()
    shown = corner_text(state, display, 1.0, "x")
    display.set_shows_corner_text(False)
    hidden = corner_text(state, display, 1.0, "x")
    assert (hidden.top_left, hidden.top_right) == ((), ())
    assert (hidden.bottom_left, hidden.bottom_right) == (shown.bottom_left, shown.bottom_right)


def test_the_slab_and_the_inverted_window_are_told(state: ViewerState) -> None:
    display = DisplayState()
    display.set_mip(True)
    display.set_inverted(True)
    text = corner_text(state, display, 1.0, "")
    assert text.bottom_left[0] == "10 mm MIP"
    assert text.bottom_right[0] == "Inverted"


def test_nothing_open_leaves_the_corners_empty() -> None:
    text = corner_text(ViewerState(), DisplayState(), 1.0, "")
    assert not any((text.top_left, text.top_right, text.bottom_left, text.bottom_right))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Doe^Jane", "Doe, Jane"),
        ("Lung_Dx-A0001", "Lung_Dx-A0001"),
        ("Yamada^Tarou=\u5c71\u7530^\u592a\u90ce", "Yamada, Tarou  \u5c71\u7530, \u592a\u90ce"),
        ("", ""),
    ],
)
def test_names_are_written_as_people_write_them(name: str, shown: str) -> None:
    assert as_name(name) == shown


@pytest.mark.parametrize(("date", "shown"), [("20240229", "2024-02-29"), ("", ""), ("2024", "2024")])
def test_dates_are_written_with_dashes(date: str, shown: str) -> None:
    assert as_date(date) == shown


def test_a_window_without_a_name_is_told_by_its_numbers() -> None:
    assert describe_window(Window(37, 412)) == "W 412   C 37"
