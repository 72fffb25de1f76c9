"""What is opened, dropped and remembered, and what cannot be."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from lungview.errors import WeightsError
from lungview.ui.main_window import MainWindow
from lungview.ui.settings import Settings
from lungview.ui.shortcuts import Id
from tests.support.annotations import write_voc
from tests.support.detectors import ScriptedDetector
from tests.support.dicom_series import Recipe, write_series
from tests.support.ui import (
    AI_BOXES,
    LESION,
    MakeWindow,
    open_and_wait,
    press,
    stored_values,
    wait_until_idle,
)


def drop(window: MainWindow, *paths: Path) -> None:
    """Drop files on the window as a file manager does."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    buttons, modifiers = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(300, 300), Qt.DropAction.CopyAction, data, buttons, modifiers))


def test_an_unreadable_file_among_good_ones_is_named_and_the_rest_is_read(
    qtbot: QtBot, make_window: MakeWindow, patient: Path
) -> None:
    broken = next(patient.rglob("003.dcm"))
    broken.write_bytes(broken.read_bytes()[:900])
    window = make_window()
    open_and_wait(qtbot, window, patient)
    assert "003.dcm" in window.centre.messages.text
    assert window.state.volume is not None
    assert window.status.counts


@pytest.mark.parametrize("names", [(), ("notes.txt", "more.txt")])
def test_a_folder_without_images_is_answered_by_a_sentence_that_names_it(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path, names: tuple[str, ...]
) -> None:
    folder = tmp_path / "holiday"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("no image", encoding="utf-8")
    window = make_window()
    open_and_wait(qtbot, window, folder)
    assert "holiday" in window.centre.messages.text
    assert window.empty.isVisible()


def test_a_path_that_is_gone_is_named(qtbot: QtBot, make_window: MakeWindow, tmp_path: Path) -> None:
    window = make_window()
    window.open_path(tmp_path / "moved away")
    assert "moved away" in window.centre.messages.text


def test_xml_that_does_not_parse_is_named_and_the_other_boxes_stay(
    qtbot: QtBot, make_window: MakeWindow, patient: Path
) -> None:
    bad = next((patient.parents[1] / "Annotation").rglob("*.xml"))
    bad.write_text("<annotation><object>", encoding="utf-8")
    window = make_window()
    open_and_wait(qtbot, window, patient)
    assert bad.name in window.centre.messages.text
    assert len(window.state.findings) == 2


def test_weights_that_are_none_are_named_and_the_model_before_stays(
    qtbot: QtBot, make_window: MakeWindow, patient: Path, tmp_path: Path
) -> None:
    good = ScriptedDetector(AI_BOXES)

    def load(name: str) -> ScriptedDetector:
        if name:
            raise WeightsError("broken.pt is not a weights file; choose a .safetensors file.")
        return good

    window = make_window(load_detector=load)
    open_and_wait(qtbot, window, patient)
    (tmp_path / "broken.pt").write_bytes(b"no weights")
    drop(window, tmp_path / "broken.pt")
    wait_until_idle(qtbot, window)
    assert "broken.pt" in window.centre.messages.text
    assert window.state.model == good.info
    assert len(window.state.rows) == 2


def test_a_remembered_model_that_is_gone_makes_way_for_the_default(qtbot: QtBot, make_window: MakeWindow) -> None:
    good = ScriptedDetector()

    def load(name: str) -> ScriptedDetector:
        if name:
            raise WeightsError(f"{name} is gone.")
        return good

    window = make_window(load_detector=load, settings=Settings(model="own.pt", is_notice_shown=True))
    wait_until_idle(qtbot, window)
    assert window.state.model == good.info
    assert "own.pt" in window.centre.messages.text


def test_dropped_folders_open_with_the_annotations_dropped_beside_them(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path
) -> None:
    recipe = Recipe(stored_values())
    write_series(tmp_path / "images", recipe)
    write_voc(tmp_path / "second reading", recipe.sop_uid(2), LESION)
    window = make_window()
    wait_until_idle(qtbot, window)
    drop(window, tmp_path / "images", tmp_path / "second reading")
    wait_until_idle(qtbot, window)
    assert list(window.state.findings) == [2]


def test_a_named_annotation_folder_is_remembered_for_what_was_open(
    qtbot: QtBot, make_window: MakeWindow, tmp_path: Path
) -> None:
    recipe = Recipe(stored_values())
    write_series(tmp_path / "images", recipe)
    write_voc(tmp_path / "second reading", recipe.sop_uid(2), LESION)
    window = make_window()
    open_and_wait(qtbot, window, tmp_path / "images")
    assert window.strip.offer.isVisible()
    drop(window, tmp_path / "second reading")
    wait_until_idle(qtbot, window)
    assert not window.strip.offer.isVisible()
    window.close()
    again = make_window()
    open_and_wait(qtbot, again, tmp_path / "images")
    assert list(again.state.findings) == [2]


def test_opened_folders_are_offered_again(qtbot: QtBot, window: MainWindow, patient: Path) -> None:
    assert window.preferences.current.recent == (str(patient),)
    (first, *_) = window.menus.recent.actions()
    assert first.text() == str(patient)
    window.actions_by_id[Id.CLOSE_CASE].trigger()
    assert window.empty.isVisible()
    first.trigger()
    wait_until_idle(qtbot, window)
    assert window.state.stack is not None


def test_open_asks_without_blocking(qtbot: QtBot, make_window: MakeWindow) -> None:
    window = make_window()
    press(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    (dialog,) = window.findChildren(QFileDialog)
    assert dialog.isVisible()
    dialog.reject()
