"""The findings list: its model, going through it, and what stays of a verdict when boxes change."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from lungview.domain.box import Box
from lungview.domain.detection import Detection, SliceDetections
from lungview.domain.finding import ReviewState, Source
from lungview.reading.comparison import lesion_rows
from lungview.ui.display_state import DisplayState
from lungview.ui.findings.model import PICTURE_ROLE, REVIEW_ROLE, Column, FindingsModel
from lungview.ui.findings.navigation import FindingNavigator
from lungview.ui.findings.rows_keeper import RowsKeeper, heir_of
from lungview.ui.jobs import JobRunner
from lungview.ui.state import ViewerState
from tests.support.states import boxed, shown_state
from tests.support.volumes import make_stack, make_volume

BOX, OTHER = Box(10, 10, 30, 40), Box(44, 44, 60, 60)
DETECTIONS = {
    4: [Detection(BOX, 0.9)],
    5: [Detection(BOX, 0.7)],
    9: [Detection(OTHER, 0.8)],
    10: [Detection(OTHER, 0.5)],
}


@pytest.fixture
def state(qapp: object) -> ViewerState:
    """A lesion of both on slices 4 and 5, one of the model on 9 and 10, one of the reader's on 1."""
    findings = boxed(4, BOX) | boxed(5, BOX) | boxed(1, Box(2, 40, 12, 50))
    return shown_state(make_volume(make_stack(12)), findings, DETECTIONS)


@pytest.fixture
def display(qapp: object) -> DisplayState:
    return DisplayState()


@pytest.fixture
def model(state: ViewerState, display: DisplayState) -> FindingsModel:
    return FindingsModel(state, display)


def cells(model: FindingsModel, row: int) -> list[object]:
    return [model.data(model.index(row, column)) for column in Column]


def test_the_model_keeps_qts_rules(qtmodeltester: object, model: FindingsModel, state: ViewerState) -> None:
    qtmodeltester.check(model)  # type: ignore[attr-defined]
    state.set_rows("stack", state.rows[:1])
    state.set_rows("stack", ())


def test_rows_say_who_how_sure_how_large_where_and_how_well_they_agree(model: FindingsModel) -> None:
    assert cells(model, 0) == [None, "Both", "0.90", "20 × 30", "5–6", "1.00", "yes", None]
    assert cells(model, 1) == [None, "AI", "0.80", "16 × 16", "10–11", "–", "–", None]
    assert cells(model, 2) == [None, "Reader", "–", "10 × 10", "2", "–", "–", None]


def test_each_row_has_a_picture_of_its_lesion_through_the_window(model: FindingsModel, display: DisplayState) -> None:
    first = model.data(model.index(0, Column.PICTURE), PICTURE_ROLE)
    assert isinstance(first, QImage)
    assert first.width() == first.height() > 20


def test_a_verdict_shows_in_its_row_only(model: FindingsModel, state: ViewerState) -> None:
    state.review(state.rows[1].id, ReviewState.DISMISSED)
    assert [model.data(model.index(row, 0), REVIEW_ROLE) for row in range(3)] == [
        ReviewState.OPEN, ReviewState.DISMISSED, ReviewState.OPEN,
    ]  # fmt: skip
    assert model.data(model.index(1, Column.SCORE), Qt.ItemDataRole.ForegroundRole) is not None


def test_going_on_stops_at_both_ends(state: ViewerState) -> None:
    navigator = FindingNavigator(state)
    for _ in range(5):
        navigator.step(1)
    assert state.selected_id == state.rows[-1].id
    for _ in range(5):
        navigator.step(-1)
    assert state.selected_id == state.rows[0].id


def test_judging_goes_on_to_the_next_open_row_and_stays_on_the_last(state: ViewerState) -> None:
    navigator = FindingNavigator(state)
    first, second, third = (row.id for row in state.rows)
    state.review(second, ReviewState.ACCEPTED)
    navigator.jump_to(first)
    navigator.dismiss()
    assert state.selected_id == third
    navigator.accept()
    assert state.selected_id == third
    navigator.reopen()
    assert state.reviews[third] is ReviewState.OPEN


def test_a_lesion_whose_best_box_moved_is_still_the_same_lesion(state: ViewerState) -> None:
    assert state.volume is not None
    old = state.rows[1]
    better = dict(state.detections) | {11: SliceDetections(11, (Detection(OTHER, 0.95),))}
    rows = lesion_rows(state.volume.stack, state.volume.geometry, state.findings, better, 0.0)
    heir = heir_of(old, rows)
    assert heir is not None
    assert heir.id != old.id
    assert heir.source is Source.AI
    assert heir_of(replace(old), state.rows) == old


def test_a_verdict_and_the_selection_follow_a_lesion_that_grows(
    qtbot: QtBot, state: ViewerState, display: DisplayState, runner: JobRunner
) -> None:
    keeper = RowsKeeper(state, display, runner)
    grown = state.rows[1].id
    state.select(grown)
    state.review(grown, ReviewState.ACCEPTED)
    state.add_detections("stack", SliceDetections(11, (Detection(OTHER, 0.95),)))
    qtbot.waitUntil(lambda: keeper.is_up_to_date)
    row = state.selected_row
    assert row is not None
    assert row.id != grown
    assert state.reviews[row.id] is ReviewState.ACCEPTED


def test_rows_follow_the_threshold(qtbot: QtBot, state: ViewerState, display: DisplayState, runner: JobRunner) -> None:
    keeper = RowsKeeper(state, display, runner)
    display.set_score_threshold(0.85)
    qtbot.waitUntil(lambda: keeper.is_up_to_date)
    assert [row.source for row in state.rows] == [Source.BOTH, Source.READER]
