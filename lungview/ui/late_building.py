"""Builds the main window after its first paint: imports in a thread, then one part per turn of the event loop."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from lungview.task import Task
from lungview.ui.heap import collector_paused
from lungview.ui.jobs import JobRunner

if TYPE_CHECKING:
    from lungview.ui.main_window import MainWindow

Step = Callable[["MainWindow"], None]


class LateBuilding(QObject):
    """Lives until the window is whole."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._steps: list[Step] = []
        window.runner = JobRunner(window)
        job = window.runner.start("Starting", _import_steps, is_quiet=True)
        job.succeeded.connect(self._begin)
        job.failed.connect(_raise)

    def _begin(self, steps: tuple[Step, ...]) -> None:
        self._steps = list(steps)
        self._go_on()

    def _go_on(self) -> None:
        if self._window.is_closed:
            return
        if self._steps:
            self._steps.pop(0)(self._window)
            QTimer.singleShot(0, self, self._go_on)
        else:
            self._window.on_built()


def _import_steps(_task: Task) -> tuple[Step, ...]:
    with collector_paused():
        from lungview.ui.building import STEPS

    return STEPS


def _raise(error: Exception) -> None:
    """A program that can't be imported can't go on; the hook for uncaught errors tells."""
    raise error
