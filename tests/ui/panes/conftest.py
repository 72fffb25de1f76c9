"""A state with a sphere that a reader and a model boxed, for the small panes."""

import pytest

from lungview.domain.detection import Detection
from lungview.ui.display_state import DisplayState
from lungview.ui.panes.focus import Focus
from lungview.ui.state import ViewerState
from tests.support.panes import PREDICTED, SPHERE
from tests.support.states import boxed, shown_state
from tests.support.volumes import make_stack, with_sphere


@pytest.fixture
def state() -> ViewerState:
    stack = make_stack(slices=9, rows=128, columns=128, slice_mm=2.0)
    volume = with_sphere(stack, (4, 69.5, 79.5), 9.0)
    findings = boxed(3, SPHERE) | boxed(4, SPHERE)
    return shown_state(volume, findings, {4: [Detection(PREDICTED, 0.8)]})


@pytest.fixture
def display() -> DisplayState:
    return DisplayState()


@pytest.fixture
def focus(state: ViewerState, display: DisplayState) -> Focus:
    return Focus(state, display)
