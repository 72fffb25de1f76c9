"""Showing errors, and catching those that nobody caught."""

import sys
import threading

import pytest
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from lungview.errors import DicomError
from lungview.task import Cancelled
from lungview.ui.errors import ErrorDialog, ErrorReporter, install, report


@pytest.fixture
def reporter(qtbot: QtBot) -> ErrorReporter:
    window = QMainWindow()
    qtbot.addWidget(window)
    made = ErrorReporter(window)
    window.show()
    return made


def dialogs(reporter: ErrorReporter) -> list[ErrorDialog]:
    window = reporter.parent()
    assert window is not None
    return [dialog for dialog in window.findChildren(ErrorDialog) if dialog.isVisible()]


def test_an_error_for_the_reader_is_told_as_its_sentence(qtbot: QtBot, reporter: ErrorReporter) -> None:
    with qtbot.waitSignal(reporter.told) as told:
        reporter.show(DicomError("1-01.dcm is cut short; copy it again."))
    assert told.args == ["1-01.dcm is cut short; copy it again."]
    assert not dialogs(reporter)


def test_any_other_error_opens_one_dialog_however_often_it_comes(reporter: ErrorReporter) -> None:
    for _ in range(3):
        reporter.show(ZeroDivisionError("division by zero"))
    (dialog,) = dialogs(reporter)
    dialog.reject()
    assert not dialogs(reporter)


def test_a_cancel_is_no_error(reporter: ErrorReporter) -> None:
    reporter.show(Cancelled())
    assert not dialogs(reporter)


def test_the_report_names_no_path_and_nothing_quoted() -> None:
    try:
        raise FileNotFoundError(2, "No such file", "/home/me/Doe^Jane/1.dcm")
    except FileNotFoundError as error:
        text = report(error)
    assert "FileNotFoundError" in text
    assert "Doe" not in text
    assert "/home" not in text


def test_errors_that_nobody_caught_reach_the_reporter_from_any_thread(qtbot: QtBot, reporter: ErrorReporter) -> None:
    before = sys.excepthook, threading.excepthook
    undo = install(reporter)
    try:
        with qtbot.waitSignal(reporter.told):
            sys.excepthook(DicomError, DicomError("Caught."), None)

        def fail() -> None:
            raise DicomError("Caught in a thread.")

        with qtbot.waitSignal(reporter.told) as told:
            thread = threading.Thread(target=fail)
            thread.start()
            thread.join()
        assert told.args == ["Caught in a thread."]
    finally:
        undo()
    assert (sys.excepthook, threading.excepthook) == before
