"""What stands before a training: folders that can and cannot be learned from, names, cases, lesions shown."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from lungview.detection.store.store import ModelStore
from lungview.domain.box import Box
from lungview.domain.model_names import LONGEST
from lungview.errors import LungViewError
from lungview.reading.case import open_case
from lungview.task import Task
from lungview.ui.main_window import MainWindow
from lungview.ui.shortcuts import Id
from lungview.ui.training import setup_page
from lungview.ui.training.showing import show_lesion
from lungview_training.config import SourceConfig, SourceKind
from lungview_training.opened_once import OpenCase
from lungview_training.supervision.folder_look import FolderLook
from lungview_training.supervision.proof import Thumb
from tests.support.models import keep as keep_made_up
from tests.support.reviewed import write_case
from tests.support.ui import wait_until_idle
from tests.ui.training.hands import LONG_MS, click, open_dialog, shelf_of


def test_a_folder_that_cannot_train_is_told_why_and_cannot_be_started(
    qtbot: QtBot, make: Callable[[], MainWindow], tmp_path: Path
) -> None:
    window = make()
    empty = tmp_path / "nothing"
    empty.mkdir()
    dialog = open_dialog(qtbot, window, empty)
    click(qtbot, dialog.check)
    qtbot.waitUntil(lambda: bool(dialog.preflight.sentences), timeout=LONG_MS)
    assert "is empty" in dialog.preflight.sentences[0]
    assert not dialog.start.isEnabled()
    time.sleep(0.01)
    click(qtbot, dialog.back)
    assert dialog.pages.currentWidget() is dialog.setup


def test_a_folder_that_cannot_be_looked_at_is_told_and_can_be_tried_again(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_folder: Path, _annotations: Path | None, _task: Task, _opened: OpenCase) -> FolderLook:
        raise LungViewError("The folder cannot be read: choose another.")

    window = make()
    window.actions_by_id[Id.TRAIN].trigger()
    dialog = window.training.dialog
    assert dialog is not None
    with monkeypatch.context() as patch:
        patch.setattr(setup_page, "look_at_folder", fail)
        dialog.setup.choose_folder(pictures)
        assert dialog.setup.found.text() == "Looking at the folder…"
        qtbot.waitUntil(lambda: dialog.trouble.text().startswith("The folder cannot be read"), timeout=LONG_MS)
    assert dialog.setup.found.text() == ""
    assert not dialog.check.isEnabled()
    dialog.setup.choose_folder(pictures)
    qtbot.waitUntil(lambda: dialog.setup.is_ready, timeout=LONG_MS)


def test_a_number_behind_a_long_taken_name_leaves_it_short_enough(
    qtbot: QtBot, make: Callable[[], MainWindow], tmp_path: Path
) -> None:
    title = "x" * LONGEST
    keep_made_up(ModelStore(), tmp_path, title)
    window = make()
    window.actions_by_id[Id.TRAIN].trigger()
    qtbot.waitUntil(lambda: shelf_of(window).by_name(title) is not None, timeout=LONG_MS)
    assert window.training.keeping.free_name(title) == f"{'x' * (LONGEST - 2)} 2"


def test_warnings_stand_on_the_page_before_a_training_that_can_begin(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path
) -> None:
    window = make()
    dialog = open_dialog(qtbot, window, pictures)
    click(qtbot, dialog.check)
    qtbot.waitUntil(lambda: dialog.start.isEnabled(), timeout=LONG_MS)
    told = dialog.preflight.sentences
    assert any("the network will learn them by heart" in each for each in told)
    assert any("its figures will jump about" in each for each in told)
    assert not any("expect a small gain" in each for each in told)  # which would say the same again


def test_reviewed_cases_need_no_folder(qtbot: QtBot, make: Callable[[], MainWindow], tmp_path: Path) -> None:
    for number in (1, 2):
        write_case(tmp_path / "data", tmp_path / "images", number)
    window = make()
    window.actions_by_id[Id.TRAIN].trigger()
    dialog = window.training.dialog
    assert dialog is not None
    QTest.mouseClick(dialog.setup.only_own, Qt.MouseButton.LeftButton, pos=QPoint(8, 8))
    assert dialog.setup.only_own.isChecked()
    qtbot.waitUntil(lambda: dialog.setup.is_ready, timeout=LONG_MS)
    assert dialog.setup.found.text().startswith("10 boxed slices of 2 patients")
    assert dialog.setup.annotations.text() == "Your own boxes"
    assert not dialog.setup.folder.isEnabled()
    click(qtbot, dialog.check)
    qtbot.waitUntil(lambda: dialog.preflight.found is not None, timeout=LONG_MS)
    assert dialog.preflight.found is not None
    config = dialog.preflight.found.config
    assert config is not None, dialog.preflight.sentences
    assert [source.path.parent.name for source in config.sources] == ["case1", "case2"]
    click(qtbot, dialog.back)
    dialog.setup.only_own.setChecked(False)
    assert not dialog.check.isEnabled()


def test_a_lesion_of_any_case_is_shown_in_the_viewer_and_selected(
    qtbot: QtBot, make: Callable[[], MainWindow], tmp_path: Path
) -> None:
    folders = [write_case(tmp_path / "data", tmp_path / "images", number) for number in (1, 2)]
    stack = open_case(folders[1], Task()).scan.stacks[0]
    window = make()
    sources = [SourceConfig(SourceKind.FOLDER, folder) for folder in folders]
    file = stack.instances[0].source.path
    box = Box(39, 40, 60, 60)
    show_lesion(window, sources, Thumb(True, "CASE2", "case 2", 9, b"", "CASE2: 12 mm", stack.key, file, box))
    qtbot.waitUntil(lambda: window.state.stack is not None and window.state.slice_index == 9, timeout=LONG_MS)
    qtbot.waitUntil(lambda: window.state.selected_row is not None, timeout=LONG_MS)
    assert window.state.selected_row is not None
    assert window.state.selected_row.reader is not None
    assert window.state.selected_row.reader.boxes == {9: Box(40, 40, 60, 60)}
    window.state.select(None)
    window.display.set_score_threshold(0.9)
    wait_until_idle(qtbot, window)
    assert window.state.selected_row is None
    assert window.reading.path == folders[1]
    assert window.state.stack is not None
    assert window.state.stack.key == stack.key


def test_nothing_of_training_is_made_before_it_is_asked_for(make: Callable[[], MainWindow]) -> None:
    window = make()
    assert window.training.controller is None
    assert window.training.dialog is None
