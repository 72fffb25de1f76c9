"""The slider under the pane."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from lungview.domain.box import Box
from lungview.domain.detection import Detection
from lungview.ui.display_state import DisplayState
from lungview.ui.slice_slider import SliceSlider
from lungview.ui.state import ViewerState
from lungview.ui.theme import Mark
from tests.support.states import boxed, shown_state
from tests.support.volumes import make_stack, make_volume

BOX = Box(1, 1, 9, 9)


@pytest.fixture
def state(qapp: object) -> ViewerState:
    """Twenty slices: a reader's box on slice 3, the model's on 12 (0.9) and 16 (0.2)."""
    volume = make_volume(make_stack(20))
    detections = {12: [Detection(BOX, 0.9)], 16: [Detection(BOX, 0.2)]}
    return shown_state(volume, boxed(3, BOX), detections)


@pytest.fixture
def slider(qtbot: QtBot, state: ViewerState) -> SliceSlider:
    display = DisplayState(state)
    made = SliceSlider(state, display)
    qtbot.addWidget(made)
    made.resize(600, 40)
    made.show()
    display.set_score_threshold(0.5)
    qtbot.wait(250)
    return made


def columns_of(image: QImage, colour: str) -> list[int]:
    """Columns that hold a colour."""
    wanted = QColor(colour).rgb()
    return [x for x in range(image.width()) if any(image.pixel(x, y) == wanted for y in range(image.height()))]


def test_ticks_stand_where_readers_and_model_marked_something(slider: SliceSlider) -> None:
    image = slider.grab().toImage()
    assert abs(sum(columns_of(image, Mark.READER)) / len(columns_of(image, Mark.READER)) - slider.place_of(3)) < 2
    assert abs(sum(columns_of(image, Mark.AI)) / len(columns_of(image, Mark.AI)) - slider.place_of(12)) < 2


def test_a_lower_threshold_brings_more_ticks(qtbot: QtBot, slider: SliceSlider) -> None:
    before = columns_of(slider.grab().toImage(), Mark.AI)
    slider.display.set_score_threshold(0.1)
    qtbot.waitUntil(lambda: len(columns_of(slider.grab().toImage(), Mark.AI)) > len(before))


def test_hidden_marks_have_no_ticks(qtbot: QtBot, slider: SliceSlider) -> None:
    slider.display.set_shows_reader(False)
    qtbot.waitUntil(lambda: not columns_of(slider.grab().toImage(), Mark.READER))


def test_a_drag_follows_the_mouse_and_stops_at_the_ends(slider: SliceSlider, state: ViewerState) -> None:
    QTest.mousePress(slider, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(120, 30))
    assert state.slice_index == slider.slice_at(120)
    QTest.mouseMove(slider, QPoint(round(slider.place_of(15)), 30))
    assert state.slice_index == 15
    QTest.mouseMove(slider, QPoint(599, 30))
    assert state.slice_index == 19
    QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(599, 30))


@pytest.mark.parametrize("index", [0, 7, 19])
def test_a_slices_place_leads_back_to_it(slider: SliceSlider, index: int) -> None:
    assert slider.slice_at(slider.place_of(index)) == index
