"""The score threshold's slider and stops."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QSlider
from pytestqt.qtbot import QtBot

from lungview.domain.detection import OperatingPoint
from lungview.ui.display_state import DisplayState
from lungview.ui.state import ViewerState
from lungview.ui.threshold_bar import ThresholdBar
from tests.support.detectors import MODEL

INFO = replace(
    MODEL,
    operating_points=(
        OperatingPoint("specific", 0.713, 0.6, 0.4),
        OperatingPoint("sensitive", 0.2, 0.9, 6.0),
        OperatingPoint("balanced", 0.4, 0.8, 2.0),
    ),
)


@pytest.fixture
def display(qapp: object) -> DisplayState:
    return DisplayState()


@pytest.fixture
def state(qapp: object) -> ViewerState:
    return ViewerState()


@pytest.fixture
def bar(qtbot: QtBot, state: ViewerState, display: DisplayState) -> ThresholdBar:
    made = ThresholdBar(state, display)
    qtbot.addWidget(made)
    made.show()
    state.set_model(INFO)
    return made


def texts(bar: ThresholdBar) -> str:
    return "\n".join(label.text() for label in bar.findChildren(QLabel))


def stops(bar: ThresholdBar) -> list[QPushButton]:
    return [button for button in bar.findChildren(QPushButton) if not button.isHidden()]


def test_stops_stand_from_sensitive_to_specific_with_their_figures(bar: ThresholdBar) -> None:
    assert [button.text() for button in stops(bar)] == [
        "Sensitive\n90 %, 6.0 false", "Balanced\n80 %, 2.0 false", "Specific\n60 %, 0.4 false",
    ]  # fmt: skip


def test_a_stop_sets_exactly_its_threshold(bar: ThresholdBar, display: DisplayState) -> None:
    QTest.mouseClick(stops(bar)[2], Qt.MouseButton.LeftButton)
    assert display.score_threshold == 0.713
    assert stops(bar)[2].isChecked()
    assert "Finds 60 % of lesions, 0.4 false marks per scan" in texts(bar)


def test_the_slider_moves_the_threshold_live_and_leaves_the_stop(bar: ThresholdBar, display: DisplayState) -> None:
    display.set_score_threshold(0.4)
    (slider,) = bar.findChildren(QSlider)
    slider.setValue(500)
    assert display.score_threshold == 0.5
    assert not any(button.isChecked() for button in stops(bar))
    assert "0.50" in texts(bar)


def test_a_model_without_scores_says_there_is_nothing_to_set(bar: ThresholdBar, state: ViewerState) -> None:
    state.set_model(replace(MODEL, has_score=False, operating_points=()))
    (slider,) = bar.findChildren(QSlider)
    assert not slider.isEnabled()
    assert "without a score" in texts(bar)


def test_before_a_model_is_there_the_bar_says_so(bar: ThresholdBar, state: ViewerState) -> None:
    state.set_model(None)
    assert "not loaded yet" in texts(bar)
