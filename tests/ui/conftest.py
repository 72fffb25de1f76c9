"""What every test of windows needs: its own settings, and no job, thread or window left alive."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lungview.ui.jobs import JobRunner
from lungview.ui.main_window import MainWindow
from tests.support.ui import MakeWindow, WindowMaker, open_and_wait, write_patient


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings, reviews and caches of this test alone."""
    home = tmp_path / "home"
    monkeypatch.setenv("LUNGVIEW_HOME", str(home))
    return home


@pytest.fixture(autouse=True)
def nothing_left_alive() -> Iterator[None]:
    """Fail a test that leaves a job's thread or a visible window behind."""
    yield
    threads = [thread.name for thread in threading.enumerate() if thread.name.startswith("lungview-job")]
    assert not threads, f"threads left alive: {threads}"
    app = QApplication.instance()
    shown = [widget for widget in QApplication.topLevelWidgets() if widget.isVisible()] if app is not None else []
    for widget in shown:
        widget.close()
    assert not shown, f"windows left open: {shown}"


@pytest.fixture
def runner(qtbot: QtBot) -> Iterator[JobRunner]:
    """A runner that is shut down with the test."""
    made = JobRunner()
    yield made
    made.shut_down()


@pytest.fixture
def make_window(qtbot: QtBot, tmp_path: Path) -> Iterator[MakeWindow]:
    """Makes main windows and closes them with the test."""
    maker = WindowMaker(qtbot, tmp_path)
    yield maker.make
    maker.close_all()


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    return write_patient(tmp_path)


@pytest.fixture
def window(qtbot: QtBot, make_window: MakeWindow, patient: Path) -> MainWindow:
    """A window with the patient open, read, detected and linked."""
    made = make_window()
    open_and_wait(qtbot, made, patient)
    return made
