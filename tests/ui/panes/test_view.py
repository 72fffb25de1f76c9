"""Where slice pixels fall in a pane."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF

from lungview.domain.box import Box
from lungview.ui.panes.view import ZOOM_LIMITS, Framing

sizes = st.floats(40, 3000)
aspects = st.floats(0.25, 4)
points = st.tuples(st.floats(0, 512), st.floats(0, 300))
SLICE = Box(0, 0, 512, 300)


@given(width=sizes, height=sizes, aspect=aspects, point=points)
def test_a_slice_point_comes_back_from_the_pane(
    width: float, height: float, aspect: float, point: tuple[float, float]
) -> None:
    view = Framing(SLICE, aspect).view(width, height)
    assert view.to_slice(view.to_pane(*point)) == pytest.approx(point, abs=1e-6)


@given(width=sizes, height=sizes, aspect=aspects)
def test_a_fitted_slice_touches_two_edges_and_leaves_none(width: float, height: float, aspect: float) -> None:
    rect = Framing(SLICE, aspect).view(width, height).box_rect(SLICE)
    assert QRectF(-1e-6, -1e-6, width + 2e-6, height + 2e-6).contains(rect)
    assert rect.width() == pytest.approx(width) or rect.height() == pytest.approx(height)
    assert rect.center().x() == pytest.approx(width / 2)


def test_rows_twice_as_far_apart_as_columns_are_twice_as_high() -> None:
    view = Framing(Box(0, 0, 100, 50), aspect=2.0).view(200, 200)
    assert (view.scale_x, view.scale_y) == (2.0, 4.0)


@given(factor=st.floats(0.3, 6), x=st.floats(0, 800), y=st.floats(0, 600))
def test_zooming_keeps_the_point_under_the_cursor(factor: float, x: float, y: float) -> None:
    framing = Framing(SLICE)
    view, at = framing.view(800, 600), QPointF(x, y)
    under = view.to_slice(at)
    zoomed = framing.zoomed(factor, at, view)
    held = any(abs(part) >= half for part, half in zip(zoomed.offset, (256, 150), strict=True))
    if not held:
        assert zoomed.view(800, 600).to_slice(at) == pytest.approx(under, abs=1e-6)


@given(steps=st.lists(st.floats(0.1, 10), max_size=30))
def test_zoom_stays_within_its_limits(steps: list[float]) -> None:
    framing = Framing(SLICE)
    for step in steps:
        framing = framing.zoomed(step, QPointF(1, 1), framing.view(800, 600))
    assert ZOOM_LIMITS[0] <= framing.zoom <= ZOOM_LIMITS[1]


@given(x=st.floats(-9000, 9000), y=st.floats(-9000, 9000))
def test_panning_never_loses_the_slice(x: float, y: float) -> None:
    framing = Framing(SLICE)
    moved = framing.panned(QPointF(x, y), framing.view(800, 600))
    assert SLICE.grown(1e-6).contains(*moved.centre)


def test_panning_moves_the_slice_with_the_cursor() -> None:
    framing = Framing(SLICE)
    view = framing.view(1024, 600)
    moved = framing.panned(QPointF(20, -10), view).view(1024, 600)
    assert moved.to_pane(0, 0) - view.to_pane(0, 0) == QPointF(20, -10)
