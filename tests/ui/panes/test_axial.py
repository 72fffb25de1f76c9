"""The large pane under the mouse."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from lungview.domain.box import Box
from lungview.domain.detection import Detection, SliceDetections
from lungview.domain.study import StackKind
from lungview.domain.volume import Volume
from lungview.domain.window import LUNG, Window
from lungview.ui.display_state import DisplayState, MouseScheme
from lungview.ui.panes.axial import AxialPane
from lungview.ui.panes.mouse import Drag, dragged_window
from lungview.ui.panes.shown import NO_STACK, NOTHING_OPEN
from lungview.ui.state import ViewerState
from tests.support.panes import NO_KEY, NOTCH, drag, hover, pixels, place, show, turn_wheel
from tests.support.states import boxed, make_case, shown_state
from tests.support.volumes import make_geometry, make_stack, make_volume, ramp

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT, MIDDLE, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton


@pytest.fixture
def state() -> ViewerState:
    return shown_state(make_volume(make_stack(slices=20)), boxed(10, Box(20, 20, 40, 40)))


@pytest.fixture
def display() -> DisplayState:
    return DisplayState()


@pytest.fixture
def pane(qtbot: QtBot, state: ViewerState, display: DisplayState) -> AxialPane:
    made = AxialPane(state, display)
    show(qtbot, made, 640, 480)
    return made


def test_a_notch_is_a_slice_and_with_shift_five(pane: AxialPane, state: ViewerState) -> None:
    turn_wheel(pane, -NOTCH, 32, 32)
    assert state.slice_index == 11
    turn_wheel(pane, NOTCH, 32, 32, SHIFT)
    assert state.slice_index == 6
    assert pane.framing.zoom == 1


def test_parts_of_a_notch_add_up(pane: AxialPane, state: ViewerState) -> None:
    for _ in range(4):
        turn_wheel(pane, -30, 32, 32)
    assert state.slice_index == 11


def test_turning_back_forgets_the_part_of_a_notch_before(pane: AxialPane, state: ViewerState) -> None:
    turn_wheel(pane, -100, 32, 32)
    turn_wheel(pane, NOTCH, 32, 32)
    assert state.slice_index == 9


def test_ctrl_wheel_zooms_at_the_cursor_and_keeps_the_slice(pane: AxialPane, state: ViewerState) -> None:
    before = pane.view.to_pane(20, 40)
    turn_wheel(pane, NOTCH, 20, 40, CTRL)
    after = pane.view.to_pane(20, 40)
    assert state.slice_index == 10
    assert pane.framing.zoom == pytest.approx(1.15)
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y()), abs=1e-6)


def test_left_drag_is_the_window(pane: AxialPane, display: DisplayState) -> None:
    drag(pane, LEFT, QPoint(64, -32))
    assert display.window == dragged_window(LUNG, QPointF(64, -32))
    assert display.window.width > LUNG.width
    assert display.window.centre < LUNG.centre


def test_middle_drag_pans_and_right_drag_zooms(pane: AxialPane, display: DisplayState) -> None:
    before = pane.view.to_pane(0, 0)
    drag(pane, MIDDLE, QPoint(30, 20))
    assert pane.view.to_pane(0, 0) - before == QPointF(30, 20)
    drag(pane, RIGHT, QPoint(0, -40))
    assert pane.framing.zoom > 1
    assert display.window == LUNG


def test_the_pacs_scheme_has_the_window_on_the_right(pane: AxialPane, display: DisplayState) -> None:
    display.set_mouse_scheme(MouseScheme.PACS)
    drag(pane, LEFT, QPoint(0, -40))
    assert (display.window, pane.framing.zoom > 1) == (LUNG, True)
    drag(pane, RIGHT, QPoint(40, 0))
    assert display.window.width > LUNG.width


def test_the_active_tool_takes_the_left_button(pane: AxialPane, state: ViewerState, display: DisplayState) -> None:
    pane.set_tool(Drag.SCROLL)
    drag(pane, LEFT, QPoint(0, 24))
    assert (state.slice_index, display.window) == (13, LUNG)


def test_a_right_click_asks_for_a_menu_and_a_drag_does_not(qtbot: QtBot, pane: AxialPane) -> None:
    with qtbot.waitSignal(pane.menu_requested) as asked:
        QTest.mouseClick(pane, RIGHT, NO_KEY, QPoint(50, 60))
    assert asked.args == [pane.mapToGlobal(QPoint(50, 60))]
    with qtbot.assertNotEmitted(pane.menu_requested):
        drag(pane, RIGHT, QPoint(0, 40))


def test_a_double_click_asks_for_the_whole_window(qtbot: QtBot, pane: AxialPane, display: DisplayState) -> None:
    with qtbot.waitSignal(pane.maximise_requested):
        QTest.mouseDClick(pane, LEFT, NO_KEY, QPoint(50, 60))
    assert display.window == LUNG


def test_a_click_on_a_box_selects_its_lesion(pane: AxialPane, state: ViewerState) -> None:
    QTest.mouseClick(pane, LEFT, NO_KEY, place(pane, 5, 5))
    assert state.selected_id is None
    QTest.mouseClick(pane, LEFT, NO_KEY, place(pane, 30, 30))
    assert state.selected_id == state.rows[0].id


def test_the_value_under_the_cursor_is_told(pane: AxialPane) -> None:
    hover(pane, 7.5, 3.5)
    assert pane.probe() == "x 7   y 3   37 HU"
    hover(pane, -4, 3)
    assert pane.probe() == ""


def test_looking_at_slices_is_remembered(pane: AxialPane, state: ViewerState) -> None:
    state.go_to_slice(3)
    assert state.viewed == {10, 3}


def test_slices_scrolled_past_while_hidden_are_not_looked_at(pane: AxialPane, state: ViewerState) -> None:
    pane.hide()
    state.go_to_slice(3)
    assert state.viewed == {10}
    pane.show()
    assert state.viewed == {10, 3}


def test_the_slab_shows_the_brightest_of_ten_mm(pane: AxialPane, state: ViewerState, display: DisplayState) -> None:
    display.set_mip(True)
    volume = state.volume
    assert volume is not None
    assert pane.values is not None
    assert (pane.values == volume.voxels[9:12].max(axis=0)).all()
    turn_wheel(pane, -NOTCH, 32, 32)
    assert (pane.values == volume.voxels[10:13].max(axis=0)).all()


def test_a_slice_not_read_yet_says_so_until_it_is(qtbot: QtBot, display: DisplayState) -> None:
    stack = make_stack()
    volume = make_volume(stack, is_read=False)
    pane = AxialPane(shown_state(volume), display)
    show(qtbot, pane)
    assert (pane.values, pane.message) == (None, "Reading slice 3…")
    volume.is_read[2] = True
    pane.state.announce_slice_read(stack.key, 2)
    assert (pane.values is not None, pane.message) == (True, "")


def test_an_unreadable_slice_says_why(qtbot: QtBot, display: DisplayState) -> None:
    stack = make_stack()
    voxels = ramp(5, 64, 64)
    volume = Volume(stack, voxels, make_geometry(stack), np.ones(5, dtype=np.bool_), ((2, "003.dcm is cut short."),))
    pane = AxialPane(shown_state(volume), display)
    show(qtbot, pane)
    assert (pane.values, pane.message) == (None, "003.dcm is cut short.")


def test_a_colour_capture_is_shown_in_colour(qtbot: QtBot, display: DisplayState) -> None:
    stack = make_stack(slices=1, samples=3, kind=StackKind.CAPTURE)
    voxels = np.full((1, 64, 64, 3), (200, 40, 90), dtype=np.uint8)
    pane = AxialPane(shown_state(make_volume(stack, voxels)), display)
    show(qtbot, pane, 200, 200)
    assert tuple(pixels(pane)[100, 50]) == (200, 40, 90)
    hover(pane, 10.5, 10.5)
    assert pane.probe() == "x 10   y 10   RGB 200 40 90"


def test_an_empty_pane_says_what_to_do_and_bears_the_mouse(qtbot: QtBot, display: DisplayState) -> None:
    state = ViewerState()
    pane = AxialPane(state, display)
    show(qtbot, pane)
    assert pane.message == NOTHING_OPEN
    state.open_case(make_case(make_stack()))
    assert pane.message == NO_STACK
    for setter in (display.set_shows_attention, display.set_mip, display.set_inverted):
        setter(True)
    for button in (LEFT, MIDDLE, RIGHT):
        drag(pane, button, QPoint(20, 20))
    turn_wheel(pane, -NOTCH, 0, 0)
    hover(pane, 0, 0)
    pane.grab()


def test_another_stack_is_fitted_and_the_end_of_reading_keeps_the_zoom(pane: AxialPane, state: ViewerState) -> None:
    pane.zoom_by(3.0, QPointF(10, 10))
    volume = state.volume
    assert volume is not None
    state.set_volume(make_volume(volume.stack))
    assert pane.framing.zoom == 3
    other = make_stack(rows=32, columns=48, spacing_mm=(2.0, 1.0), key="other")
    state.choose_stack(other)
    state.set_volume(make_volume(other))
    assert (pane.framing.zoom, pane.framing.aspect, pane.framing.frame) == (1.0, 2.0, Box(0, 0, 48, 32))


def test_inverting_shows_black_as_white(pane: AxialPane, display: DisplayState) -> None:
    display.set_window(Window(-5000, 10))
    assert tuple(pixels(pane)[200, 320]) == (255, 255, 255)
    display.set_inverted(True)
    assert tuple(pixels(pane)[200, 320]) == (0, 0, 0)


def test_attention_lies_over_the_slice_only_when_asked_for(
    pane: AxialPane, state: ViewerState, display: DisplayState
) -> None:
    attention = np.zeros((4, 4), dtype=np.float32)
    attention[0, 0] = 1
    answer = SliceDetections(10, (Detection(Box(20, 20, 40, 40), 0.9),), attention)
    state.add_detections("stack", answer)
    at = place(pane, 6, 6)
    plain = pixels(pane)[at.y(), at.x()]
    assert len(set(plain.tolist())) == 1
    display.set_shows_attention(True)
    assert len(set(pixels(pane)[at.y(), at.x()].tolist())) > 1
    far = place(pane, 60, 10)
    assert len(set(pixels(pane)[far.y(), far.x()].tolist())) == 1


@pytest.mark.parametrize(("moved", "wider"), [(QPointF(10, 0), True), (QPointF(-10, 0), False)])
def test_dragging_across_changes_the_width(moved: QPointF, wider: bool) -> None:
    window = dragged_window(LUNG, moved)
    assert (window.width > LUNG.width) is wider
    assert window.centre == LUNG.centre


def test_the_width_never_falls_below_one() -> None:
    assert dragged_window(Window(0, 40), QPointF(-9999, 0)).width == 1
