"""What files lay over their slices, in the window."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lungview.ui import theme
from lungview.ui.main_window import MainWindow
from lungview.ui.shortcuts import Id
from tests.support.dicom_series import Recipe, write_series
from tests.support.overlays import add_overlay
from tests.support.panes import is_coloured, pixels
from tests.support.ui import SLICES, MakeWindow, open_and_wait, press, stored_values

DRAWN = np.zeros((64, 64), np.bool_)
DRAWN[8:16, 40:60] = True
MIDDLE = SLICES // 2


def write_drawn_on(folder: Path, *, cut_short: tuple[int, ...] = ()) -> Path:
    """Write a series whose slices from the middle on have a bar drawn over them, on some of them damaged."""

    def edit(dataset: Dataset, k: int) -> None:
        if k >= MIDDLE:
            add_overlay(dataset, DRAWN)
        if k in cut_short:
            dataset[0x6000, 0x3000].value = b"\0" * 4

    write_series(folder, Recipe(stored_values(), edit=edit))
    return folder


def bar_seen(window: MainWindow) -> float:
    """What share of the place of the bar is in the colour of graphics; nothing else may be.

    The edges blend into the slice, as enlarged pixels do.
    """
    picture = is_coloured(pixels(window.axial), theme.Mark.GRAPHICS)
    view = window.axial.view
    start, end = view.to_pane(40, 8), view.to_pane(60, 16)
    place = np.zeros_like(picture)
    place[round(start.y()) : round(end.y()), round(start.x()) : round(end.x())] = 1
    assert picture[place == 0].mean() < 0.001
    return float(picture[place == 1].mean())


@pytest.fixture
def drawn_on(qtbot: QtBot, make_window: MakeWindow, tmp_path: Path) -> MainWindow:
    window = make_window()
    open_and_wait(qtbot, window, write_drawn_on(tmp_path / "drawn"))
    return window


def test_graphics_lie_where_they_were_drawn_and_o_takes_them_away(drawn_on: MainWindow) -> None:
    assert bar_seen(drawn_on) > 0.8
    press(drawn_on, Qt.Key.Key_O)
    assert bar_seen(drawn_on) == 0
    assert not drawn_on.actions_by_id[Id.GRAPHICS].isChecked()
    press(drawn_on, Qt.Key.Key_O)
    assert bar_seen(drawn_on) > 0.8


def test_slices_without_graphics_show_none(drawn_on: MainWindow) -> None:
    press(drawn_on, Qt.Key.Key_Up)
    assert drawn_on.state.slice_index == MIDDLE - 1
    assert bar_seen(drawn_on) == 0


def test_another_series_shows_none_of_the_graphics_before(
    qtbot: QtBot, drawn_on: MainWindow, tmp_path: Path, patient: Path
) -> None:
    assert drawn_on.actions_by_id[Id.GRAPHICS].isEnabled()
    open_and_wait(qtbot, drawn_on, patient)
    assert drawn_on.state.graphics == {}
    assert bar_seen(drawn_on) == 0
    assert not drawn_on.actions_by_id[Id.GRAPHICS].isEnabled()


def test_graphics_that_cannot_be_read_are_told_and_the_others_shown(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path
) -> None:
    window = make_window()
    open_and_wait(qtbot, window, write_drawn_on(tmp_path / "drawn", cut_short=(8, 9)))
    assert bar_seen(window) > 0.8
    told = window.centre.messages.text
    assert told.startswith("00")
    assert "holds graphics that cannot be read" in told
    assert "1 more file could not be read either" in told
    assert told.endswith("The slices are shown without their graphics.")
    assert sorted(window.state.graphics) == [6, 7, 10, 11]
