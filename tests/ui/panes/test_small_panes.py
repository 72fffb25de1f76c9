"""Zoom, outline, attention and comparison."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from lungview.domain.detection import Detection, ModelInfo, SliceDetections
from lungview.ui import theme
from lungview.ui.display_state import DisplayState
from lungview.ui.jobs import JobRunner
from lungview.ui.panes.attention import AttentionPane
from lungview.ui.panes.attention_map import attention_colours
from lungview.ui.panes.cine import Cine
from lungview.ui.panes.comparison import ComparisonView
from lungview.ui.panes.focus import Focus
from lungview.ui.panes.outline import NO_MASK, NOT_HERE, OutlinePane
from lungview.ui.panes.outline_finder import PAUSE_MS
from lungview.ui.panes.scale_bar import bar_length_mm
from lungview.ui.panes.zoom import NO_TARGET, ZoomPane
from lungview.ui.state import ViewerState
from tests.support.panes import PREDICTED, SPHERE, is_coloured, pixels, show


def test_the_zoom_frames_the_box_in_focus_with_a_margin(
    qtbot: QtBot, state: ViewerState, display: DisplayState, focus: Focus
) -> None:
    pane = ZoomPane(state, display, focus)
    show(qtbot, pane, 300, 300)
    frame = pane.framing.frame
    assert frame.centre == PREDICTED.centre
    assert frame.width > PREDICTED.width
    painted = pixels(pane)
    for colour in (theme.Mark.READER, theme.Mark.AI):
        assert is_coloured(painted, colour).any()
    state.go_to_slice(3)
    assert pane.framing.frame.centre == SPHERE.centre


def test_the_zoom_says_what_to_do_where_nothing_is_in_focus(
    qtbot: QtBot, state: ViewerState, display: DisplayState, focus: Focus
) -> None:
    pane = ZoomPane(state, display, focus)
    show(qtbot, pane)
    state.go_to_slice(8)
    assert (pane.values, pane.message) == (None, NO_TARGET)
    state.go_to_slice(4)
    assert pane.message == ""


@pytest.mark.parametrize("in_background", [True, False])
def test_the_outline_is_closed_and_measures_the_sphere(
    qtbot: QtBot, state: ViewerState, display: DisplayState, focus: Focus, runner: JobRunner, in_background: bool
) -> None:
    pane = OutlinePane(state, display, focus, runner=runner if in_background else None)
    show(qtbot, pane, 300, 300)
    qtbot.waitUntil(lambda: pane.finder.outline is not None, timeout=5000)
    outline = pane.finder.outline
    assert outline is not None
    assert (outline.points[0] == outline.points[-1]).all()
    assert outline.long_axis.length_mm == pytest.approx(18, abs=2)
    assert is_coloured(pixels(pane), theme.Mark.MEASUREMENT).sum() > 300


def test_an_outline_of_another_slice_goes_at_once(
    qtbot: QtBot, state: ViewerState, display: DisplayState, focus: Focus
) -> None:
    pane = OutlinePane(state, display, focus)
    show(qtbot, pane, 300, 300)
    qtbot.waitUntil(lambda: pane.finder.outline is not None, timeout=5000)
    state.go_to_slice(3)
    assert pane.finder.outline is None
    assert not is_coloured(pixels(pane), theme.Mark.MEASUREMENT).any()
    qtbot.waitUntil(lambda: pane.finder.outline is not None, timeout=5000)


def test_the_model_s_own_outline_is_offered_where_it_drew_one(
    qtbot: QtBot, state: ViewerState, display: DisplayState, focus: Focus
) -> None:
    pane = OutlinePane(state, display, focus)
    show(qtbot, pane, 300, 300)
    qtbot.waitUntil(lambda: pane.finder.outline is not None, timeout=5000)
    (offer,) = [each for each in pane.findChildren(QToolButton) if each.text() == "Model"]
    assert not offer.isVisible()
    volume, stack, answer = state.volume, state.stack, state.detections[state.slice_index]
    assert volume is not None
    assert stack is not None
    mask = np.zeros((volume.geometry.rows, volume.geometry.columns), np.float32)
    box = PREDICTED
    mask[round(box.ymin) + 2 : round(box.ymax) - 2, round(box.xmin) + 2 : round(box.xmax) - 2] = 1.0
    state.add_detections(stack.key, replace(answer, mask=mask))
    assert offer.isVisible()
    offer.setChecked(True)
    assert pane.finder.outline is None, "the edges' outline goes at once"
    qtbot.waitUntil(lambda: pane.finder.outline is not None, timeout=5000)
    outline = pane.finder.outline
    assert outline is not None
    assert outline.points[:, 0].min() == pytest.approx(round(box.xmin) + 2, abs=1)
    state.add_detections(stack.key, replace(answer, mask=np.zeros_like(mask)))
    qtbot.waitUntil(lambda: pane.note() == NO_MASK, timeout=5000)
    offer.setChecked(False)
    qtbot.waitUntil(lambda: pane.finder.outline is not None, timeout=5000)


def test_answers_for_other_slices_do_not_keep_an_outline_from_being_found(
    qtbot: QtBot, state: ViewerState, display: DisplayState, focus: Focus
) -> None:
    pane = OutlinePane(state, display, focus)
    show(qtbot, pane, 300, 300)
    stack = state.stack
    assert stack is not None
    answering = QTimer(pane)
    answering.timeout.connect(lambda: state.add_detections(stack.key, SliceDetections(7, ())))
    answering.start(PAUSE_MS // 6)
    qtbot.waitUntil(lambda: pane.finder.outline is not None, timeout=5000)
    state.go_to_slice(3)
    assert pane.finder.outline is None
    qtbot.waitUntil(lambda: pane.finder.outline is not None, timeout=5000)


def test_no_outline_is_sought_while_nobody_looks(
    qtbot: QtBot, state: ViewerState, display: DisplayState, focus: Focus
) -> None:
    pane = OutlinePane(state, display, focus)
    show(qtbot, pane)
    pane.hide()
    state.go_to_slice(3)
    with qtbot.assertNotEmitted(pane.finder.changed, wait=150):
        pass


def test_a_lesion_without_a_box_here_is_not_outlined(
    qtbot: QtBot, state: ViewerState, display: DisplayState, focus: Focus
) -> None:
    pane = OutlinePane(state, display, focus)
    show(qtbot, pane)
    state.select(state.rows[0].id)
    state.go_to_slice(7)
    assert pane.finder.is_settled
    assert pane.note() == NOT_HERE


def test_the_gradient_shows_the_edge_and_follows_its_toggle(
    qtbot: QtBot, state: ViewerState, display: DisplayState, focus: Focus
) -> None:
    pane = OutlinePane(state, display, focus)
    show(qtbot, pane, 300, 300)
    display.set_shows_gradient(True)
    painted = pixels(pane)
    middle, edge = pane.view.to_pane(80, 70).toPoint(), pane.view.to_pane(80, 61).toPoint()
    assert painted[middle.y(), middle.x(), 0] < 20
    assert painted[edge.y() - 6 : edge.y() + 6, edge.x(), 0].max() > 200


def attentive(state: ViewerState, *, has_attention: bool = True) -> None:
    state.set_model(ModelInfo("m", "M", "net", "0", 1, has_score=True, has_attention=has_attention))
    attention = np.eye(8, dtype=np.float32) if has_attention else None
    state.add_detections("stack", SliceDetections(4, (Detection(PREDICTED, 0.8),), attention))


def test_the_attention_pane_colours_where_the_model_looked(
    qtbot: QtBot, state: ViewerState, display: DisplayState, focus: Focus
) -> None:
    pane = AttentionPane(state, display, focus)
    show(qtbot, pane, 300, 300)
    assert "not answered" in pane.message
    attentive(state)
    assert pane.message == ""
    painted = pixels(pane)
    assert (np.ptp(painted[:140, :140].astype(int), axis=2) > 20).any()


def test_a_model_without_attention_is_told(
    qtbot: QtBot, state: ViewerState, display: DisplayState, focus: Focus
) -> None:
    pane = AttentionPane(state, display, focus)
    show(qtbot, pane)
    attentive(state, has_attention=False)
    assert "no attention map" in pane.message


def test_attention_colours_grow_lighter_and_clearer_ones_mean_less() -> None:
    colours = attention_colours().astype(np.int64)
    alpha = colours >> 24
    luminance = 0.2126 * (colours >> 16 & 255) + 0.7152 * (colours >> 8 & 255) + 0.0722 * (colours & 255)
    assert alpha[0] == 0
    assert (np.diff(alpha) >= 0).all()
    assert (np.diff(luminance[8:]) >= -1).all()


def test_empty_panes_raise_nothing(qtbot: QtBot, display: DisplayState) -> None:
    state = ViewerState()
    focus = Focus(state, display)
    for pane in (
        ZoomPane(state, display, focus),
        OutlinePane(state, display, focus),
        AttentionPane(state, display, focus),
        ComparisonView(state, display, focus),
    ):
        show(qtbot, pane)
        pane.grab()


def test_cine_plays_round_and_stops_when_hidden(
    qtbot: QtBot, state: ViewerState, display: DisplayState, focus: Focus
) -> None:
    pane = ZoomPane(state, display, focus)
    show(qtbot, pane)
    cine = Cine(state, pane, rate=60)
    state.go_to_slice(8)
    cine.toggle()
    qtbot.waitUntil(lambda: state.slice_index == 1, timeout=5000)
    assert cine.is_playing
    with qtbot.waitSignal(cine.playing_changed):
        pane.hide()
    assert not cine.is_playing


def test_cine_does_not_start_with_nothing_open() -> None:
    cine = Cine(ViewerState())
    cine.play()
    assert not cine.is_playing


@pytest.mark.parametrize(("px_per_mm", "width", "length"), [(1, 100, 20), (8, 300, 10), (0.1, 100, 100), (90, 9, 1)])
def test_the_scale_bar_has_a_round_length(px_per_mm: float, width: float, length: int) -> None:
    assert bar_length_mm(px_per_mm, width) == length
