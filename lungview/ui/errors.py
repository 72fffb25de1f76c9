"""The only place where errors are shown, and where those that nobody caught end up."""

import logging
import sys
import threading
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QObject, Qt, QtMsgType, Signal, qInstallMessageHandler, qVersion
from PySide6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from lungview.errors import LungViewError
from lungview.task import Cancelled
from lungview.ui.theme import Space

log = logging.getLogger(__name__)

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class ErrorReporter(QObject):
    """Shows errors: a LungViewError as its sentence, anything else in a dialog with a report to copy."""

    told = Signal(str)
    """A sentence for the message bar."""
    caught = Signal(object)
    """An error from any thread or event, on its way here."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._dialog: ErrorDialog | None = None
        self.caught.connect(self.show, Qt.ConnectionType.QueuedConnection)

    def show(self, error: BaseException) -> None:
        """Tell the reader; on the GUI thread."""
        if isinstance(error, Cancelled):
            return
        if isinstance(error, LungViewError):
            log.warning("told the reader: %s", type(error).__name__)
            self.told.emit(str(error))
            return
        log.error("unexpected error", exc_info=error)
        if self._dialog is None:  # a failing paint repeats: one dialog is enough
            self._dialog = ErrorDialog(report(error), self._window)
            self._dialog.finished.connect(self._on_dialog_finished)
            self._dialog.open()

    def show_later(self, error: BaseException) -> None:
        """Tell the reader of an error met in any thread or inside any event."""
        self.caught.emit(error)

    def _on_dialog_finished(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
        self._dialog = None


class ErrorDialog(QDialog):
    """An error of the program itself, with a report that can be copied and holds nothing of the patient."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("LungView met an error")
        self.resize(620, 380)
        told = QLabel(
            "Something in the program went wrong. What you were reading is still open; if it looks odd, open it again."
            "\nThe report below names no patient. Please send it to whoever looks after the program."
        )
        told.setWordWrap(True)
        place = QLabel(f"Log: {_log_place()}")
        place.setProperty("role", "small")
        place.setWordWrap(True)
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._report = QPlainTextEdit(text)
        self._report.setReadOnly(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton("Copy report", QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(lambda: QApplication.clipboard().setText(text))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.AROUND, Space.AROUND, Space.AROUND, Space.AROUND)
        layout.setSpacing(Space.BETWEEN)
        layout.addWidget(told)
        layout.addWidget(self._report)
        layout.addWidget(place)
        layout.addWidget(buttons)


def _log_place() -> str:
    from lungview.logs import log_file

    return str(log_file())


def report(error: BaseException) -> str:
    """What went wrong and where in the program, without patients' names or paths."""
    import platform

    from lungview.logs import describe, log_file  # what is needed only then must not delay the first paint

    return "\n".join(
        (
            f"Python {platform.python_version()}, Qt {qVersion()}, {platform.system()} {platform.machine()}",
            f"The log is {log_file().name} in the program's log folder.",
            "",
            describe(error),
        )
    )


def install(reporter: ErrorReporter) -> Callable[[], None]:
    """Send every error that nobody caught, in any thread, to the reporter, and Qt's messages to the log.

    Returns what undoes it.
    """

    def on_error(_kind: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        reporter.show_later(error)

    def on_thread_error(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            reporter.show_later(args.exc_value)

    before = sys.excepthook, threading.excepthook
    sys.excepthook, threading.excepthook = on_error, on_thread_error
    before_qt = qInstallMessageHandler(_on_qt_message)

    def undo() -> None:
        sys.excepthook, threading.excepthook = before
        qInstallMessageHandler(before_qt)

    return undo


def _on_qt_message(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    from lungview.logs import redacted

    log.log(_LEVELS.get(kind, logging.WARNING), "Qt: %s", redacted(message))
