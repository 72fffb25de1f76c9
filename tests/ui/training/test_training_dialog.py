"""The training dialog, as a reader uses it: real clicks, a real worker on tiny slices."""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QLineEdit, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from lungview import processes
from lungview.detection.store.store import ModelStore
from lungview.dicom.load import load_volume
from lungview.domain.model_names import LONGEST
from lungview.domain.model_shelf import Origin, Shelf
from lungview.errors import LungViewError
from lungview.model_library import ModelLibrary
from lungview.processes import is_alive
from lungview.reading.case import open_case
from lungview.task import Task
from lungview.training_services import base_models, check, keep
from lungview.ui.main_window import MainWindow
from lungview.ui.services import Services
from lungview.ui.settings import Settings, SettingsStore
from lungview.ui.shortcuts import Id
from lungview.ui.training import preflight_page, setup_page
from lungview.ui.training.dialog import TrainingDialog
from lungview.ui.training.services import TrainingServices
from lungview.ui.training.showing import show_lesion
from lungview_training.config import SourceConfig, SourceKind, TrainingConfig
from lungview_training.opened_once import OpenCase
from lungview_training.preflight.report import DryBatch
from lungview_training.supervision.folder_look import FolderLook
from lungview_training.supervision.plan import Choices, plan
from lungview_training.supervision.proof import MEASURE, Froc, Proof, Row, Thumb, Value
from lungview_training.supervision.registry import State
from tests.support.detectors import ScriptedDetector
from tests.support.models import keep as keep_made_up
from tests.support.reviewed import write_case
from tests.training.supervision.tiny import write_pictures

_LONG_MS = 60_000
_STEPS = [400]


def _proof(_config: TrainingConfig, _base: str, weights: Path, _task: Task) -> Proof:
    assert weights.is_file()
    row = Row("test part", MEASURE, Value(0.2, (0.1, 0.3)), Value(0.6, (0.5, 0.7)), Value(0.4, (0.2, 0.5)))
    thumb = Thumb(True, "P0", "study 1, boxed series 1", 3, b"", "P0: 12 mm")
    return Proof("Base", "New", "test part", (row,), (Froc((0, 1), (0, 0.5)), Froc((0, 1), (0, 0.9))), (thumb,))


def _tiny_plan(look: FolderLook, choices: Choices, output: Path) -> TrainingConfig:
    small = {"field_size": 64, "image_size": 64, "batch_size": 2, "threads": 1, "cache": "off", "device": "cpu"}
    rhythm = {"steps": _STEPS[0], "evaluate_every": 4, "checkpoint_every": 2, "patience": 0}
    return replace(plan(look, choices, output), **small, **rhythm)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def make(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], MainWindow]]:
    monkeypatch.setattr(preflight_page, "plan", _tiny_plan)
    monkeypatch.setattr(processes, "LOWERED", 0)  # or a busy machine would never come to it
    _STEPS[0] = 400
    made: list[MainWindow] = []

    def window() -> MainWindow:
        SettingsStore(tmp_path / "settings.ini").save(Settings(is_notice_shown=True))
        answers = ScriptedDetector({})
        training = TrainingServices(
            base_models=lambda: tuple(reversed(base_models())),  # an untrained network first
            devices=lambda: ("cpu",),
            check=check,
            trial=lambda _config, _part, _task: DryBatch(1.5, "cpu", 1 << 30),
            prove=_proof,
            keep=keep,
            folder=tmp_path / "trainings",
        )
        services = Services(
            open_case=open_case,
            load_volume=load_volume,
            load_detector=lambda _name: answers,
            available_models=lambda: (answers.info,),
            settings_file=tmp_path / "settings.ini",
            data_folder=tmp_path / "data",
            training=training,
            library=ModelLibrary,
        )
        shown = MainWindow(services)
        made.append(shown)
        shown.resize(1280, 800)
        shown.show()
        qtbot.waitUntil(lambda: shown.is_built, timeout=10_000)
        return shown

    yield window
    for each in made:
        if each.training.dialog is not None:
            each.training.dialog.close()
        each.training.is_closing_agreed = True
        each.close()
        if each.training.controller is not None:
            pid = each.training.controller.progress.pid
            qtbot.waitUntil(lambda pid=pid: not is_alive(pid), timeout=_LONG_MS)  # type: ignore[misc]
        each.deleteLater()


def _open(qtbot: QtBot, window: MainWindow, folder: Path) -> TrainingDialog:
    window.actions_by_id[Id.TRAIN].trigger()
    dialog = window.training.dialog
    assert dialog is not None
    dialog.setup.folder.setText(str(folder))
    dialog.setup.folder.editingFinished.emit()
    qtbot.waitUntil(lambda: dialog.setup.is_ready, timeout=_LONG_MS)
    return dialog


def _click(qtbot: QtBot, button: QPushButton) -> None:
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled(), timeout=_LONG_MS)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def _begin(qtbot: QtBot, window: MainWindow, folder: Path) -> TrainingDialog:
    dialog = _open(qtbot, window, folder)
    _click(qtbot, dialog.check)
    _click(qtbot, dialog.start)
    return dialog


def _wait_for_steps(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: bool(_progress(window).loss.steps), timeout=_LONG_MS)


def _answer(window: MainWindow, words: str) -> QMessageBox:
    asking = next(each for each in window.findChildren(QMessageBox) if each.isVisible())
    button = next(each for each in asking.buttons() if each.text() == words)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    return asking


def _progress(window: MainWindow):  # type: ignore[no-untyped-def]
    controller = window.training.controller
    assert controller is not None
    return controller.progress


def _trained(qtbot: QtBot, window: MainWindow, folder: Path) -> TrainingDialog:
    """The dialog on its last page, the models compared."""
    _STEPS[0] = 8
    dialog = _begin(qtbot, window, folder)
    _click(qtbot, dialog.judge)
    qtbot.waitUntil(lambda: dialog.keep.isEnabled(), timeout=_LONG_MS)
    return dialog


def _shelf(window: MainWindow) -> Shelf:
    assert window.shelf.keeper is not None
    return window.shelf.keeper.shelf


def _prompt(qtbot: QtBot, dialog: TrainingDialog) -> QInputDialog:
    _click(qtbot, dialog.keep)
    qtbot.waitUntil(lambda: any(each.isVisible() for each in dialog.findChildren(QInputDialog)))
    return next(each for each in dialog.findChildren(QInputDialog) if each.isVisible())


def _keep_as(qtbot: QtBot, dialog: TrainingDialog, name: str) -> None:
    prompt = _prompt(qtbot, dialog)
    line = prompt.findChild(QLineEdit)
    assert line is not None
    line.selectAll()
    QTest.keyClicks(line, name)
    QTest.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not dialog.is_keeping, timeout=_LONG_MS)


def test_a_reader_trains_watches_judges_and_keeps(qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path) -> None:
    window = make()
    dialog = _trained(qtbot, window, pictures)
    assert not dialog.isModal()
    assert dialog.live.loss.drawn[0] == 8
    assert dialog.live.finds.drawn == [2, 2]
    assert any(not label.pixmap().isNull() for label in dialog.live.examples)
    assert dialog.outcome.table.rowCount() == 1
    assert "reads better" in dialog.outcome.verdict.text()
    assert dialog.outcome.thumbs.count() == 1
    _keep_as(qtbot, dialog, "Phantoms")
    assert dialog.trouble.text().startswith("Kept as Phantoms")
    controller = window.training.controller
    assert controller is not None
    record = controller.registry.all()[0]
    assert record.state is State.KEPT
    qtbot.waitUntil(lambda: _shelf(window).by_name("Phantoms") is not None, timeout=_LONG_MS)
    kept = _shelf(window).by_name("Phantoms")
    about = json.loads((controller.registry.output_of(record) / "run.json").read_text())
    assert kept is not None
    assert kept.origin is Origin.TRAINED
    assert (kept.lineage.seed, kept.lineage.data_hash) == (1, about["data_hash"])
    assert kept.lineage.settings["steps"] == 8
    assert kept.iou is not None
    assert (kept.iou.value, kept.iou.low, kept.iou.is_test) == (0.6, 0.5, True)
    qtbot.waitUntil(lambda: dialog.setup.base.findText("Phantoms") >= 0, timeout=_LONG_MS)
    assert not dialog.keep.isVisible()
    assert not dialog.discard.isVisible()


def test_the_kept_model_becomes_the_default_when_the_reader_says_so(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path
) -> None:
    window = make()
    dialog = _trained(qtbot, window, pictures)
    before = _shelf(window).default
    _keep_as(qtbot, dialog, "Phantoms")
    qtbot.waitUntil(lambda: _shelf(window).by_name("Phantoms") is not None, timeout=_LONG_MS)
    assert _shelf(window).default == before
    _click(qtbot, dialog.make_default)
    qtbot.waitUntil(lambda: "answers from now on" in dialog.trouble.text(), timeout=_LONG_MS)
    qtbot.waitUntil(lambda: _shelf(window).models[0].name == "Phantoms", timeout=_LONG_MS)
    assert not dialog.make_default.isVisible()


def test_a_model_not_shown_to_be_better_is_kept_with_a_warning_and_a_taken_name_is_told(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Proof, "warning", "The gain is not clearly above 0.")
    window = make()
    dialog = _trained(qtbot, window, pictures)
    before = _shelf(window).default
    prompt = _prompt(qtbot, dialog)
    assert prompt.labelText().startswith("The gain is not clearly above 0.")
    assert prompt.textValue() == "Fine-tuned"
    prompt.reject()
    _keep_as(qtbot, dialog, "compact")
    assert "already a model called" in dialog.trouble.text()
    assert dialog.keep.isEnabled()
    _keep_as(qtbot, dialog, "Fine-tuned")
    assert dialog.trouble.text().startswith("Kept as Fine-tuned")
    assert (
        "The gain is not clearly above 0." in dialog.outcome.verdict.text()
    )  # beside the offer to make it the default
    qtbot.waitUntil(lambda: window.training.keeping.free_name("Fine-tuned") == "Fine-tuned 2", timeout=_LONG_MS)
    _click(qtbot, dialog.make_default)
    (question,) = dialog.findChildren(QMessageBox)
    assert question.text() == "The gain is not clearly above 0."
    question.reject()
    assert _shelf(window).default == before


def test_closing_the_dialog_keeps_the_run_and_the_chip_brings_it_back(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path
) -> None:
    window = make()
    dialog = _begin(qtbot, window, pictures)
    _wait_for_steps(qtbot, window)
    _click(qtbot, dialog.hide_button)
    assert not dialog.isVisible()
    before = _progress(window).step
    qtbot.waitUntil(lambda: _progress(window).step > before, timeout=_LONG_MS)
    assert "Training" in window.training.chip.text()
    QTest.mouseClick(window.training.chip, Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    assert dialog.pages.currentWidget() is dialog.live
    _click(qtbot, dialog.pause)
    qtbot.waitUntil(lambda: _progress(window).is_paused, timeout=_LONG_MS)
    qtbot.waitUntil(lambda: dialog.pause.text() == "Go on", timeout=_LONG_MS)
    _click(qtbot, dialog.pause)
    qtbot.waitUntil(lambda: not _progress(window).is_paused, timeout=_LONG_MS)
    _click(qtbot, dialog.stop)
    _click(qtbot, dialog.discard)


def test_a_training_that_gains_nothing_ends_by_itself_and_says_so(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = make()

    def impatient(look: FolderLook, choices: Choices, output: Path) -> TrainingConfig:
        return replace(_tiny_plan(look, choices, output), patience=1, min_delta=10.0, evaluate_every=2)

    monkeypatch.setattr(preflight_page, "plan", impatient)
    dialog = _begin(qtbot, window, pictures)
    qtbot.waitUntil(lambda: dialog.judge.isVisible(), timeout=_LONG_MS)
    told = "validation had not got better for a while"
    qtbot.waitUntil(lambda: told in dialog.live.status.text(), timeout=_LONG_MS)
    assert _progress(window).step < _STEPS[0]
    assert _progress(window).validation_loss.steps[:2] == [2, 4]
    qtbot.waitUntil(lambda: dialog.live.loss.drawn[1] >= 2, timeout=_LONG_MS)
    assert window.training.chip.text() == "Training finished: look at it"


def test_a_killed_worker_is_told_of_and_one_click_goes_on(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path
) -> None:
    window = make()
    dialog = _begin(qtbot, window, pictures)
    qtbot.waitUntil(lambda: _progress(window).saved_step >= 2, timeout=_LONG_MS)
    os.kill(_progress(window).pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: "SIGKILL" in dialog.live.status.text(), timeout=_LONG_MS)
    assert window.training.chip.text() == "Training interrupted: go on?"
    saved = _progress(window).saved_step
    _click(qtbot, dialog.go_on)
    # The killed worker may have gone past what it saved: only a start from there tells that it goes on.
    qtbot.waitUntil(lambda: _progress(window).started.first_step >= saved, timeout=_LONG_MS)
    _click(qtbot, dialog.keep_best)
    _click(qtbot, dialog.judge)


def test_closing_the_window_saves_and_the_next_one_offers_to_go_on(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path
) -> None:
    window = make()
    _begin(qtbot, window, pictures)
    _wait_for_steps(qtbot, window)
    pid = _progress(window).pid
    assert not window.close()
    _answer(window, "Stay open")
    assert window.isVisible()
    assert is_alive(pid)
    assert not window.close()
    asking = _answer(window, "Save, stop and close")
    assert "saves what it has learned" in asking.informativeText()
    assert not window.isVisible()
    assert window.is_closed
    qtbot.waitUntil(lambda: not is_alive(pid), timeout=_LONG_MS)
    again = make()
    qtbot.waitUntil(lambda: again.training.controller is not None, timeout=_LONG_MS)
    controller = again.training.controller
    assert controller is not None
    qtbot.waitUntil(lambda: controller.can_go_on, timeout=_LONG_MS)
    assert again.training.chip.text() == "Training stopped: go on?"
    QTest.mouseClick(again.training.chip, Qt.MouseButton.LeftButton)
    dialog = again.training.dialog
    assert dialog is not None
    assert "can go on from there" in dialog.live.status.text()
    assert dialog.live.loss.drawn[0] > 0
    _click(qtbot, dialog.discard)
    qtbot.waitUntil(lambda: controller.registry.all() == [], timeout=_LONG_MS)


def test_a_folder_that_cannot_train_is_told_why_and_cannot_be_started(
    qtbot: QtBot, make: Callable[[], MainWindow], tmp_path: Path
) -> None:
    window = make()
    empty = tmp_path / "nothing"
    empty.mkdir()
    dialog = _open(qtbot, window, empty)
    _click(qtbot, dialog.check)
    qtbot.waitUntil(lambda: bool(dialog.preflight.sentences), timeout=_LONG_MS)
    assert "is empty" in dialog.preflight.sentences[0]
    assert not dialog.start.isEnabled()
    time.sleep(0.01)
    _click(qtbot, dialog.back)
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
        qtbot.waitUntil(lambda: dialog.trouble.text().startswith("The folder cannot be read"), timeout=_LONG_MS)
    assert dialog.setup.found.text() == ""
    assert not dialog.check.isEnabled()
    dialog.setup.choose_folder(pictures)
    qtbot.waitUntil(lambda: dialog.setup.is_ready, timeout=_LONG_MS)


def test_a_number_behind_a_long_taken_name_leaves_it_short_enough(
    qtbot: QtBot, make: Callable[[], MainWindow], tmp_path: Path
) -> None:
    title = "x" * LONGEST
    keep_made_up(ModelStore(), tmp_path, title)
    window = make()
    window.actions_by_id[Id.TRAIN].trigger()
    qtbot.waitUntil(lambda: _shelf(window).by_name(title) is not None, timeout=_LONG_MS)
    assert window.training.keeping.free_name(title) == f"{'x' * (LONGEST - 2)} 2"


def test_warnings_stand_on_the_page_before_a_training_that_can_begin(
    qtbot: QtBot, make: Callable[[], MainWindow], pictures: Path
) -> None:
    window = make()
    dialog = _open(qtbot, window, pictures)
    _click(qtbot, dialog.check)
    qtbot.waitUntil(lambda: dialog.start.isEnabled(), timeout=_LONG_MS)
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
    qtbot.waitUntil(lambda: dialog.setup.is_ready, timeout=_LONG_MS)
    assert dialog.setup.found.text().startswith("10 boxed slices of 2 patients")
    assert dialog.setup.annotations.text() == "Your own boxes"
    assert not dialog.setup.folder.isEnabled()
    _click(qtbot, dialog.check)
    qtbot.waitUntil(lambda: dialog.preflight.found is not None, timeout=_LONG_MS)
    assert dialog.preflight.found is not None
    config = dialog.preflight.found.config
    assert config is not None, dialog.preflight.sentences
    assert [source.path.parent.name for source in config.sources] == ["case1", "case2"]
    _click(qtbot, dialog.back)
    dialog.setup.only_own.setChecked(False)
    assert not dialog.check.isEnabled()


def test_a_lesion_of_any_case_is_shown_in_the_viewer(
    qtbot: QtBot, make: Callable[[], MainWindow], tmp_path: Path
) -> None:
    folders = [write_case(tmp_path / "data", tmp_path / "images", number) for number in (1, 2)]
    stack = open_case(folders[1], Task()).scan.stacks[0]
    window = make()
    sources = [SourceConfig(SourceKind.FOLDER, folder) for folder in folders]
    file = stack.instances[0].source.path
    show_lesion(window, sources, Thumb(True, "CASE2", "case 2", 3, b"", "CASE2: 12 mm", stack.key, file))
    qtbot.waitUntil(lambda: window.state.stack is not None and window.state.slice_index == 3, timeout=_LONG_MS)
    assert window.reading.path == folders[1]
    assert window.state.stack is not None
    assert window.state.stack.key == stack.key


def test_nothing_of_training_is_made_before_it_is_asked_for(make: Callable[[], MainWindow]) -> None:
    window = make()
    assert window.training.controller is None
    assert window.training.dialog is None
