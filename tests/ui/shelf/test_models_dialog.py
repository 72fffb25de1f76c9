"""The manager of models as a reader meets it."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QAbstractItemModelTester, QTest
from PySide6.QtWidgets import QAbstractButton, QFileDialog, QInputDialog, QLineEdit, QMessageBox, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from lungview.domain.detection import Detector
from lungview.errors import DetectionError
from lungview.model_library import ModelLibrary
from lungview.ui.main_window import MainWindow
from lungview.ui.shelf.dialog import ModelsDialog
from lungview.ui.shelf.table import Column, ShelfTable
from lungview.ui.shortcuts import Id
from tests.support.detectors import MODEL, ScriptedDetector
from tests.support.models import keep
from tests.support.ui import AI_BOXES, MakeWindow, open_and_wait, wait_until_idle
from tests.support.weights import compact_file


@pytest.fixture
def library(tmp_path: Path) -> ModelLibrary:
    """A shelf with a model trained from the bundled one, and one trained from that."""
    made = ModelLibrary(tmp_path / "models")
    bundled = made.shelf().models[0]
    first = keep(made, tmp_path, "Large cell", number=1, parent=bundled)
    keep(made, tmp_path, "Second round", number=2, parent=first)
    return made


@pytest.fixture
def loaded() -> list[str]:
    """Names in the order in which models were loaded."""
    return []


@pytest.fixture
def window(
    qtbot: QtBot, make_window: MakeWindow, library: ModelLibrary, patient: Path, loaded: list[str]
) -> MainWindow:
    """A window with the patient open; each model on the shelf says the same."""

    def load(name: str) -> Detector:
        shelf = library.shelf()
        model = shelf.by_name(name) if name else shelf.by_key(shelf.default)
        if model is None:
            raise DetectionError(f"There is no model {name}.")
        loaded.append(model.name)
        return ScriptedDetector(AI_BOXES, info=replace(MODEL, name=model.name, title=model.info.title,
                                                       weights_sha256=model.info.weights_sha256))  # fmt: skip

    made = make_window(load_detector=load, library=library)
    open_and_wait(qtbot, made, patient)
    return made


@pytest.fixture
def dialog(qtbot: QtBot, window: MainWindow) -> ModelsDialog:
    """The manager, opened by its key."""
    QTest.keyClick(window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    found = window.shelf.dialog
    assert found is not None
    qtbot.waitUntil(lambda: found.isVisible() and len(found.model.shelf.models) == 3)
    wait_until_idle(qtbot, window)
    return found


def click(dialog: ModelsDialog, button: QAbstractButton) -> None:
    assert button.isVisibleTo(dialog)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def choose(dialog: ModelsDialog, name: str) -> None:
    """Click a model's row."""
    model = dialog.model.shelf.by_name(name)
    assert model is not None
    place = dialog.table.visualRect(dialog.model.index(dialog.model.row_of(model.key), Column.NAME)).center()
    QTest.mouseClick(dialog.table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert dialog.chosen == model


def asked(dialog: ModelsDialog, told: str, answer: str) -> None:
    """Answer the one question that is open."""
    (question,) = (each for each in dialog.findChildren(QMessageBox) if each.isVisible())
    assert told in question.text()
    (button,) = (each for each in question.buttons() if each.text().replace("&", "") == answer)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not question.isVisible()
    dialog.activateWindow()  # which a window manager does, but offscreen there is none


def settle(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.wait(20)
    wait_until_idle(qtbot, window)


def cells(dialog: ModelsDialog, column: Column) -> list[str]:
    return [str(dialog.model.index(row, column).data()) for row in range(dialog.model.rowCount())]


def facts(dialog: ModelsDialog) -> list[str]:
    """What the lineage tells beside its names."""
    tree = dialog.details.lineage
    return [each.text(1) for each in tree.findItems("", Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive)]


def lines(dialog: ModelsDialog) -> list[str]:
    """Every line of the lineage, indented by its depth."""
    found: list[str] = []

    def walk(item: QTreeWidgetItem, depth: int) -> None:
        found.append("  " * depth + item.text(0))
        for number in range(item.childCount()):
            child = item.child(number)
            assert child is not None
            walk(child, depth + 1)

    for number in range(dialog.details.lineage.topLevelItemCount()):
        top = dialog.details.lineage.topLevelItem(number)
        assert top is not None
        walk(top, 0)
    return found


def test_the_table_tells_what_is_known_of_each_model(dialog: ModelsDialog) -> None:
    assert cells(dialog, Column.NAME) == ["compact", "Large cell", "Second round"]
    assert cells(dialog, Column.MARK) == ["default, in use", "", ""]
    assert cells(dialog, Column.PARENT) == ["–", "compact", "Large cell"]
    assert cells(dialog, Column.IOU)[1] == "0.61 (0.50–0.70)"
    assert cells(dialog, Column.PRECISION)[1] == "0.50 (0.40–0.60)"


def test_the_details_show_card_and_family(qtbot: QtBot, dialog: ModelsDialog) -> None:
    choose(dialog, "Large cell")
    qtbot.waitUntil(lambda: "Trained on from: compact" in dialog.details.card.toPlainText())
    told = lines(dialog)
    assert told[:4] == ["Family", "  compact", "    Large cell", "      Second round"]
    assert "  Seed" in told
    assert "  Learning rate" in told


def test_using_a_model_runs_it_on_the_open_series_at_once(
    qtbot: QtBot, window: MainWindow, dialog: ModelsDialog, loaded: list[str]
) -> None:
    choose(dialog, "Large cell")
    click(dialog, dialog.use)
    settle(qtbot, window)
    assert loaded == ["compact", "Large cell"]
    assert window.state.model is not None
    assert window.state.model.name == "Large cell"
    assert len(window.state.detections) == 12
    assert cells(dialog, Column.MARK) == ["default", "in use", ""]
    assert window.toolbar.models.text() == "Large cell"
    assert window.preferences.current.model == "Large cell"


def test_the_choice_on_the_toolbar_switches_too(qtbot: QtBot, window: MainWindow, loaded: list[str]) -> None:
    menu = window.toolbar.models.menu()
    settle(qtbot, window)
    (action,) = [each for each in menu.actions() if each.data() == "Second round"]
    menu.popup(QPoint(0, 0))
    QTest.mouseClick(
        menu, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, menu.actionGeometry(action).center()
    )
    settle(qtbot, window)
    assert loaded[-1] == "Second round"
    assert action.isChecked() or any(each.isChecked() for each in menu.actions() if each.data() == "Second round")
    assert len(window.state.detections) == 12


def test_a_new_default_answers_at_once_and_one_click_goes_back(
    qtbot: QtBot, window: MainWindow, dialog: ModelsDialog, loaded: list[str]
) -> None:
    choose(dialog, "Second round")
    click(dialog, dialog.make_default)
    asked(dialog, "Second round is better than compact", "Make default")
    settle(qtbot, window)
    assert cells(dialog, Column.MARK) == ["default, in use", "", ""]
    assert cells(dialog, Column.NAME)[0] == "Second round"
    assert window.preferences.current.model == ""
    assert dialog.back.text() == "Back to compact"
    click(dialog, dialog.back)
    settle(qtbot, window)
    assert loaded == ["compact", "Second round", "compact"]
    assert not dialog.back.isEnabled()
    assert not window.actions_by_id[Id.ROLL_BACK_MODEL].isEnabled()


def test_a_model_shown_to_be_better_becomes_the_default_unasked_and_another_after_a_question(
    qtbot: QtBot, window: MainWindow, dialog: ModelsDialog, library: ModelLibrary, tmp_path: Path
) -> None:
    bundled = library.shelf().by_name("compact")
    keep(library, tmp_path, "Better", number=7, parent=bundled, gain=(0.2, 0.1, 0.3))
    assert window.shelf.keeper is not None
    window.shelf.keeper.look()
    settle(qtbot, window)
    choose(dialog, "Better")
    assert {"+0.20 (+0.10 to +0.30)", "5"} <= set(facts(dialog))
    choose(dialog, "Large cell")
    click(dialog, dialog.make_default)
    asked(dialog, "Large cell is better than compact", "Cancel")
    settle(qtbot, window)
    assert cells(dialog, Column.NAME)[0] == "compact"
    choose(dialog, "Better")
    click(dialog, dialog.make_default)
    settle(qtbot, window)
    assert cells(dialog, Column.NAME)[0] == "Better"
    assert not dialog.findChildren(QMessageBox)


def test_a_deleted_model_is_brought_back_by_undo(qtbot: QtBot, window: MainWindow, dialog: ModelsDialog) -> None:
    choose(dialog, "Large cell")
    QTest.keyClick(dialog.table, Qt.Key.Key_Delete)
    settle(qtbot, window)
    assert cells(dialog, Column.NAME) == ["compact", "Second round"]
    assert "in the trash" in dialog.note.text()
    click(dialog, dialog.undo)
    settle(qtbot, window)
    assert cells(dialog, Column.NAME) == ["compact", "Large cell", "Second round"]
    assert not dialog.undo.isVisible()


def test_what_was_deleted_long_before_comes_back_from_the_trash(
    qtbot: QtBot, window: MainWindow, dialog: ModelsDialog
) -> None:
    assert not dialog.trash.isVisible()
    for name in ("Large cell", "Second round"):
        choose(dialog, name)
        click(dialog, dialog.delete)
        settle(qtbot, window)
    assert [each.text() for each in dialog.trash.menu().actions()] == ["Second round", "Large cell"]
    (wanted,) = (each for each in dialog.trash.menu().actions() if each.text() == "Large cell")
    wanted.trigger()
    settle(qtbot, window)
    assert cells(dialog, Column.NAME) == ["compact", "Large cell"]
    assert [each.text() for each in dialog.trash.menu().actions()] == ["Second round"]


def test_deleting_the_default_in_use_brings_back_the_bundled_one(
    qtbot: QtBot, window: MainWindow, dialog: ModelsDialog, loaded: list[str]
) -> None:
    choose(dialog, "Large cell")
    click(dialog, dialog.make_default)
    asked(dialog, "better than compact", "Make default")
    settle(qtbot, window)
    click(dialog, dialog.delete)
    settle(qtbot, window)
    assert loaded[-1] == "compact"
    assert "bundled model is the default again" in dialog.note.text()
    QTest.keyClick(dialog, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, window)
    assert loaded[-1] == "Large cell"


def test_the_bundled_model_offers_neither_renaming_nor_deleting(dialog: ModelsDialog) -> None:
    choose(dialog, "compact")
    assert not dialog.rename.isEnabled()
    assert not dialog.delete.isEnabled()
    assert dialog.export.isEnabled()


def test_a_model_is_renamed_and_a_taken_name_is_told(qtbot: QtBot, window: MainWindow, dialog: ModelsDialog) -> None:
    for old, name, told in (("Large cell", "Squamous", ""), ("Squamous", "second ROUND", "already a model called")):
        choose(dialog, old)
        dialog.activateWindow()  # no window manager gives it back its keys here
        qtbot.waitUntil(dialog.isActiveWindow)
        QTest.keyClick(dialog.table, Qt.Key.Key_F2)
        qtbot.waitUntil(lambda: bool(dialog.findChildren(QInputDialog)))
        asking = dialog.findChildren(QInputDialog)[-1]
        field = asking.findChild(QLineEdit)
        assert field is not None
        field.selectAll()
        QTest.keyClicks(field, name)
        QTest.keyClick(field, Qt.Key.Key_Return)
        settle(qtbot, window)
        assert told in dialog.trouble.text
        qtbot.waitUntil(lambda: not dialog.findChildren(QInputDialog))
    assert sorted(cells(dialog, Column.NAME)) == ["Second round", "Squamous", "compact"]


def test_a_file_is_imported_chosen_and_a_program_is_refused(
    qtbot: QtBot, window: MainWindow, dialog: ModelsDialog, tmp_path: Path
) -> None:
    (tmp_path / "bad.pt").write_bytes(b"\x80\x02cos\nsystem\n.")
    for path in (compact_file(tmp_path), tmp_path / "bad.pt"):
        click(dialog, dialog.import_file)
        (asking,) = [each for each in dialog.findChildren(QFileDialog) if each.isVisible()]
        asking.fileSelected.emit(str(path))
        asking.close()
        settle(qtbot, window)
    assert dialog.chosen is not None
    assert dialog.chosen.name == "own"
    assert "bad.pt is" in dialog.trouble.text


def test_an_export_lands_in_the_chosen_folder(
    qtbot: QtBot, window: MainWindow, dialog: ModelsDialog, tmp_path: Path
) -> None:
    choose(dialog, "Large cell")
    click(dialog, dialog.export)
    (asking,) = [each for each in dialog.findChildren(QFileDialog) if each.isVisible()]
    asking.fileSelected.emit(str(tmp_path / "out"))
    asking.close()
    settle(qtbot, window)
    assert (tmp_path / "out" / "large-cell.safetensors").is_file()
    assert "large-cell.safetensors" in dialog.note.text()


def test_a_default_that_vanished_is_told_in_the_window_with_the_way_to_another(
    qtbot: QtBot, make_window: MakeWindow, library: ModelLibrary, tmp_path: Path
) -> None:
    key = library.set_default("Large cell").key
    (tmp_path / "models" / key / "model.json").write_text("{")
    window = make_window(library=library)
    qtbot.waitUntil(lambda: "'Large cell' is gone or cannot be used" in window.centre.messages.text)
    QTest.mouseClick(window.centre.messages._offer, Qt.MouseButton.LeftButton)
    assert window.shelf.dialog is not None
    qtbot.waitUntil(window.shelf.dialog.isVisible)
    settle(qtbot, window)


def test_weights_of_the_default_that_cannot_be_loaded_make_way_for_the_bundled_model(
    qtbot: QtBot, make_window: MakeWindow, library: ModelLibrary, patient: Path
) -> None:
    library.set_default("Large cell")

    def load(name: str) -> Detector:
        if name != "compact":
            raise DetectionError("The weights of 'Large cell' are not those its card describes.")
        return ScriptedDetector(AI_BOXES, info=replace(MODEL, name="compact"))

    window = make_window(load_detector=load, library=library)
    qtbot.waitUntil(lambda: window.state.model is not None, timeout=10_000)
    assert window.state.model is not None
    assert window.state.model.name == "compact"
    assert "not those its card describes" in window.centre.messages.text
    settle(qtbot, window)


def test_the_window_answers_while_another_model_loads(
    qtbot: QtBot, make_window: MakeWindow, library: ModelLibrary, patient: Path
) -> None:
    gate = threading.Event()

    def load(name: str) -> Detector:
        if name:
            gate.wait(10)
        return ScriptedDetector(AI_BOXES, info=replace(MODEL, name=name or "compact"))

    window = make_window(load_detector=load, library=library)
    open_and_wait(qtbot, window, patient)
    window.model_menu.wanted.emit("Large cell")
    before = window.state.slice_index
    QTest.keyClick(window, Qt.Key.Key_Down)
    assert window.state.slice_index == before + 1
    assert window.state.model is not None
    assert window.state.model.name == "compact", "the model before answers until the other is there"
    gate.set()
    settle(qtbot, window)
    assert window.state.model.name == "Large cell"


def test_the_table_keeps_to_the_rules_of_item_models(qtbot: QtBot, library: ModelLibrary) -> None:
    model = ShelfTable()
    tester = QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show_shelf(library.shelf())
    model.show_in_use(library.shelf().models[0].info.weights_sha256)
    assert tester.model() is model
