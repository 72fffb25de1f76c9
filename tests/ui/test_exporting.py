"""The File menu's export: a copy that opens with its boxes, made in the background."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from lungview.domain.box import Box
from lungview.ui.dialogs.export import ExportDialog, proposed_folder
from lungview.ui.main_window import MainWindow
from lungview.ui.shortcuts import Id
from tests.support.ui import MakeWindow, open_and_wait


@pytest.fixture
def window(qtbot: QtBot, make_window: MakeWindow, patient: Path) -> MainWindow:
    made = make_window()
    open_and_wait(qtbot, made, patient)
    return made


def asked(window: MainWindow) -> ExportDialog:
    window.actions_by_id[Id.EXPORT].trigger()
    dialog = window.findChild(ExportDialog)
    assert dialog is not None
    return dialog


def test_the_copy_is_made_told_and_opens_with_all_boxes(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    window.marks.editor.add(Box(4, 5, 20, 25))
    dialog = asked(window)
    dialog.folder.setText(str(tmp_path / "copy"))
    dialog.accept()
    qtbot.waitUntil(lambda: "12 images of 1 patient" in window.centre.messages.text, timeout=15_000)
    open_and_wait(qtbot, window, tmp_path / "copy")
    assert sum(map(len, window.state.findings.values())) == 3
    assert not any(mark.is_own for marks in window.state.findings.values() for mark in marks)
    assert window.state.case is not None
    assert window.state.case.scan.patients[0].name.startswith("P-")


def test_a_folder_that_holds_something_is_refused_in_the_dialog(window: MainWindow, patient: Path) -> None:
    dialog = asked(window)
    export = dialog.buttons.button(QDialogButtonBox.StandardButton.Ok)
    assert export.isEnabled()
    dialog.folder.setText(str(patient.parent))
    assert "not empty" in dialog.trouble.text()
    assert not export.isEnabled()
    dialog.folder.setText(str(patient / "copy"))
    assert "inside the folder" in dialog.trouble.text()
    dialog.folder.setText(" ")
    assert not export.isEnabled()
    dialog.reject()


def test_there_is_nothing_to_export_before_a_case_is_open(make_window: MakeWindow) -> None:
    assert not make_window().actions_by_id[Id.EXPORT].isEnabled()


def test_a_free_name_is_proposed(tmp_path: Path) -> None:
    proposed_folder(tmp_path).mkdir()
    assert proposed_folder(tmp_path).name == "lungview-export-2"
