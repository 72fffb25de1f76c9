"""Marks outlive a crash, verdicts become boxes, and the model waits for the reader."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lungview.domain.box import Box
from lungview.domain.finding import ReviewState, Source
from lungview.marks.mark import OriginKind
from lungview.marks.record import CaseRecord
from lungview.marks.store import RecordStore
from lungview.reading.own_boxes import reviewed_cases
from lungview.ui.main_window import MainWindow
from lungview.ui.settings import Settings
from lungview.ui.shortcuts import Id
from tests.support.ui import AI_BOXES, MakeWindow, open_and_wait, press, wait_until_idle, write_patient

CTRL = Qt.KeyboardModifier.ControlModifier
KNOWN = Settings(is_notice_shown=True, reader_name="Ann", is_reader_asked=True)


@pytest.fixture
def window(qtbot: QtBot, make_window: MakeWindow, patient: Path) -> MainWindow:
    made = make_window(settings=KNOWN)
    open_and_wait(qtbot, made, patient)
    return made


def wait_until_saved(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.marks.keeper.is_saved, timeout=10_000)


CRASHING = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from lungview.dicom.load import load_volume
from lungview.domain.box import Box
from lungview.reading.case import open_case
from lungview.ui.main_window import MainWindow
from lungview.ui.services import Services
from tests.support.detectors import ScriptedDetector

app = QApplication([])
detector = ScriptedDetector()
window = MainWindow(Services(open_case, load_volume, lambda _name: detector, lambda: (detector.info,)))
window.show()

def draw():
    if window.state.volume is None or not window.marks.editor.is_enabled:
        QTimer.singleShot(20, draw)
        return
    window.marks.editor.add(Box(4, 5, 20, 25))
    print("drawn", flush=True)

window.open_path(Path(sys.argv[1]))
draw()
app.exec()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_a_box_drawn_a_second_before_a_kill_is_there_again(
    qtbot: QtBot, make_window: MakeWindow, patient: Path, tmp_path: Path
) -> None:
    home = tmp_path / "crashed"
    process = subprocess.Popen(
        [sys.executable, "-c", CRASHING, str(patient)],
        stdout=subprocess.PIPE, env={**os.environ, "LUNGVIEW_HOME": str(home)}, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "drawn\n"
        time.sleep(1.0)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    ((_, record),) = RecordStore(home / "data" / "marks").all()
    assert len(record.marks) == 1
    (home / "data").rename(tmp_path / "data")
    window = make_window(settings=KNOWN)
    open_and_wait(qtbot, window, patient)
    (mark,) = window.marks.editor.marks.values()
    assert mark.box.as_tuple() == (4, 5, 20, 25)
    assert mark.as_finding() in window.state.findings[6]


def test_accepting_an_ai_finding_makes_its_boxes_the_readers_own_noting_the_model(
    qtbot: QtBot, window: MainWindow
) -> None:
    lonely = next(row for row in window.state.rows if row.source is Source.AI)
    window.navigator.jump_to(lonely.id)
    press(window, Qt.Key.Key_A)
    (mark,) = window.marks.editor.marks.values()
    box, score = AI_BOXES[9][0]
    assert (mark.box, mark.author) == (box, "Ann")
    assert (mark.origin.kind, mark.origin.by, mark.origin.score) == (OriginKind.AI, "scripted", score)
    wait_until_idle(qtbot, window)
    row = next(row for row in window.state.rows if row.key_slice == 9)
    assert row.source is Source.BOTH
    assert row.iou is None
    assert window.state.reviews[row.id] is ReviewState.ACCEPTED
    press(window, Qt.Key.Key_Z, CTRL)
    wait_until_idle(qtbot, window)
    assert window.marks.editor.marks == {}
    row = next(row for row in window.state.rows if row.key_slice == 9)
    assert window.state.reviews.get(row.id, ReviewState.OPEN) is ReviewState.OPEN


def test_accepting_what_another_reader_boxed_keeps_that_readers_boxes(qtbot: QtBot, window: MainWindow) -> None:
    both = next(row for row in window.state.rows if row.source is Source.BOTH)
    assert both.reader is not None
    window.navigator.jump_to(both.id)
    press(window, Qt.Key.Key_A)
    marks = window.marks.editor.marks.values()
    assert {mark.box for mark in marks} == set(both.reader.boxes.values())
    assert {mark.origin.kind for mark in marks} == {OriginKind.READER}
    assert [len(window.state.findings[index]) for index in (4, 5, 6)] == [1, 1, 1]
    wait_until_saved(qtbot, window)
    assert len(list(window.marks.boxes_folder().rglob("*.xml"))) == 3


def test_opening_a_finding_again_takes_its_untouched_boxes_back(qtbot: QtBot, window: MainWindow) -> None:
    lonely = next(row for row in window.state.rows if row.source is Source.AI)
    window.navigator.jump_to(lonely.id)
    press(window, Qt.Key.Key_A)
    wait_until_idle(qtbot, window)
    window.navigator.jump_to(next(row.id for row in window.state.rows if row.key_slice == 9))
    press(window, Qt.Key.Key_U)
    assert window.marks.editor.marks == {}


def test_a_dismissal_can_be_undone(window: MainWindow) -> None:
    row = window.state.rows[0]
    window.navigator.jump_to(row.id)
    press(window, Qt.Key.Key_D)
    press(window, Qt.Key.Key_Z, CTRL)
    assert window.state.reviews[row.id] is ReviewState.OPEN


def test_what_the_reader_drew_and_then_dismissed_teaches_nothing_and_comes_back_by_undo(
    qtbot: QtBot, window: MainWindow
) -> None:
    window.state.go_to_slice(1)
    made = window.marks.editor.add(Box(4, 5, 20, 25))
    assert made is not None
    wait_until_idle(qtbot, window)
    window.navigator.jump_to(next(row.id for row in window.state.rows if row.key_slice == 1))
    press(window, Qt.Key.Key_D)
    assert window.marks.editor.marks == {}
    wait_until_saved(qtbot, window)
    assert list(window.marks.boxes_folder().rglob("*.xml")) == []
    assert "The box you drew went with the dismissed finding." in window.centre.messages.text
    press(window, Qt.Key.Key_Z, CTRL)
    assert list(window.marks.editor.marks) == [made.id]


def test_a_reviewed_case_is_listed_for_training_with_its_own_files_only(
    qtbot: QtBot, window: MainWindow, make_window: MakeWindow, patient: Path
) -> None:
    window.navigator.jump_to(window.state.rows[0].id)
    press(window, Qt.Key.Key_A)
    home = window.marks.home
    wait_until_saved(qtbot, window)
    assert reviewed_cases(home) == ()
    press(window, Qt.Key.Key_M, CTRL)
    wait_until_saved(qtbot, window)
    (case,) = reviewed_cases(home)
    assert patient in (case.folder, *case.folder.parents)
    assert len(list(case.annotations.glob("*.xml"))) == 3
    window.close()
    again = make_window()
    open_and_wait(qtbot, again, patient)
    assert again.actions_by_id[Id.REVIEWED].isChecked()


def test_the_next_case_is_the_unreviewed_one_that_the_model_is_least_sure_of(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    wait_until_saved(qtbot, window)
    store, model = RecordStore(window.marks.home / "marks"), window.state.model
    assert model is not None
    assert 0 < store.load(window.marks.keeper.key).unsure[model.weights_sha256] < 1
    other = write_patient(tmp_path / "other")
    waiting = CaseRecord(path=str(other), opened="2026-01-01", unsure={model.weights_sha256: 0.9})
    store.save("waiting", CaseRecord(), waiting)
    store.save("done", CaseRecord(), replace(waiting, reviewed="2026-01-02"))
    window.actions_by_id[Id.SUGGEST_NEXT].trigger()
    qtbot.waitUntil(lambda: window.reading.path == other, timeout=10_000)
    wait_until_idle(qtbot, window)
    assert "the model is least sure of it" in window.centre.messages.text


def test_with_every_opened_case_reviewed_none_is_suggested(qtbot: QtBot, window: MainWindow) -> None:
    window.actions_by_id[Id.SUGGEST_NEXT].trigger()
    qtbot.waitUntil(lambda: "No other case" in window.centre.messages.text)


def test_the_second_reader_shows_nothing_of_the_model_until_the_read_is_committed(
    qtbot: QtBot, make_window: MakeWindow, patient: Path
) -> None:
    window = make_window(settings=replace(KNOWN, is_second_reader=True))
    open_and_wait(qtbot, window, patient)
    assert window.state.is_ai_withheld
    assert {row.source for row in window.state.rows} == {Source.READER}
    assert window.state.detections == {}
    press(window, Qt.Key.Key_Return, CTRL)
    wait_until_idle(qtbot, window)
    assert [row.source for row in window.state.rows] == [Source.BOTH, Source.AI]
    window.navigator.jump_to(window.state.rows[1].id)
    press(window, Qt.Key.Key_A)
    log = window.marks.home / "reading-log" / "second-reader.jsonl"
    window.close()
    text = log.read_text()
    committed, ended = (json.loads(line) for line in text.splitlines())
    assert (committed["event"], committed["boxes"]) == ("committed", [])
    assert (ended["event"], len(ended["added"]), ended["accepted"]) == ("ended", 1, 1)
    assert not any(word in text for word in ("Phantom", "A0001", str(patient)))
    again = make_window()
    open_and_wait(qtbot, again, patient)
    assert not again.state.is_ai_withheld
