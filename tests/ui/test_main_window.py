"""The window as a reader meets it: keys, clicks and layouts."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox
from pytestqt.qtbot import QtBot

from lungview.domain.finding import ReviewState, Source
from lungview.domain.window import LUNG, PRESETS
from lungview.ui.findings.model import Column
from lungview.ui.main_window import MainWindow
from lungview.ui.mouse_scheme import MouseScheme
from lungview.ui.panes.slice_pane import SlicePane
from lungview.ui.settings import Layout, Settings
from lungview.ui.shortcuts import Id
from lungview.ui.status_bar import NOTICE
from tests.support.ui import (
    MakeWindow,
    open_and_wait,
    press,
    wait_until_idle,
    write_patient,
)


def test_the_first_window_leaves_room_for_its_title_bar_on_a_small_screen(
    qtbot: QtBot, make_window: MakeWindow
) -> None:
    first = MainWindow(make_window(shows=False).services, builds_at_once=False)
    qtbot.addWidget(first)
    assert first.height() < first.screen().availableSize().height()


def test_a_new_layout_takes_the_keys_rather_than_a_button_of_the_toolbar(window: MainWindow) -> None:
    window.show_layout(Layout.COMPARISON)
    focused = QApplication.focusWidget()
    assert focused is not None
    assert window.centre.isAncestorOf(focused)


def test_an_opened_folder_shows_its_middle_slice_with_the_boxes_of_both(window: MainWindow) -> None:
    assert window.axial.isVisible()
    assert window.state.slice_index == 6
    assert sorted(window.state.findings) == [4, 5, 6]
    assert sorted(index for index in window.state.detections if window.state.detections_on(index, 0.5)) == [4, 5, 6, 9]
    assert [row.source for row in window.state.rows] == [Source.BOTH, Source.AI]
    assert window.axial.values is not None


def test_the_notice_always_stands_in_the_footer(make_window: MakeWindow) -> None:
    window = make_window()
    assert NOTICE in [child.text() for child in window.status.findChildren(type(window.status._notice))]
    assert NOTICE == "For research. Not for diagnosis."


def test_the_first_start_says_once_what_the_program_is_not(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window(settings=Settings())
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)))
    (notice,) = window.findChildren(QMessageBox)
    assert notice.text() == NOTICE
    notice.accept()
    wait_until_idle(qtbot, window)
    window.close()
    again = make_window()
    wait_until_idle(qtbot, again)
    assert not again.findChildren(QMessageBox)


def test_a_window_without_a_folder_says_what_to_do(make_window: MakeWindow) -> None:
    window = make_window()
    assert window.empty.isVisible()
    assert window.empty.invitation == "Drop a DICOM folder here, or press Ctrl+O"


def test_keys_move_through_the_slices(window: MainWindow) -> None:
    moves = {Qt.Key.Key_Down: 7, Qt.Key.Key_Up: 5, Qt.Key.Key_PageDown: 11, Qt.Key.Key_PageUp: 0}
    moves |= {Qt.Key.Key_Home: 0, Qt.Key.Key_End: 11}
    for key, index in moves.items():
        window.state.go_to_slice(6)
        press(window, key)
        assert window.state.slice_index == index, key


def test_number_keys_choose_the_window_and_zero_the_files_own(window: MainWindow) -> None:
    press(window, Qt.Key.Key_4)
    assert window.display.window == PRESETS[3].window
    assert window.toolbar.windows.text() == "Bone"
    press(window, Qt.Key.Key_0)
    assert window.display.window == LUNG


def test_letters_switch_what_is_shown_and_the_buttons_follow(window: MainWindow) -> None:
    letters = {Qt.Key.Key_G: "shows_ai", Qt.Key.Key_R: "shows_reader", Qt.Key.Key_T: "shows_attention"}
    letters |= {Qt.Key.Key_M: "is_mip", Qt.Key.Key_I: "is_inverted", Qt.Key.Key_H: "shows_corner_text"}
    for key, shown in letters.items():
        before = getattr(window.display, shown)
        press(window, key)
        assert getattr(window.display, shown) is not before, shown
    assert not window.actions_by_id[Id.AI_MARKS].isChecked()
    assert window.actions_by_id[Id.INVERT].isChecked()


def test_h_takes_the_patients_name_out_of_the_whole_window(window: MainWindow) -> None:
    model = window.strip.model
    assert model.row(0).title == "Phantom, Test"
    press(window, Qt.Key.Key_H)
    assert (model.row(0).title, model.row(0).details) == ("Patient", "")
    press(window, Qt.Key.Key_H)
    assert model.row(0).title == "Phantom, Test"


@pytest.mark.parametrize("layout", list(Layout))
def test_a_right_click_on_a_slice_opens_the_menu(window: MainWindow, layout: Layout) -> None:
    window.show_layout(layout)
    shown = window.axial if layout is Layout.READING else window.comparison.findChildren(SlicePane)[0]
    QTest.mouseClick(shown, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, QPoint(50, 50))
    assert window.menus.context.isVisible()
    window.menus.context.close()


def test_n_walks_through_the_findings_from_the_best_on(window: MainWindow) -> None:
    best, second = window.state.rows
    press(window, Qt.Key.Key_N)
    assert (window.state.selected_id, window.state.slice_index) == (best.id, best.key_slice)
    press(window, Qt.Key.Key_N)
    assert (window.state.selected_id, window.state.slice_index) == (second.id, 9)
    press(window, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    assert window.state.selected_id == best.id


def test_a_and_d_judge_the_finding_and_go_on(window: MainWindow) -> None:
    best, second = window.state.rows
    press(window, Qt.Key.Key_N)
    press(window, Qt.Key.Key_A)
    assert window.state.reviews[best.id] is ReviewState.ACCEPTED
    assert window.state.selected_id == second.id
    press(window, Qt.Key.Key_D)
    assert window.state.reviews[second.id] is ReviewState.DISMISSED
    assert window.findings.counts == "2 findings · 1 accepted · 1 dismissed"


def test_judging_before_anything_was_shown_only_shows_the_first_finding(window: MainWindow) -> None:
    press(window, Qt.Key.Key_D)
    assert window.state.reviews == {}
    assert window.state.selected_id == window.state.rows[0].id


def test_verdicts_are_there_again_after_a_restart(
    qtbot: QtBot, window: MainWindow, make_window: MakeWindow, patient: Path
) -> None:
    press(window, Qt.Key.Key_N)
    press(window, Qt.Key.Key_A)
    reviews = dict(window.state.reviews)
    window.close()
    again = make_window()
    open_and_wait(qtbot, again, patient)
    assert again.state.reviews == reviews


def test_a_click_on_a_finding_jumps_to_its_slice(window: MainWindow) -> None:
    table = window.findings.table
    place = table.visualRect(window.findings.model.index(1, Column.SCORE)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert window.state.slice_index == 9
    assert window.state.selected_id == window.state.rows[1].id


def test_the_threshold_hides_findings_live_and_is_remembered(
    qtbot: QtBot, window: MainWindow, make_window: MakeWindow
) -> None:
    window.display.set_score_threshold(0.7)
    qtbot.waitUntil(lambda: len(window.state.rows) == 1)
    qtbot.waitUntil(lambda: "scripted" in window.preferences.current.score_thresholds)
    window.close()
    again = make_window()
    wait_until_idle(qtbot, again)
    assert again.display.score_threshold == 0.7


def test_a_threshold_left_at_the_models_own_is_not_remembered(qtbot: QtBot, window: MainWindow) -> None:
    assert window.display.score_threshold == 0.5
    window.threshold_memory.timeout.emit()
    assert window.preferences.current.score_thresholds == {}


def test_a_click_on_the_slider_jumps_to_that_slice(window: MainWindow) -> None:
    slider = window.slider
    place = QPoint(round(slider.place_of(2)), slider.height() - 12)
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert window.state.slice_index == 2


def test_comparison_shows_its_figures_and_reading_comes_back(window: MainWindow) -> None:
    press(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.comparison.isVisible()
    assert not window.axial.isVisible()
    assert window.actions_by_id[Id.LAYOUT_COMPARISON].isChecked()
    press(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.axial.isVisible()


def test_a_layout_is_found_as_it_was_left(qtbot: QtBot, window: MainWindow, make_window: MakeWindow) -> None:
    window.docks.zoom.close()
    window.show_layout(Layout.COMPARISON)
    window.close()
    again = make_window()
    assert again.layouts.layout is Layout.COMPARISON
    again.show_layout(Layout.READING)
    assert again.docks.zoom.isHidden()
    again.layouts.reset()
    assert not again.docks.zoom.isHidden()


def test_a_double_click_gives_the_pane_the_window_and_takes_it_back(window: MainWindow) -> None:
    for is_alone in (True, False):
        QTest.mouseDClick(window.axial, Qt.MouseButton.LeftButton)
        assert window.docks.findings.isHidden() is is_alone
        assert window.docks.strip.isHidden() is is_alone


def test_a_click_on_another_series_shows_it_with_its_own_boxes(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path
) -> None:
    window = make_window()
    open_and_wait(qtbot, window, write_patient(tmp_path, series=2))
    boxed = window.state.stack
    strip = window.strip
    other = next(each for each in window.state.case.scan.stacks if each is not boxed)  # type: ignore[union-attr]
    place = strip.list.visualRect(strip.model.index(strip.model.row_of(other.key))).center()
    QTest.mouseClick(strip.list.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert window.state.stack is other
    assert window.state.findings == {}
    wait_until_idle(qtbot, window)
    assert [row.source for row in window.state.rows] == [Source.AI, Source.AI]
    press(window, Qt.Key.Key_PageUp, Qt.KeyboardModifier.ControlModifier)
    assert window.state.stack is boxed
    wait_until_idle(qtbot, window)


def test_thumbnails_come_for_every_series(qtbot: QtBot, window: MainWindow) -> None:
    model = window.strip.model
    row = model.row_of(window.state.stack.key)  # type: ignore[union-attr]
    assert not model.data(model.index(row), Qt.ItemDataRole.DecorationRole).isNull()  # type: ignore[attr-defined]


def test_closing_while_everything_runs_ends_every_job(qtbot: QtBot, make_window: MakeWindow, patient: Path) -> None:
    window = make_window()
    window.open_path(patient)
    qtbot.waitUntil(lambda: window.state.volume is not None)
    window.close()
    assert window.runner.jobs == ()


def test_the_pacs_scheme_moves_the_window_to_the_right_drag(window: MainWindow) -> None:
    window.preferences.take(replace(window.preferences.current, mouse_scheme=MouseScheme.PACS))
    before = window.display.window
    QTest.mousePress(window.axial, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, QPoint(100, 100))
    QTest.mouseMove(window.axial, QPoint(160, 100))
    QTest.mouseRelease(window.axial, Qt.MouseButton.RightButton, Qt.KeyboardModifier.NoModifier, QPoint(160, 100))
    assert window.display.window.width > before.width


def test_a_changed_key_works_at_once_and_the_old_one_no_more(window: MainWindow) -> None:
    window.preferences.take(replace(window.preferences.current, keys={Id.INVERT: ("X",)}))
    press(window, Qt.Key.Key_I)
    assert not window.display.is_inverted
    press(window, Qt.Key.Key_X)
    assert window.display.is_inverted
