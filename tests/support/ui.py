"""Main windows on small written series, and waiting for what they do in the background."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lungview.app import export_case
from lungview.dicom.load import load_volume
from lungview.dicom.overlays import read_overlays
from lungview.domain.box import Box
from lungview.domain.detection import Detector, ModelInfo
from lungview.reading.case import open_case
from lungview.ui.main_window import MainWindow
from lungview.ui.services import Services
from lungview.ui.settings import Settings, SettingsStore
from lungview.ui.shelf.services import Library
from tests.support.annotations import write_voc
from tests.support.detectors import ScriptedDetector
from tests.support.dicom_series import Recipe, write_series

SLICES = 12
LESION = (20, 24, 40, 44)
"""Corners of the reader's box on slices 4 to 6 of the written patient."""
AI_BOXES = {index: [(Box(21, 25, 41, 45), 0.9)] for index in (4, 5, 6)} | {9: [(Box(3, 3, 13, 13), 0.6)]}
"""What the detector says: one lesion that the reader has too, one of its own on a single slice."""


def stored_values(slices: int = SLICES, side: int = 64) -> NDArray[np.int16]:
    """(slice, row, column) stored values: lung with a bright square where the reader's box lies."""
    values = np.full((slices, side, side), 174, dtype=np.int16)
    values += np.arange(slices, dtype=np.int16)[:, None, None]
    values[4:7, 24:44, 20:40] = 1070
    return values


def write_patient(root: Path, *, series: int = 1, boxed: Sequence[int] = (4, 5, 6)) -> Path:
    """Write a patient in the dataset's layout, readers' boxes on series 1, and return the DICOM folder."""
    folder = root / "Lung-PET-CT-Dx" / "Lung_Dx-A0001"
    for number in range(1, series + 1):
        recipe = Recipe(stored_values(), series=number, description=f"series {number}")
        write_series(folder / "study" / f"series{number}", recipe)
    for index in boxed:
        write_voc(root / "Annotation" / "A0001", Recipe(stored_values()).sop_uid(index), LESION)
    return folder


class MakeWindow(Protocol):
    """The fixture's function."""

    def __call__(
        self,
        *,
        detector: Detector | None = None,
        load_detector: Callable[[str], Detector] | None = None,
        models: tuple[ModelInfo, ...] | None = None,
        settings: Settings | None = None,
        library: Library | None = None,
        shows: bool = True,
        builds_at_once: bool = True,
    ) -> MainWindow: ...


class WindowMaker:
    """Makes windows with real reading and a scripted detector, and closes them."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self._qtbot, self._folder = qtbot, folder
        self._windows: list[MainWindow] = []

    def make(
        self,
        *,
        detector: Detector | None = None,
        load_detector: Callable[[str], Detector] | None = None,
        models: tuple[ModelInfo, ...] | None = None,
        settings: Settings | None = None,
        library: Library | None = None,
        shows: bool = True,
        builds_at_once: bool = True,
    ) -> MainWindow:
        """Return a window of 1280 x 800, shown unless told otherwise; settings: those it starts with."""
        answers = detector or ScriptedDetector(AI_BOXES)
        file = self._folder / "settings.json"
        if settings is not None or not file.exists():
            SettingsStore(file).save(settings or Settings(is_notice_shown=True))
        services = Services(
            open_case=open_case,
            load_volume=load_volume,
            load_detector=load_detector or (lambda _name: answers),
            available_models=lambda: models or (answers.info,),
            read_overlays=read_overlays,
            export=export_case,
            settings_file=file,
            data_folder=self._folder / "data",
            library=(lambda: library) if library is not None else None,
        )
        window = MainWindow(services, builds_at_once=builds_at_once)
        self._windows.append(window)
        window.resize(1280, 800)
        if shows:
            window.show()
            self._qtbot.waitUntil(lambda: window.is_built and QApplication.activeWindow() is not None, timeout=10_000)
        return window

    def close_all(self) -> None:
        """Close every window and let it go."""
        for window in self._windows:
            window.close()
            window.deleteLater()
        self._windows.clear()


def wait_until_idle(qtbot: QtBot, window: MainWindow) -> None:
    """Wait until the window has read, detected and linked all there is."""

    def check() -> None:
        assert window.is_built
        assert not window.reading.is_opening
        assert not window.runner.jobs
        assert window.rows.is_up_to_date
        assert window.detection.detector is not None

    qtbot.waitUntil(lambda: _holds(check), timeout=15_000)


def open_and_wait(qtbot: QtBot, window: MainWindow, path: Path, annotations: Path | None = None) -> None:
    """Open a path and wait for all that follows."""
    window.open_path(path, annotations)
    wait_until_idle(qtbot, window)


def press(window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Press a key as the reader does, wherever the focus is."""
    QTest.keyClick(window, key, modifier)


def _holds(check: Callable[[], None]) -> bool:
    try:
        check()
    except AssertionError:
        return False
    return True
