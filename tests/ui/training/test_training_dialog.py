"""The training dialog, as a reader uses it: real clicks, a real worker on tiny slices."""

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from lungview.domain.model_shelf import Origin
from lungview.processes import is_alive
from lungview.ui.main_window import MainWindow
from lungview.ui.training import preflight_page
from lungview_training.config import TrainingConfig
from lungview_training.supervision.folder_look import FolderLook
from lungview_training.supervision.plan import Choices
from lungview_training.supervision.proof import Proof
from lungview_training.supervision.registry import State
from tests.ui.training.hands import (
    LONG_MS,
    STEPS,
    answer_box,
    begin_training,
    click,
    keep_as,
    progress_of,
    prompt_of,
    shelf_of,
    tiny_plan,
    train_to_the_end,
    wait_for_steps,
)


def test_a_reader_trains_watches_judges_and_keeps(qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path) -> None:
    window = make()
    dialog = train_to_the_end(qtbot, window, pictures)
    assert not dialog.isModal()
    assert dialog.live.loss.drawn[0] == 8
    assert dialog.live.finds.drawn == [2, 2]
    assert any(not label.pixmap().isNull() for label in dialog.live.examples)
    assert dialog.outcome.table.rowCount() == 1
    assert "reads better" in dialog.outcome.verdict.text()
    assert dialog.outcome.thumbs.count() == 1
    keep_as(qtbot, dialog, "Phantoms")
    assert dialog.trouble.text().startswith("Kept as Phantoms")
    controller = window.training.controller
    assert controller is not None
    record = controller.registry.all()[0]
    assert record.state is State.KEPT
    qtbot.waitUntil(lambda: shelf_of(window).by_name("Phantoms") is not None, timeout=LONG_MS)
    kept = shelf_of(window).by_name("Phantoms")
    about = json.loads((controller.registry.output_of(record) / "run.json").read_text())
    assert kept is not None
    assert kept.origin is Origin.TRAINED
    assert (kept.lineage.seed, kept.lineage.data_hash) == (1, about["data_hash"])
    assert kept.lineage.settings["steps"] == 8
    assert kept.iou is not None
    assert (kept.iou.value, kept.iou.low, kept.iou.is_test) == (0.6, 0.5, True)
    qtbot.waitUntil(lambda: dialog.setup.base.findText("Phantoms") >= 0, timeout=LONG_MS)
    assert not dialog.keep.isVisible()
    assert not dialog.discard.isVisible()


def test_the_kept_model_becomes_the_default_when_the_reader_says_so(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path
) -> None:
    window = make()
    dialog = train_to_the_end(qtbot, window, pictures)
    before = shelf_of(window).default
    keep_as(qtbot, dialog, "Phantoms")
    qtbot.waitUntil(lambda: shelf_of(window).by_name("Phantoms") is not None, timeout=LONG_MS)
    assert shelf_of(window).default == before
    click(qtbot, dialog.make_default)
    qtbot.waitUntil(lambda: "answers from now on" in dialog.trouble.text(), timeout=LONG_MS)
    qtbot.waitUntil(lambda: shelf_of(window).models[0].name == "Phantoms", timeout=LONG_MS)
    assert not dialog.make_default.isVisible()


def test_a_model_not_shown_to_be_better_is_kept_with_a_warning_and_a_taken_name_is_told(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Proof, "warning", "The gain is not clearly above 0.")
    window = make()
    dialog = train_to_the_end(qtbot, window, pictures)
    before = shelf_of(window).default
    prompt = prompt_of(qtbot, dialog)
    assert prompt.labelText().startswith("The gain is not clearly above 0.")
    assert prompt.textValue() == "Fine-tuned"
    prompt.reject()
    keep_as(qtbot, dialog, "compact")
    assert "already a model called" in dialog.trouble.text()
    assert dialog.keep.isEnabled()
    keep_as(qtbot, dialog, "Fine-tuned")
    assert dialog.trouble.text().startswith("Kept as Fine-tuned")
    assert (
        "The gain is not clearly above 0." in dialog.outcome.verdict.text()
    )  # beside the offer to make it the default
    qtbot.waitUntil(lambda: window.training.keeping.free_name("Fine-tuned") == "Fine-tuned 2", timeout=LONG_MS)
    click(qtbot, dialog.make_default)
    (question,) = dialog.findChildren(QMessageBox)
    assert question.text() == "The gain is not clearly above 0."
    question.reject()
    assert shelf_of(window).default == before


def test_closing_the_dialog_keeps_the_run_and_the_chip_brings_it_back(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path
) -> None:
    window = make()
    dialog = begin_training(qtbot, window, pictures)
    wait_for_steps(qtbot, window)
    click(qtbot, dialog.hide_button)
    assert not dialog.isVisible()
    before = progress_of(window).step
    qtbot.waitUntil(lambda: progress_of(window).step > before, timeout=LONG_MS)
    assert "Training" in window.training.chip.text()
    QTest.mouseClick(window.training.chip, Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    assert dialog.pages.currentWidget() is dialog.live
    click(qtbot, dialog.pause)
    qtbot.waitUntil(lambda: progress_of(window).is_paused, timeout=LONG_MS)
    qtbot.waitUntil(lambda: dialog.pause.text() == "Go on", timeout=LONG_MS)
    click(qtbot, dialog.pause)
    qtbot.waitUntil(lambda: not progress_of(window).is_paused, timeout=LONG_MS)
    click(qtbot, dialog.stop)
    click(qtbot, dialog.discard)


def test_a_training_that_gains_nothing_ends_by_itself_and_says_so(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make()

    def impatient(look: FolderLook, choices: Choices, output: Path) -> TrainingConfig:
        return replace(tiny_plan(look, choices, output), patience=1, min_delta=10.0, evaluate_every=2)

    monkeypatch.setattr(preflight_page, "plan", impatient)
    dialog = begin_training(qtbot, window, pictures)
    qtbot.waitUntil(lambda: dialog.judge.isVisible(), timeout=LONG_MS)
    told = "validation had not got better for a while"
    qtbot.waitUntil(lambda: told in dialog.live.status.text(), timeout=LONG_MS)
    assert progress_of(window).step < STEPS[0]
    assert progress_of(window).validation_loss.steps[:2] == [2, 4]
    qtbot.waitUntil(lambda: dialog.live.loss.drawn[1] >= 2, timeout=LONG_MS)
    assert window.training.chip.text() == "Training finished: look at it"


def test_a_killed_worker_is_told_of_and_one_click_goes_on(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path
) -> None:
    window = make()
    dialog = begin_training(qtbot, window, pictures)
    qtbot.waitUntil(lambda: progress_of(window).saved_step >= 2, timeout=LONG_MS)
    os.kill(progress_of(window).pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: "SIGKILL" in dialog.live.status.text(), timeout=LONG_MS)
    assert window.training.chip.text() == "Training interrupted: go on?"
    saved = progress_of(window).saved_step
    click(qtbot, dialog.go_on)
    # The killed worker may have gone past what it saved: only a start from there tells that it goes on.
    qtbot.waitUntil(lambda: progress_of(window).started.first_step >= saved, timeout=LONG_MS)
    click(qtbot, dialog.keep_best)
    click(qtbot, dialog.judge)


def test_closing_the_window_saves_and_the_next_one_offers_to_go_on(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path
) -> None:
    window = make()
    begin_training(qtbot, window, pictures)
    wait_for_steps(qtbot, window)
    pid = progress_of(window).pid
    assert not window.close()
    answer_box(window, "Stay open")
    assert window.isVisible()
    assert is_alive(pid)
    assert not window.close()
    asking = answer_box(window, "Save, stop and close")
    assert "saves what it has learned" in asking.informativeText()
    assert not window.isVisible()
    assert window.is_closed
    qtbot.waitUntil(lambda: not is_alive(pid), timeout=LONG_MS)
    again = make()
    qtbot.waitUntil(lambda: again.training.controller is not None, timeout=LONG_MS)
    controller = again.training.controller
    assert controller is not None
    qtbot.waitUntil(lambda: controller.can_go_on, timeout=LONG_MS)
    assert again.training.chip.text() == "Training stopped: go on?"
    QTest.mouseClick(again.training.chip, Qt.MouseButton.LeftButton)
    dialog = again.training.dialog
    assert dialog is not None
    assert "can go on from there" in dialog.live.status.text()
    assert dialog.live.loss.drawn[0] > 0
    click(qtbot, dialog.discard)
    qtbot.waitUntil(lambda: controller.registry.all() == [], timeout=LONG_MS)
