"""Opens the dialogs over the window, each once, never blocking."""

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog

from lungview.ui.dialogs.keys import KeysDialog
from lungview.ui.dialogs.notice import about_box, notice_box
from lungview.ui.dialogs.report import ReportDialog
from lungview.ui.dialogs.report_sections import sections_of
from lungview.ui.dialogs.settings import SettingsDialog

if TYPE_CHECKING:
    from lungview.ui.main_window import MainWindow


class DialogOpener(QObject):
    """Knows what each dialog is about."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window

    def show_keys(self) -> None:
        """The sheet of keys and gestures."""
        settings = self._window.preferences.current
        self._open(KeysDialog(settings.keys, settings.mouse_scheme, self._window))

    def show_settings(self) -> None:
        """The settings; what is chosen counts at once."""
        dialog = SettingsDialog(self._window.preferences.current, self._window)
        dialog.chosen.connect(self._window.preferences.take)
        self._open(dialog)

    def show_report(self) -> None:
        """The geometry and files report of what is open."""
        state = self._window.state
        if state.case is not None:
            key = state.stack.key if state.stack is not None else ""
            self._open(ReportDialog(sections_of(state.case), key, self._window))

    def show_about(self) -> None:
        """Version and licences."""
        self._open(about_box(self._window))

    def show_notice_once(self) -> None:
        """What the program is not, at the very first start."""
        preferences = self._window.preferences
        if not preferences.current.is_notice_shown:
            preferences.take(replace(preferences.current, is_notice_shown=True))
            self._open(notice_box(self._window))

    def _open(self, dialog: QDialog) -> None:
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
