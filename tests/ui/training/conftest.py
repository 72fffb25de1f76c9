"""Windows whose trainings are tiny, and pictures to learn from."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from lungview import processes
from lungview.dicom.load import load_volume
from lungview.model_library import ModelLibrary
from lungview.processes import is_alive
from lungview.reading.case import open_case
from lungview.training_services import base_models, check, keep
from lungview.ui.main_window import MainWindow
from lungview.ui.services import Services
from lungview.ui.settings import Settings, SettingsStore
from lungview.ui.training import preflight_page
from lungview.ui.training.services import TrainingServices
from lungview_training.preflight.report import DryBatch
from tests.support.detectors import ScriptedDetector
from tests.training.supervision.tiny import write_pictures
from tests.ui.training.hands import LONG_MS, STEPS, made_up_proof, tiny_plan


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture
def make(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], MainWindow]]:
    """Makes windows that share one home, whose trainings are tiny."""
    monkeypatch.setattr(preflight_page, "plan", tiny_plan)
    monkeypatch.setattr(processes, "LOWERED", 0)  # or a busy machine would never come to it
    STEPS[0] = 400
    made: list[MainWindow] = []

    def window() -> MainWindow:
        SettingsStore(tmp_path / "settings.ini").save(Settings(is_notice_shown=True))
        shown = MainWindow(_services(tmp_path))
        made.append(shown)
        shown.resize(1280, 800)
        shown.show()
        qtbot.waitUntil(lambda: shown.is_built, timeout=10_000)
        return shown

    yield window
    for each in made:
        _close(qtbot, each)


def _services(home: Path) -> Services:
    answers = ScriptedDetector({})
    training = TrainingServices(
        base_models=lambda: tuple(reversed(base_models())),  # an untrained network first
        devices=lambda: ("cpu",),
        check=check,
        trial=lambda _config, _part, _task: DryBatch(1.5, "cpu", 1 << 30),
        prove=made_up_proof,
        keep=keep,
        folder=home / "trainings",
    )
    return Services(
        open_case=open_case,
        load_volume=load_volume,
        load_detector=lambda _name: answers,
        available_models=lambda: (answers.info,),
        settings_file=home / "settings.ini",
        data_folder=home / "data",
        training=training,
        library=ModelLibrary,
    )


def _close(qtbot: QtBot, window: MainWindow) -> None:
    """Close a window without being asked, and wait until its training has ended."""
    if window.training.dialog is not None:
        window.training.dialog.close()
    window.training.is_closing_agreed = True
    window.close()
    if window.training.controller is not None:
        pid = window.training.controller.progress.pid
        qtbot.waitUntil(lambda: not is_alive(pid), timeout=LONG_MS)
    window.deleteLater()
