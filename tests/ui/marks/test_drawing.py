"""Boxes under the mouse, in a real window."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QPushButton
from pytestqt.qtbot import QtBot

from lungview.annotations.voc import read_annotation
from lungview.domain.box import Box
from lungview.domain.study import FileSource
from lungview.ui.main_window import MainWindow
from lungview.ui.marks.dialogs import PropagateDialog
from lungview.ui.settings import Settings
from lungview.ui.shortcuts import Id
from tests.support.panes import place
from tests.support.ui import MakeWindow, open_and_wait, press, wait_until_idle

LEFT = Qt.MouseButton.LeftButton
NO_KEY = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
KNOWN = Settings(is_notice_shown=True, reader_name="Ann", is_reader_asked=True)


@pytest.fixture
def window(qtbot: QtBot, make_window: MakeWindow, patient: Path) -> MainWindow:
    made = make_window(settings=KNOWN)
    open_and_wait(qtbot, made, patient)
    return made


def drag(window: MainWindow, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag the left button between two points of the slice."""
    pane = window.axial
    first, last = place(pane, *start), place(pane, *end)
    QTest.mousePress(pane, LEFT, NO_KEY, first)
    for share in (0.5, 1.0):
        QTest.mouseMove(pane, first + QPoint(*(round(part * share) for part in (last - first).toTuple())))
    QTest.mouseRelease(pane, LEFT, NO_KEY, last)


def draw(window: MainWindow, box: Box) -> None:
    """Draw a box with the tool."""
    if not window.marks.editor.is_drawing:
        window.actions_by_id[Id.DRAW_BOX].trigger()  # the key goes to the active window only
    drag(window, (box.xmin, box.ymin), (box.xmax, box.ymax))


def own_boxes(window: MainWindow) -> dict[int, list[Box]]:
    """The reader's own boxes by slice."""
    count = len(window.marks.editor.places)
    found = {index: [mark.box for mark in window.marks.editor.on_slice(index)] for index in range(count)}
    return {index: boxes for index, boxes in found.items() if boxes}


def wait_until_saved(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.marks.keeper.is_saved, timeout=10_000)


def test_the_box_tool_draws_a_box_that_the_state_shows(window: MainWindow) -> None:
    press(window, Qt.Key.Key_B)
    draw(window, Box(4, 30, 14, 44))
    assert own_boxes(window) == {6: [Box(4, 30, 14, 44)]}
    assert Box(4, 30, 14, 44) in window.state.reader_boxes(6)
    mark = window.marks.editor.selected
    assert mark is not None
    assert (mark.author, mark.label) == ("Ann", "A")
    assert window.actions_by_id[Id.DRAW_BOX].isChecked()


def test_of_labels_as_frequent_the_first_by_alphabet_is_the_usual_one(window: MainWindow) -> None:
    editor, first = window.marks.editor, window.state.originals[4][0]
    for labels, usual in (("GBE", "B"), ("GBG", "G"), ("", "")):
        own = {index: (replace(first, label=label),) for index, label in enumerate(labels)}
        window.state.set_own_findings(own, {(index, first.box) for index in (4, 5, 6)})
        assert editor.usual_label == usual


def test_without_the_tool_the_left_drag_stays_the_window(window: MainWindow) -> None:
    before = window.display.window
    drag(window, (4, 30), (14, 44))
    assert own_boxes(window) == {}
    assert window.display.window != before


def test_a_box_is_moved_by_its_inside_and_resized_by_its_handles(window: MainWindow) -> None:
    draw(window, Box(4, 30, 16, 44))
    drag(window, (10, 37), (13, 39))
    assert own_boxes(window) == {6: [Box(7, 32, 19, 46)]}
    drag(window, (19, 46), (25, 50))
    assert own_boxes(window) == {6: [Box(7, 32, 25, 50)]}
    press(window, Qt.Key.Key_B)
    drag(window, (16, 32), (16, 28))
    assert own_boxes(window) == {6: [Box(7, 28, 25, 50)]}


def test_ctrl_z_takes_each_edit_back_and_ctrl_shift_z_makes_it_again(window: MainWindow) -> None:
    draw(window, Box(4, 30, 16, 44))
    drag(window, (10, 37), (13, 39))
    press(window, Qt.Key.Key_Delete)
    assert own_boxes(window) == {}
    steps = [{6: [Box(7, 32, 19, 46)]}, {6: [Box(4, 30, 16, 44)]}, {}]
    for boxes in steps:
        press(window, Qt.Key.Key_Z, CTRL)
        assert own_boxes(window) == boxes
    assert not window.actions_by_id[Id.UNDO].isEnabled()
    press(window, Qt.Key.Key_Z, CTRL | SHIFT)
    press(window, Qt.Key.Key_Y, CTRL)
    assert own_boxes(window) == steps[0]
    assert window.actions_by_id[Id.REDO].text() == "Redo delete box"


def test_a_box_stays_inside_the_slice(window: MainWindow) -> None:
    draw(window, Box(50, 50, 80, 90))
    ((box,),) = own_boxes(window).values()
    assert (box.xmax, box.ymax) == (64, 64)


def test_a_click_with_the_tool_makes_no_box(window: MainWindow) -> None:
    press(window, Qt.Key.Key_B)
    QTest.mouseClick(window.axial, LEFT, NO_KEY, place(window.axial, 10, 10))
    assert own_boxes(window) == {}


def test_escape_drops_a_box_under_way_then_the_selection_then_the_tool(window: MainWindow) -> None:
    draw(window, Box(4, 30, 16, 44))
    QTest.mousePress(window.axial, LEFT, NO_KEY, place(window.axial, 30, 10))
    QTest.mouseMove(window.axial, place(window.axial, 40, 20))
    press(window, Qt.Key.Key_Escape)
    QTest.mouseRelease(window.axial, LEFT, NO_KEY, place(window.axial, 40, 20))
    assert own_boxes(window) == {6: [Box(4, 30, 16, 44)]}
    press(window, Qt.Key.Key_Escape)
    assert window.marks.editor.selected is None
    press(window, Qt.Key.Key_Escape)
    assert not window.marks.editor.is_drawing


def test_a_box_is_propagated_as_it_is_set_and_cancel_takes_it_back(window: MainWindow) -> None:
    draw(window, Box(4, 28, 20, 44))
    press(window, Qt.Key.Key_P)
    (dialog,) = window.findChildren(PropagateDialog)
    assert sorted(own_boxes(window)) == [4, 5, 6, 7, 8]
    dialog.up.setValue(1)
    dialog.shrinks.setChecked(False)
    assert own_boxes(window) == {index: [Box(4, 28, 20, 44)] for index in (5, 6, 7, 8)}
    dialog.reject()
    assert sorted(own_boxes(window)) == [6]
    press(window, Qt.Key.Key_P)
    (dialog,) = [each for each in window.findChildren(PropagateDialog) if each.isVisible()]
    dialog.accept()
    drag(window, (12, 36), (15, 36))
    assert {index: boxes[0].centre[0] for index, boxes in own_boxes(window).items()} == dict.fromkeys(range(4, 9), 15.0)
    press(window, Qt.Key.Key_Z, CTRL)
    press(window, Qt.Key.Key_Z, CTRL)
    assert sorted(own_boxes(window)) == [6]


def test_a_label_goes_to_every_slice_of_the_lesion(window: MainWindow) -> None:
    draw(window, Box(4, 28, 20, 44))
    window.state.go_to_slice(7)
    draw(window, Box(5, 28, 21, 44))
    mark = window.marks.editor.selected
    assert mark is not None
    window.marks.editor.set_label(mark, "G")
    assert {each.label for each in window.marks.editor.marks.values()} == {"G"}


def test_boxes_stand_in_annotation_files_and_in_the_next_window(
    qtbot: QtBot, window: MainWindow, make_window: MakeWindow, patient: Path
) -> None:
    draw(window, Box(4, 28, 20, 44))
    wait_until_saved(qtbot, window)
    (path,) = window.marks.boxes_folder().rglob("*.xml")
    (finding,) = read_annotation(FileSource(path), path.read_bytes()).findings
    assert (finding.box, finding.author) == (Box(4, 28, 20, 44), "Ann")
    assert finding.time
    window.close()
    again = make_window()
    open_and_wait(qtbot, again, patient)
    assert own_boxes(again) == {6: [Box(4, 28, 20, 44)]}


def test_the_readers_name_is_asked_once_and_signs_the_first_box(
    qtbot: QtBot, make_window: MakeWindow, patient: Path
) -> None:
    window = make_window()
    open_and_wait(qtbot, window, patient)
    draw(window, Box(4, 28, 20, 44))
    assert "no reader's name" in window.centre.messages.text
    window.centre.messages.findChildren(QPushButton)[0].click()
    (dialog,) = window.findChildren(QInputDialog)
    dialog.setTextValue("Bea")
    dialog.accept()
    draw(window, Box(40, 4, 60, 14))
    assert {mark.author for mark in window.marks.editor.marks.values()} == {"Bea"}
    assert window.centre.messages.text == ""
    assert window.preferences.current.reader_name == "Bea"


def test_two_windows_on_one_case_keep_the_boxes_of_both(
    qtbot: QtBot, window: MainWindow, make_window: MakeWindow, patient: Path
) -> None:
    other = make_window()
    open_and_wait(qtbot, other, patient)
    draw(window, Box(4, 28, 20, 44))
    draw(other, Box(40, 4, 60, 14))
    both = {Box(4, 28, 20, 44), Box(40, 4, 60, 14)}
    qtbot.waitUntil(lambda: set(own_boxes(window).get(6, [])) == both, timeout=10_000)
    qtbot.waitUntil(lambda: set(own_boxes(other).get(6, [])) == both, timeout=10_000)


def test_a_box_that_is_drawn_or_taken_hold_of_selects_its_finding(qtbot: QtBot, window: MainWindow) -> None:
    other = window.state.rows[0]
    window.navigator.jump_to(other.id)
    window.state.go_to_slice(1)
    made = window.marks.editor.add(Box(4, 5, 20, 25))
    assert made is not None
    wait_until_idle(qtbot, window)
    row = window.state.selected_row
    assert row is not None
    assert row.reader is not None
    assert row.reader.boxes == {1: made.box}
    assert window.focus.target is not None
    assert window.focus.target.box == made.box
    window.state.select(other.id)
    window.marks.editor.set_label(made, "G")
    wait_until_idle(qtbot, window)
    assert window.state.selected_id == other.id, "the reader chose another, and stays there"
