"""Which boxes are marked, how, and where their labels stand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, QSizeF
from pytestqt.qtbot import QtBot

from lungview.domain.box import Box
from lungview.domain.detection import Detection
from lungview.domain.finding import ReviewState, Source
from lungview.ui import theme
from lungview.ui.display_state import DisplayState
from lungview.ui.panes.axial import AxialPane
from lungview.ui.panes.mark_overlay import label_place, mark_colour
from lungview.ui.panes.marks import BoxMark, marks_of
from lungview.ui.state import ViewerState
from tests.support.panes import is_coloured, pixels, show
from tests.support.states import boxed, shown_state
from tests.support.volumes import make_stack, make_volume

READER, AI, LONELY = Box(10, 12, 30, 32), Box(12, 12, 32, 32), Box(44, 40, 54, 56)


@pytest.fixture
def state() -> ViewerState:
    volume = make_volume(make_stack(slices=3))
    found = [Detection(AI, 0.8), Detection(LONELY, 0.3)]
    return shown_state(volume, boxed(1, READER), {1: found})


def test_a_matched_pair_carries_its_iou(state: ViewerState) -> None:
    marks = marks_of(state, DisplayState()).of(Source.AI)
    assert [mark.label for mark in marks] == ["0.80   IoU 0.82", "0.30"]


def test_marks_below_the_score_threshold_go(state: ViewerState) -> None:
    display = DisplayState()
    display.set_score_threshold(0.5)
    assert [mark.box for mark in marks_of(state, display).of(Source.AI)] == [AI]


def test_a_hidden_source_takes_no_part(state: ViewerState) -> None:
    display = DisplayState()
    display.set_shows_reader(False)
    assert [mark.label for mark in marks_of(state, display).marks] == ["0.80", "0.30"]
    display.set_shows_ai(False)
    assert marks_of(state, display).marks == ()


def test_marks_follow_what_the_reader_made_of_their_lesion(state: ViewerState) -> None:
    rows = {row.source: row.id for row in state.rows}
    state.review(rows[Source.BOTH], ReviewState.ACCEPTED)
    state.review(rows[Source.AI], ReviewState.DISMISSED)
    marks = {(mark.source, mark.box): mark for mark in marks_of(state, DisplayState()).marks}
    assert mark_colour(marks[Source.AI, AI]) == theme.Mark.ACCEPTED
    assert mark_colour(marks[Source.READER, READER]) == theme.Mark.ACCEPTED
    assert mark_colour(marks[Source.AI, LONELY]) == theme.Mark.DISMISSED


def test_both_boxes_of_the_selected_lesion_are_emphasised(state: ViewerState) -> None:
    state.select(next(row.id for row in state.rows if row.source is Source.BOTH))
    assert [mark.is_selected for mark in marks_of(state, DisplayState()).marks] == [True, True, False]


def test_open_marks_are_coloured_by_their_source() -> None:
    assert mark_colour(BoxMark(AI, Source.AI)) == theme.Mark.AI
    assert mark_colour(BoxMark(READER, Source.READER)) == theme.Mark.READER


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0), (2.0, 1.0), (0.5, 0.9)])
@pytest.mark.parametrize("zoom", [1.0, 2.5])
def test_a_readers_box_is_drawn_around_its_pixels(qtbot: QtBot, spacing_mm: tuple[float, float], zoom: float) -> None:
    box = Box(28, 26, 36, 38)
    volume = make_volume(make_stack(slices=1, spacing_mm=spacing_mm), np.full((1, 64, 64), -1000, dtype=np.int16))
    state = shown_state(volume, boxed(0, box, label=""))
    pane = AxialPane(state, DisplayState())
    show(qtbot, pane, 500, 400)
    pane.zoom_by(zoom, QPointF(250, 200))
    line = is_coloured(pixels(pane), theme.Mark.READER)
    rows, columns = np.nonzero(line)
    wanted = pane.view.box_rect(box)
    assert columns.min() == pytest.approx(wanted.left(), abs=2)
    assert columns.max() == pytest.approx(wanted.right(), abs=2)
    assert rows.min() == pytest.approx(wanted.top(), abs=2)
    assert rows.max() == pytest.approx(wanted.bottom(), abs=2)
    assert not line[rows.min() + 3 : rows.max() - 3, columns.min() + 3 : columns.max() - 3].any()


def test_readers_lines_are_solid_and_the_models_are_dashed(qtbot: QtBot) -> None:
    box = Box(16, 16, 48, 48)
    shares = {}
    for source in (Source.READER, Source.AI):
        volume = make_volume(make_stack(slices=1), np.full((1, 64, 64), -1000, dtype=np.int16))
        findings = boxed(0, box, label="") if source is Source.READER else {}
        found = {0: [Detection(box, None)]} if source is Source.AI else {}
        pane = AxialPane(shown_state(volume, findings, found), DisplayState())
        show(qtbot, pane, 400, 400)
        colour = theme.Mark.READER if source is Source.READER else theme.Mark.AI
        edge = pane.view.box_rect(box)
        line = is_coloured(pixels(pane), colour)[round(edge.top()) - 2 : round(edge.top()) + 2, 105:295].max(axis=0)
        shares[source] = line.mean()
    assert shares[Source.READER] == 1
    assert 0.4 < shares[Source.AI] < 0.9


AREA = QRectF(0, 0, 400, 300)
spots = st.floats(-50, 450)
lengths = st.floats(4, 200)


@given(x=spots, y=spots, width=lengths, height=lengths, label=st.floats(10, 120))
def test_a_label_never_leaves_the_view(x: float, y: float, width: float, height: float, label: float) -> None:
    spot = label_place(QRectF(x, y, width, height), QSizeF(label, 16), AREA, [])
    assert AREA.contains(spot)


@given(x=st.floats(0, 300), y=st.floats(0, 200), width=st.floats(4, 100), height=st.floats(4, 100))
def test_a_label_stands_outside_its_box(x: float, y: float, width: float, height: float) -> None:
    box = QRectF(x, y, width, height)
    assert not label_place(box, QSizeF(60, 16), AREA, []).intersects(box)


def test_a_label_makes_way_for_another_box() -> None:
    box, above = QRectF(100, 100, 50, 50), QRectF(90, 60, 80, 39)
    spot = label_place(box, QSizeF(60, 16), AREA, [above])
    assert not spot.intersects(above)
    assert spot.top() > box.bottom()


def test_a_box_that_fills_the_view_keeps_its_label_in_sight() -> None:
    spot = label_place(QRectF(-100, -100, 900, 900), QSizeF(60, 16), AREA, [])
    assert AREA.contains(spot)
