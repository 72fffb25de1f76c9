"""The program as a reader has it open: a training goes on while boxes are drawn; for test_killed_program.py to kill.

Arguments: the patient's folder, and a file of settings for a first training, or nothing to go on with what was left.
It says on standard output what a reader would see.
"""

import sys
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QTimer

from lungview import app, processes
from lungview.domain.box import Box
from lungview.places import data_folder
from lungview.ui.application import make_application
from lungview.ui.main_window import MainWindow
from lungview.ui.settings import Settings, SettingsStore
from lungview_training.config import load_config
from lungview_training.events import RunStarted
from tests.support.detectors import ScriptedDetector

_DRAW_MS = 120


class _Reader:
    """Draws a box every so often, and has a training going."""

    def __init__(self, window: MainWindow, patient: Path, settings: str) -> None:
        self._window, self._settings, self._is_asked = window, settings, False
        window.open_path(patient)
        self._timer = QTimer()
        self._timer.setInterval(_DRAW_MS)
        self._timer.timeout.connect(self._go_on)
        self._timer.start()

    def _go_on(self) -> None:
        window = self._window
        if not window.is_built:
            return
        if not self._is_asked:
            self._is_asked = self._train()
        if window.state.volume is None or not window.marks.editor.is_enabled:
            return
        marks, count = window.marks, len(window.marks.editor.marks)
        if marks.keeper.is_saved:
            _say(f"saved {count}")
            window.state.go_to_slice(count % 10)
            marks.editor.add(Box(4, 5, 20, 25 + count))

    def _train(self) -> bool:
        desk = self._window.training
        if not self._settings:
            controller = desk.controller
            if controller is None or controller.record is None:
                return False
            _say(f"offered {self._window.centre.messages.text} | {desk.chip.text()}")
            self._follow()
            controller.go_on(controller.record)
            return True
        desk.show_dialog()
        assert desk.controller is not None
        self._follow()
        desk.controller.start(load_config(Path(self._settings)), base="fresh", title="Killed")
        return True

    def _follow(self) -> None:
        controller = self._window.training.controller
        assert controller is not None
        known: list[RunStarted | None] = []

        def tell() -> None:
            progress = controller.progress
            if progress.pid and not known:
                known.append(progress.started)  # of the worker before, as the log tells
                _say(f"worker {progress.pid}")
            begun = progress.started
            if len(known) == 1 and begun is not None and begun is not known[0] and progress.step > begun.first_step:
                known.append(begun)
                _say(f"steps from {begun.first_step}")

        controller.changed.connect(tell)


def _say(words: str) -> None:
    sys.stdout.write(words.replace("\n", " ") + "\n")
    sys.stdout.flush()


def main(patient: str, settings: str = "") -> None:
    """Run until killed."""
    processes.LOWERED = 0  # or a busy machine would never come to the worker
    application = make_application()
    detector = ScriptedDetector()
    settings_file = data_folder().parent / "settings.ini"
    SettingsStore(settings_file).save(Settings(is_notice_shown=True, reader_name="Ann", is_reader_asked=True))
    asked = replace(
        app.services(settings_file=settings_file),
        load_detector=lambda _name: detector,
        available_models=lambda: (detector.info,),
    )
    window = MainWindow(asked, builds_at_once=False)
    window.show()
    reader = _Reader(window, Path(patient), settings)
    application.exec()
    del reader


if __name__ == "__main__":
    main(*sys.argv[1:])
