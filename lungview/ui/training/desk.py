"""Joins training to the window: its command, its chip, its dialog; made with the window, but costly parts late."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from lungview.places import data_folder
from lungview.task import Task
from lungview.ui.heap import collector_paused
from lungview.ui.shortcuts import Id

if TYPE_CHECKING:
    from lungview.ui.jobs import Job
    from lungview.ui.main_window import MainWindow
    from lungview.ui.training.controller import TrainingController
    from lungview.ui.training.dialog import TrainingDialog
    from lungview_training.supervision.plan import BaseModel
    from lungview_training.supervision.proof import Thumb
    from lungview_training.supervision.registry import RunRecord

_DIALOG = "lungview.ui.training.dialog"


class TrainingDesk(QObject):
    """Nothing of training is imported until the reader asks for it, or an earlier one waits."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._services = window.services.training
        self.controller: TrainingController | None = None
        self.dialog: TrainingDialog | None = None
        self._importing: Job[ModuleType] | None = None
        self._gave_up_gpu = False
        self.is_closing_agreed = False
        """Whether a window that closes need not ask about a training that goes on."""
        action = window.actions_by_id[Id.TRAIN]
        action.setVisible(self._services is not None)
        window.actions_by_id.on(Id.TRAIN, self.show_dialog)
        window.painted.connect(self.look_for_left_over)
        if window.isVisible():
            self.look_for_left_over()

    def look_for_left_over(self) -> None:
        """Take up what an earlier start left, where there is any."""
        if self._services is None or self.controller is not None:
            return
        folder = self._services.folder or data_folder() / "trainings"
        if folder.is_dir() and next(folder.glob("*/record.json"), None) is not None:
            self._make_controller().find_left_over()

    def show_dialog(self) -> None:
        """Open the dialog, or bring it to the front; the first time, as soon as it is imported."""
        if self._services is None or self._importing is not None:
            return
        if self.dialog is None and _DIALOG not in sys.modules:
            job = self._window.runner.start("Opening the training dialog", _import_dialog, is_quiet=True)
            self._importing = job
            job.failed.connect(self._window.errors.show)
            job.failed.connect(lambda _error: self._on_imported(None))
            job.succeeded.connect(self._on_imported)
            return
        dialog = self.dialog or self._make_dialog()
        folder = default_folder(self._window.reading.path)
        if folder is not None and not dialog.setup.folder.text():
            dialog.setup.choose_folder(folder)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _on_imported(self, dialog: ModuleType | None) -> None:
        self._importing = None
        if dialog is not None:
            self.show_dialog()

    def may_close(self) -> bool:
        """Whether the window can close at once; where a training would stop, the reader is asked, and it stays."""
        controller = self.controller
        app = QGuiApplication.instance()
        is_logging_out = isinstance(app, QGuiApplication) and app.isSavingSession()
        if controller is None or not controller.is_going or self.is_closing_agreed or is_logging_out:
            return True
        from lungview.ui.training.closing import ask_to_close

        ask_to_close(controller.progress, self._close_after_all, self._window)
        return False

    def shut_down(self) -> None:
        """Let what goes on save itself and end; it is not waited for."""
        if self.controller is not None:
            self.controller.shut_down()

    def _close_after_all(self) -> None:
        self.is_closing_agreed = True
        self._window.close()

    def _make_controller(self) -> "TrainingController":
        from lungview.ui.training.chip import TrainingChip
        from lungview.ui.training.controller import TrainingController

        assert self._services is not None
        window = self._window
        controller = self.controller = TrainingController(self._services, window.runner, self)
        self.chip = TrainingChip(controller)
        self.chip.clicked.connect(self.show_dialog)
        window.status.insertPermanentWidget(1, self.chip)  # left of what is running
        self.chip.show_state()
        controller.left_over.connect(self._on_left_over)
        controller.failed.connect(window.errors.show)
        controller.worker_started.connect(self._yield_gpu)
        controller.ended.connect(lambda _ending: self._take_gpu_back())
        return controller

    def _make_dialog(self) -> "TrainingDialog":
        from lungview.ui.training.dialog import TrainingDialog
        from lungview.ui.training.keeping import ModelKeeping

        assert self._services is not None
        window, services = self._window, self._services
        controller = self.controller or self._make_controller()
        dialog = self.dialog = TrainingDialog(controller, window.runner, services, window)
        dialog.setup.own_places = self._own_places
        self.keeping = ModelKeeping(window, controller, dialog, services)
        dialog.outcome.lesion_wanted.connect(self._show_lesion)
        self._list_bases()
        if window.shelf.keeper is not None:
            window.shelf.keeper.shelf_changed.connect(lambda _shelf: self._list_bases())
        asking = window.runner.start("Looking for devices", lambda _task: services.devices(), is_quiet=True)
        asking.succeeded.connect(dialog.setup.advanced.set_devices)
        asking.failed.connect(dialog.tell)
        return dialog

    def _own_places(self) -> tuple[Path, Path]:
        """The data folder and the one of the reader's own boxes, with all that was drawn so far."""
        marks = self._window.marks
        marks.keeper.flush()
        return marks.home, marks.boxes_folder()

    def _list_bases(self) -> None:
        """Show what can be gone on from, now and each time a model is kept, renamed or deleted."""
        if self._services is None or self.dialog is None:
            return
        base_models = self._services.base_models
        listing = self._window.runner.start("Listing models", lambda _task: base_models(), is_quiet=True)
        listing.succeeded.connect(self._on_listed)
        listing.failed.connect(self.dialog.tell)

    def _on_listed(self, found: "tuple[BaseModel, ...]") -> None:
        model = self._window.state.model
        if self.dialog is not None:
            self.dialog.setup.set_bases(found, model.name if model is not None else "")

    def _on_left_over(self, record: "RunRecord") -> None:
        if self.controller is None:
            return
        self.controller.show_earlier(record)
        told, is_news = "A training was interrupted. It can go on from its last checkpoint.", False
        if record.state == "finished":
            told, is_news = "A training has finished; its model waits to be kept or discarded.", True
        elif record.state == "stopped":
            told, is_news = "A training was stopped and can go on.", True
        self._window.centre.messages.tell(told, "Show training", self._show_live, is_news=is_news, lasts=True)

    def _show_live(self) -> None:
        self.show_dialog()
        if self.dialog is not None:
            self.dialog.show_page(self.dialog.live)

    def _yield_gpu(self) -> None:
        """Move detection to the CPU while the training has the graphics card."""
        from lungview import gpu_claim

        detector = self._window.detection.detector
        if detector is not None and detector.device != "cpu" and gpu_claim.is_claimed_by_other():
            self._gave_up_gpu = True
            self._window.detection.load(self._window.preferences.current.model)

    def _take_gpu_back(self) -> None:
        if self._gave_up_gpu:
            self._gave_up_gpu = False
            self._window.detection.load(self._window.preferences.current.model)

    def _show_lesion(self, thumb: "Thumb") -> None:
        """Show the slice in the viewer, where its patient's folder is the one open; else open that first."""
        from lungview.ui.training.showing import show_lesion

        dialog, messages = self.dialog, self._window.centre.messages
        if dialog is None or dialog.outcome.config is None:
            return

        def make_way() -> None:
            dialog.hide()  # which would stand before the slice
            change = "Gained" if thumb.is_gained else "Lost"
            told = f"{change} by the new model: {thumb.title}."
            messages.tell(told, "Before and after", self.show_dialog, is_news=True)

        show_lesion(self._window, dialog.outcome.config.sources, thumb, make_way)


def _import_dialog(_task: Task) -> ModuleType:
    """A quarter of a second that the window need not stand still for."""
    with collector_paused():
        return import_module(_DIALOG)


def default_folder(path: Path | None) -> Path | None:
    """What to suggest: the folder that is open, where it is one."""
    return path if path is not None and path.is_dir() else None
