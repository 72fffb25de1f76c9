"""What a reader does in the training dialog, and a network and proof small enough for a test."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QLineEdit, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from lungview.domain.model_shelf import Shelf
from lungview.task import Task
from lungview.ui.main_window import MainWindow
from lungview.ui.shortcuts import Id
from lungview.ui.training.dialog import TrainingDialog
from lungview_training.config import TrainingConfig
from lungview_training.supervision.folder_look import FolderLook
from lungview_training.supervision.plan import Choices, plan
from lungview_training.supervision.proof import MEASURE, Froc, Proof, Row, Thumb, Value

LONG_MS = 60_000
STEPS = [400]


def made_up_proof(_config: TrainingConfig, _base: str, weights: Path, _task: Task) -> Proof:
    assert weights.is_file()
    row = Row("test part", MEASURE, Value(0.2, (0.1, 0.3)), Value(0.6, (0.5, 0.7)), Value(0.4, (0.2, 0.5)))
    thumb = Thumb(True, "P0", "study 1, boxed series 1", 3, b"", "P0: 12 mm")
    return Proof("Base", "New", "test part", (row,), (Froc((0, 1), (0, 0.5)), Froc((0, 1), (0, 0.9))), (thumb,))


def tiny_plan(look: FolderLook, choices: Choices, output: Path) -> TrainingConfig:
    small = {"field_size": 64, "image_size": 64, "batch_size": 2, "threads": 1, "cache": "off", "device": "cpu"}
    rhythm = {"steps": STEPS[0], "evaluate_every": 4, "checkpoint_every": 2, "patience": 0}
    return replace(plan(look, choices, output), **small, **rhythm)  # type: ignore[arg-type]


def open_dialog(qtbot: QtBot, window: MainWindow, folder: Path) -> TrainingDialog:
    window.actions_by_id[Id.TRAIN].trigger()
    dialog = window.training.dialog
    assert dialog is not None
    dialog.setup.folder.setText(str(folder))
    dialog.setup.folder.editingFinished.emit()
    qtbot.waitUntil(lambda: dialog.setup.is_ready, timeout=LONG_MS)
    return dialog


def click(qtbot: QtBot, button: QPushButton) -> None:
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled(), timeout=LONG_MS)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def begin_training(qtbot: QtBot, window: MainWindow, folder: Path) -> TrainingDialog:
    dialog = open_dialog(qtbot, window, folder)
    click(qtbot, dialog.check)
    click(qtbot, dialog.start)
    return dialog


def wait_for_steps(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: bool(progress_of(window).loss.steps), timeout=LONG_MS)


def answer_box(window: MainWindow, words: str) -> QMessageBox:
    asking = next(each for each in window.findChildren(QMessageBox) if each.isVisible())
    button = next(each for each in asking.buttons() if each.text() == words)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    return asking


def progress_of(window: MainWindow):  # type: ignore[no-untyped-def]
    controller = window.training.controller
    assert controller is not None
    return controller.progress


def train_to_the_end(qtbot: QtBot, window: MainWindow, folder: Path) -> TrainingDialog:
    """The dialog on its last page, the models compared."""
    STEPS[0] = 8
    dialog = begin_training(qtbot, window, folder)
    click(qtbot, dialog.judge)
    qtbot.waitUntil(lambda: dialog.keep.isEnabled(), timeout=LONG_MS)
    return dialog


def shelf_of(window: MainWindow) -> Shelf:
    assert window.shelf.keeper is not None
    return window.shelf.keeper.shelf


def prompt_of(qtbot: QtBot, dialog: TrainingDialog) -> QInputDialog:
    click(qtbot, dialog.keep)
    qtbot.waitUntil(lambda: any(each.isVisible() for each in dialog.findChildren(QInputDialog)))
    return next(each for each in dialog.findChildren(QInputDialog) if each.isVisible())


def keep_as(qtbot: QtBot, dialog: TrainingDialog, name: str) -> None:
    prompt = prompt_of(qtbot, dialog)
    line = prompt.findChild(QLineEdit)
    assert line is not None
    line.selectAll()
    QTest.keyClicks(line, name)
    QTest.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not dialog.is_keeping, timeout=LONG_MS)
