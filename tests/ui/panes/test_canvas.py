"""Painting slices, on small arrays."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from lungview.domain.box import Box
from lungview.domain.window import Window, to_display
from lungview.ui.panes.canvas import SliceCanvas
from lungview.ui.panes.view import Framing, View
from tests.support.panes import channels, pixels, show

WINDOW = Window(50, 100)


def canvas_of(qtbot: QtBot, values: np.ndarray, width: int, height: int, aspect: float = 1.0) -> SliceCanvas:
    canvas = SliceCanvas()
    canvas.set_smooth(False)
    canvas.set_window(WINDOW)
    canvas.set_framing(Framing(Box(0, 0, values.shape[1], values.shape[0]), aspect))
    canvas.show_values(values)
    show(qtbot, canvas, width, height)
    return canvas


@pytest.fixture
def ramp() -> np.ndarray:
    return np.arange(64, dtype=np.int16).reshape(8, 8)


def test_every_slice_pixel_is_painted_in_its_grey(qtbot: QtBot, ramp: np.ndarray) -> None:
    canvas = canvas_of(qtbot, ramp, 80, 80)
    centres = pixels(canvas)[5::10, 5::10]
    assert (centres == to_display(ramp, WINDOW)[..., None]).all()


def test_pixels_twice_as_high_as_wide_are_painted_so(qtbot: QtBot, ramp: np.ndarray) -> None:
    canvas = canvas_of(qtbot, ramp, 160, 160, aspect=2.0)
    centres = pixels(canvas)[10::20, 45:125:10]
    assert (centres == to_display(ramp, WINDOW)[..., None]).all()
    assert (pixels(canvas)[:, :38] == 0).all()


def test_zoomed_in_only_the_part_on_screen_is_rendered(qtbot: QtBot) -> None:
    values = np.random.default_rng(0).integers(0, 100, (64, 64), dtype=np.int16)
    canvas = canvas_of(qtbot, values, 128, 128)
    canvas.zoom_by(8.0, QPointF(64, 64))
    centres = pixels(canvas)[8::16, 8::16]
    assert (centres == to_display(values, WINDOW)[28:36, 28:36, None]).all()


def test_smooth_painting_keeps_the_pixels_centres(qtbot: QtBot) -> None:
    values = (np.arange(8, dtype=np.int16) * 12)[None, :].repeat(8, axis=0)
    canvas = canvas_of(qtbot, values, 80, 80)
    canvas.set_smooth(True)
    row = pixels(canvas)[40, :, 0].astype(int)
    assert np.abs(row[5::10] - to_display(values, WINDOW)[0]).max() <= 16
    assert (np.diff(row) >= 0).all()


def test_what_the_slice_leaves_free_is_black(qtbot: QtBot) -> None:
    canvas = canvas_of(qtbot, np.full((8, 8), 1000, dtype=np.int16), 200, 80)
    painted = pixels(canvas)
    assert (painted[:, :59] == 0).all()
    assert (painted[:, 141:] == 0).all()
    assert (painted[:, 61:139] == 255).all()


def test_the_voxels_are_borrowed_and_not_copied(qtbot: QtBot, ramp: np.ndarray) -> None:
    canvas = canvas_of(qtbot, ramp, 80, 80)
    assert canvas.values is ramp


def test_a_sentence_stands_where_no_slice_is(qtbot: QtBot) -> None:
    canvas = SliceCanvas()
    show(qtbot, canvas, 200, 80)
    assert (pixels(canvas) == 0).all()
    canvas.show_values(None, "Nothing here")
    assert (pixels(canvas) > 0).any()


def test_overlays_are_painted_in_their_order(qtbot: QtBot) -> None:
    told: list[str] = []

    class Note:
        def __init__(self, name: str) -> None:
            self._name = name

        def paint(self, painter: QPainter, view: View) -> None:
            told.append(self._name)

    canvas = SliceCanvas(overlays=[Note("below"), Note("above")])
    show(qtbot, canvas, 64, 64)
    told.clear()
    canvas.grab()
    assert told == ["below", "above"]


def test_a_denser_screen_shows_finer_slices(qtbot: QtBot) -> None:
    values = np.random.default_rng(0).integers(0, 100, (32, 32), dtype=np.int16)
    canvas = canvas_of(qtbot, values, 64, 64)
    dense = QImage(128, 128, QImage.Format.Format_RGB32)
    dense.setDevicePixelRatio(2.0)
    canvas.render(dense)
    assert (channels(dense)[2::4, 2::4] == to_display(values, WINDOW)[..., None]).all()
