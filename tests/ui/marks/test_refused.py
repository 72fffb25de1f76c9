"""A disk that takes nothing loses no marks: they wait, and the window does not go without a word."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from lungview.domain.box import Box
from lungview.domain.finding import ReviewState
from lungview.marks.store import RecordStore
from lungview.ui.main_window import MainWindow
from lungview.ui.reviews import ReviewStore
from lungview.ui.settings import Settings
from tests.support.dicom_series import Recipe, write_series
from tests.support.ui import MakeWindow, open_and_wait, stored_values

KNOWN = Settings(is_notice_shown=True, reader_name="Ann", is_reader_asked=True)
Refuse = Callable[[], Callable[[], None]]


@pytest.fixture
def refuse() -> Iterator[Refuse]:
    """Lets the disk refuse records and reviews, until what it returns is called."""
    patches: list[pytest.MonkeyPatch] = []

    def begin() -> Callable[[], None]:
        patch = pytest.MonkeyPatch()
        for module in ("lungview.marks.store", "lungview.ui.reviews"):
            patch.setattr(f"{module}.write_atomically", full)
        patches.append(patch)
        return patch.undo

    def full(_path: Path, _data: bytes) -> None:
        raise OSError(28, "No space left on device")

    yield begin
    for patch in patches:
        patch.undo()


@pytest.fixture
def window(qtbot: QtBot, make_window: MakeWindow, patient: Path, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    for module in ("marks.backlog", "marks.keeper"):
        monkeypatch.setattr(f"lungview.ui.{module}.RETRY_MS", 20)
    monkeypatch.setattr("lungview.ui.review_keeper._RETRY_MS", 20)
    made = make_window(settings=KNOWN)
    open_and_wait(qtbot, made, patient)
    qtbot.waitUntil(lambda: made.marks.keeper.is_saved, timeout=10_000)
    return made


def records(window: MainWindow) -> dict[str, int]:
    return {key: len(record.marks) for key, record in RecordStore(window.marks.home / "marks").all()}


def write_other(tmp_path: Path) -> Path:
    def edit(dataset: object, _k: int) -> None:
        dataset.StudyInstanceUID = "1.2.3.4"  # type: ignore[attr-defined]
        dataset.SOPInstanceUID += ".5"  # type: ignore[attr-defined]

    write_series(tmp_path / "other", replace(Recipe(stored_values()), edit=edit))
    return tmp_path / "other"


def test_marks_of_a_case_that_was_left_are_saved_once_the_disk_takes_them(
    qtbot: QtBot, window: MainWindow, refuse: Refuse, tmp_path: Path
) -> None:
    key, relent = window.marks.keeper.key, refuse()
    window.marks.editor.add(Box(4, 5, 20, 25))
    open_and_wait(qtbot, window, write_other(tmp_path))
    assert window.marks.keeper.key != key
    assert "No space left" in window.centre.messages.text
    assert records(window)[key] == 0
    relent()
    qtbot.waitUntil(lambda: records(window)[key] == 1, timeout=10_000)


def test_marks_of_a_case_that_was_left_are_there_when_it_is_opened_again(
    qtbot: QtBot, window: MainWindow, refuse: Refuse, tmp_path: Path, patient: Path
) -> None:
    key, relent = window.marks.keeper.key, refuse()
    window.marks.editor.add(Box(4, 5, 20, 25))
    open_and_wait(qtbot, window, write_other(tmp_path))
    open_and_wait(qtbot, window, patient)
    (mark,) = window.marks.editor.marks.values()
    assert mark.box == Box(4, 5, 20, 25)
    relent()
    qtbot.waitUntil(lambda: records(window)[key] == 1, timeout=10_000)


def test_the_window_asks_before_it_goes_without_the_marks(qtbot: QtBot, window: MainWindow, refuse: Refuse) -> None:
    relent = refuse()
    window.marks.editor.add(Box(4, 5, 20, 25))
    assert not window.close()
    box = window.findChild(QMessageBox)
    assert box is not None
    assert "not saved" in box.text()
    relent()
    box.buttons()[0].click()
    qtbot.waitUntil(lambda: window.is_closed)
    assert list(records(window).values()) == [1]


def test_the_window_goes_without_them_where_the_reader_gives_them_up(
    qtbot: QtBot, window: MainWindow, refuse: Refuse
) -> None:
    relent = refuse()
    window.marks.editor.add(Box(4, 5, 20, 25))
    assert not window.close()
    box = window.findChild(QMessageBox)
    assert box is not None
    next(each for each in box.buttons() if "lose them" in each.text()).click()
    qtbot.waitUntil(lambda: window.is_closed)
    relent()


def test_reviews_that_were_refused_are_saved_later(
    qtbot: QtBot, window: MainWindow, refuse: Refuse, tmp_path: Path
) -> None:
    stack, relent = window.state.stack, refuse()
    assert stack is not None
    window.navigator.jump_to(window.state.rows[0].id)
    window.navigator.dismiss()
    open_and_wait(qtbot, window, write_other(tmp_path))
    assert not window.reviews.is_saved
    relent()
    store = ReviewStore(window.marks.home / "reviews")
    qtbot.waitUntil(lambda: list(store.load(stack).values()) == [ReviewState.DISMISSED], timeout=10_000)
