"""A reader who fine-tunes: opens the dialog, names a folder, and presses its buttons as soon as they can be pressed."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from lungview.ui.main_window import MainWindow
from lungview.ui.shortcuts import Id

if TYPE_CHECKING:  # imported when the dialog is opened, as in the program
    from lungview.ui.training.dialog import TrainingDialog

_LOOK_MS = 200


class TrainingStarter(QObject):
    """Goes on by a timer, so that whoever made it can use the window meanwhile."""

    def __init__(self, window: MainWindow, data: Path) -> None:
        super().__init__(window)
        self._window, self._data = window, data
        self._is_checked = False
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    @property
    def is_learning(self) -> bool:
        """Whether the worker has taken some steps and takes more."""
        controller = self._window.training.controller
        return controller is not None and controller.is_going and controller.progress.step >= 2

    def end(self) -> None:
        """End the worker without waiting for it to save."""
        self._timer.stop()
        controller = self._window.training.controller
        if controller is not None:
            controller.end_now()

    def _go_on(self) -> None:
        dialog = self._window.training.dialog
        if dialog is None:
            self._window.actions_by_id[Id.TRAIN].trigger()
        elif dialog.setup.folder.text() != str(self._data):
            dialog.setup.choose_folder(self._data)
        else:
            self._press(dialog)

    def _press(self, dialog: "TrainingDialog") -> None:
        if dialog.check.isVisible() and dialog.check.isEnabled() and not self._is_checked:
            self._is_checked = True
            dialog.check.click()
        elif dialog.start.isVisible() and dialog.start.isEnabled():
            dialog.start.click()
            self._timer.stop()
