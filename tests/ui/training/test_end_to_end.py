"""From an open patient to another model's boxes, as a reader gets there: the real window, services and worker.

Only the training is made short; that the window trains well is measured by tests/bench/fine_tune.py.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QInputDialog, QLineEdit, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from lungview import processes
from lungview.app import services
from lungview.domain.box import Box
from lungview.ui.main_window import MainWindow
from lungview.ui.settings import Settings, SettingsStore
from lungview.ui.training import preflight_page
from lungview.ui.training.dialog import TrainingDialog
from lungview_training.config import TrainingConfig
from lungview_training.study.phantoms import write_unseen
from lungview_training.supervision.folder_look import FolderLook
from lungview_training.supervision.plan import Choices, plan
from lungview_training.supervision.proof import Thumb
from tests.support.demo import demo_root

pytestmark = pytest.mark.slow
_LONG_MS = 120_000
_NAME = "Cavities"


@pytest.fixture(scope="module")
def cavities(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four patients, three boxed slices each: one is held back to choose weights by, one for the proof."""
    folder = tmp_path_factory.mktemp("cavities")
    write_unseen(folder, 4, size=128, slices=24)
    return folder


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setattr(preflight_page, "plan", _short_plan)
    monkeypatch.setattr(processes, "LOWERED", 0)  # or a busy machine would never come to it
    SettingsStore(tmp_path / "settings.ini").save(Settings(is_notice_shown=True))
    made = MainWindow(services("cpu", settings_file=tmp_path / "settings.ini", state_folder=tmp_path / "data"))
    made.resize(1280, 800)
    made.show()
    qtbot.waitUntil(lambda: made.is_built, timeout=_LONG_MS)
    yield made
    if made.training.dialog is not None:
        made.training.dialog.close()
    made.close()
    made.deleteLater()


def _short_plan(look: FolderLook, choices: Choices, output: Path) -> TrainingConfig:
    short = {"steps": 12, "batch_size": 4, "evaluate_every": 6, "checkpoint_every": 6, "threads": 1, "device": "cpu"}
    return replace(plan(look, choices, output), cache="off", ema_decay=0.5, **short)  # type: ignore[arg-type]


def _click(qtbot: QtBot, button: QPushButton) -> None:
    qtbot.waitUntil(lambda: button.isVisible() and button.isEnabled(), timeout=_LONG_MS)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def _wait_for_boxes(qtbot: QtBot, window: MainWindow, model: str) -> None:
    """Until a model has looked at every slice of the series that is open."""
    state = window.state
    qtbot.waitUntil(lambda: state.model is not None and state.model.name == model, timeout=_LONG_MS)
    qtbot.waitUntil(
        lambda: state.volume is not None and len(state.all_detections) == state.volume.slice_count, timeout=_LONG_MS
    )


def _open_dialog(qtbot: QtBot, window: MainWindow) -> TrainingDialog:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=_LONG_MS)
    QTest.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.training.dialog is not None and window.training.dialog.isVisible(), timeout=_LONG_MS)
    dialog = window.training.dialog
    assert dialog is not None
    return dialog


def _train(qtbot: QtBot, dialog: TrainingDialog, folder: Path) -> None:
    line = dialog.setup.folder
    line.selectAll()
    QTest.keyClicks(line, str(folder))
    QTest.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.setup.look is not None and dialog.setup.look.path == folder, timeout=_LONG_MS)
    qtbot.waitUntil(lambda: dialog.setup.is_ready, timeout=_LONG_MS)
    _click(qtbot, dialog.check)
    _click(qtbot, dialog.start)
    _click(qtbot, dialog.judge)
    qtbot.waitUntil(lambda: dialog.keep.isEnabled(), timeout=_LONG_MS)


def _keep(qtbot: QtBot, dialog: TrainingDialog) -> None:
    _click(qtbot, dialog.keep)
    qtbot.waitUntil(lambda: any(each.isVisible() for each in dialog.findChildren(QInputDialog)))
    prompt = next(each for each in dialog.findChildren(QInputDialog) if each.isVisible())
    line = prompt.findChild(QLineEdit)
    assert line is not None
    line.selectAll()
    QTest.keyClicks(line, _NAME)
    QTest.keyClick(line, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: dialog.trouble.text().startswith(f"Kept as {_NAME}"), timeout=_LONG_MS)


def _make_default(qtbot: QtBot, dialog: TrainingDialog) -> None:
    """One held-out patient proves too little, which is asked about first."""
    _click(qtbot, dialog.make_default)
    (question,) = dialog.findChildren(QMessageBox)
    assert "Too few held-out patients" in question.text()
    yes = next(each for each in question.buttons() if each.text() == "Make default")
    QTest.mouseClick(yes, Qt.MouseButton.LeftButton)


def _boxes(window: MainWindow) -> dict[int, list[Box]]:
    return {at: [mark.box for mark in answer.detections] for at, answer in window.state.all_detections.items()}


def _show_first_lesion(qtbot: QtBot, window: MainWindow, dialog: TrainingDialog) -> Thumb:
    """Click the first thumbnail and wait for its slice."""
    item = dialog.outcome.thumbs.item(0)
    thumb = item.data(Qt.ItemDataRole.UserRole)
    assert isinstance(thumb, Thumb)
    list_view = dialog.outcome.thumbs
    QTest.mouseClick(list_view.viewport(), Qt.MouseButton.LeftButton, pos=list_view.visualItemRect(item).center())
    qtbot.waitUntil(lambda: window.state.stack is not None and window.state.stack.key == thumb.stack, timeout=_LONG_MS)
    qtbot.waitUntil(lambda: window.state.slice_index == thumb.slice_index, timeout=_LONG_MS)
    return thumb


def test_a_reader_fine_tunes_sees_the_gain_and_reads_on_with_the_new_model(
    qtbot: QtBot, window: MainWindow, cavities: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    window.opening.open_path(demo_root(tmp_path_factory))
    _wait_for_boxes(qtbot, window, "compact")
    dialog = _open_dialog(qtbot, window)
    _train(qtbot, dialog, cavities)
    proof = dialog.outcome.proof
    assert proof is not None
    assert proof.held_out == "test part"
    assert proof.verdict is not None
    before, after = proof.verdict.before.value, proof.verdict.after.value
    assert before is not None
    assert after is not None
    assert after > before
    thumb = _show_first_lesion(qtbot, window, dialog)
    assert window.reading.path == cavities
    assert not dialog.isVisible()  # it would stand before the lesion
    _wait_for_boxes(qtbot, window, "compact")
    old = _boxes(window)
    QTest.mouseClick(window.training.chip, Qt.MouseButton.LeftButton)
    _keep(qtbot, dialog)
    _click(qtbot, dialog.use)
    _wait_for_boxes(qtbot, window, _NAME)
    new = _boxes(window)
    assert new != old
    assert thumb.slice_index in new
    assert not dialog.isVisible()
    assert _open_dialog(qtbot, window) is dialog
    _make_default(qtbot, dialog)
    qtbot.waitUntil(lambda: "answers from now on" in dialog.trouble.text(), timeout=_LONG_MS)
    keeper = window.shelf.keeper
    assert keeper is not None
    qtbot.waitUntil(lambda: keeper.shelf.models[0].name == _NAME, timeout=_LONG_MS)
