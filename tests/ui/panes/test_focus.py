"""What the small panes look at."""

import pytest
from pytestqt.qtbot import QtBot

from lungview.domain.box import Box
from lungview.domain.detection import Detection
from lungview.domain.finding import Source
from lungview.ui.display_state import DisplayState
from lungview.ui.panes.focus import Focus, Target
from lungview.ui.state import ViewerState
from tests.support.states import boxed, shown_state
from tests.support.volumes import make_stack, make_volume

READER, AI, BETTER = Box(10, 10, 20, 20), Box(11, 10, 21, 20), Box(40, 40, 50, 52)


@pytest.fixture
def state() -> ViewerState:
    volume = make_volume(make_stack(slices=9))
    findings = boxed(3, READER) | boxed(4, READER) | boxed(6, Box(50, 5, 60, 15))
    found = {4: [Detection(AI, 0.6), Detection(BETTER, 0.9)]}
    return shown_state(volume, findings, found)


@pytest.fixture
def display() -> DisplayState:
    return DisplayState()


@pytest.fixture
def focus(state: ViewerState, display: DisplayState) -> Focus:
    return Focus(state, display)


def test_without_a_selection_the_best_predicted_box_is_in_focus(focus: Focus) -> None:
    assert focus.target == Target(BETTER, Source.AI, 4)
    assert focus.is_on_slice


def test_a_slice_without_predicted_boxes_shows_the_readers(state: ViewerState, focus: Focus) -> None:
    state.go_to_slice(3)
    assert focus.target == Target(READER, Source.READER, 3)


def test_a_slice_without_boxes_has_no_target(state: ViewerState, focus: Focus) -> None:
    state.go_to_slice(8)
    assert focus.target is None
    assert not focus.is_on_slice


def test_the_selected_lesion_is_followed_to_its_nearest_slice(state: ViewerState, focus: Focus) -> None:
    state.select(next(row.id for row in state.rows if row.source is Source.BOTH))
    assert focus.target == Target(AI, Source.AI, 4)
    state.go_to_slice(3)
    assert focus.target == Target(READER, Source.READER, 3)
    state.go_to_slice(0)
    assert focus.target == Target(READER, Source.READER, 3)
    assert not focus.is_on_slice


def test_the_threshold_moves_the_focus(qtbot: QtBot, display: DisplayState, focus: Focus) -> None:
    with qtbot.waitSignal(focus.changed):
        display.set_score_threshold(0.95)
    assert focus.target == Target(READER, Source.READER, 4)


def test_a_hidden_source_is_not_pointed_at(display: DisplayState, focus: Focus) -> None:
    display.set_shows_ai(False)
    assert focus.target == Target(READER, Source.READER, 4)
    display.set_shows_reader(False)
    assert focus.target is None


def test_nothing_is_told_while_the_target_stays(qtbot: QtBot, display: DisplayState, focus: Focus) -> None:
    with qtbot.assertNotEmitted(focus.changed):
        display.set_score_threshold(0.7)
