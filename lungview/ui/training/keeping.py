"""Keeps the new model: asks for its name, copies it among the reader's models, and offers to make it the default."""

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QInputDialog

from lungview.domain.model_names import suggested_name
from lungview.domain.model_shelf import Shelf, StoredModel
from lungview.errors import LungViewError
from lungview.task import Task
from lungview.ui.shelf.promoting import promote
from lungview.ui.training.controller import TrainingController
from lungview.ui.training.dialog import TrainingDialog
from lungview.ui.training.services import TrainingServices
from lungview_training.supervision.proof import UNPROVED

if TYPE_CHECKING:
    from lungview.ui.main_window import MainWindow


class ModelKeeping(QObject):
    """Works for a training dialog, and lives with it."""

    def __init__(
        self, window: "MainWindow", controller: TrainingController, dialog: TrainingDialog, services: TrainingServices
    ) -> None:
        super().__init__(dialog)
        self._window, self._controller, self._dialog, self._services = window, controller, dialog, services
        self._shelf_keeper = window.shelf.keeper
        dialog.keep_wanted.connect(self.ask_name)
        dialog.use_wanted.connect(self.use)
        if self._shelf_keeper is not None:
            dialog.default_wanted.connect(self.make_default)
            self._shelf_keeper.default_changed.connect(self._on_default_changed)

    @property
    def warning(self) -> str:
        """Why the new model should not yet answer in place of the old, "" where it is shown to be better."""
        proof = self._dialog.outcome.proof
        return UNPROVED if proof is None else proof.warning

    def ask_name(self, suggested: str) -> None:
        """Ask what the new model is to be called, with a word of warning where it is not shown to be better."""
        asking = QInputDialog(self._dialog)
        asking.setWindowTitle("Keep the new model")
        warning = f"{self.warning}\n\n" if self.warning else ""
        asking.setLabelText(f"{warning}Name of the new model:")
        asking.setTextValue(self.free_name(suggested.strip()))
        asking.textValueSelected.connect(self.keep)
        asking.finished.connect(asking.deleteLater)
        asking.open()

    def make_default(self, name: str) -> None:
        """Let the new model answer where none is chosen; asks once more where it is not shown to be better."""
        if self._shelf_keeper is not None:
            promote(self._shelf_keeper, name, self.warning, self._dialog)

    def keep(self, name: str) -> None:
        """Copy the weights under this name."""
        controller, outcome, store = self._controller, self._dialog.outcome, self._services.keep
        record, proof = controller.record, outcome.proof
        if record is None or store is None or self._dialog.is_keeping:
            return
        try:
            config = outcome.config or controller.registry.config_of(record)
        except LungViewError as error:
            self._dialog.tell(error)
            return

        def work(_task: Task) -> str:
            return store(config, record.base, Path(record.weights), name, proof)

        job = self._window.runner.start("Keeping the model", work)
        self._dialog.show_keeping(True)
        job.succeeded.connect(self._on_kept)
        job.failed.connect(self._dialog.tell)
        job.finished.connect(lambda: self._dialog.show_keeping(False))

    def use(self, name: str) -> None:
        """Let the model answer in the viewer, which the dialog makes way for; the default stays what it was."""
        self._window.detection.load(name)
        self._dialog.show_kept(f"{name} answers in the viewer now. The Model menu leads back to the others.", name)
        self._dialog.hide()

    def free_name(self, suggested: str) -> str:
        """The name itself, or with a number where another model has it."""
        shelf = self._shelf_keeper.shelf if self._shelf_keeper is not None else Shelf()
        return suggested_name(suggested, [each.name for each in shelf.models])

    def _on_kept(self, name: str) -> None:
        self._controller.mark_kept()
        self._window.detection.list_models()
        told = f"Kept as {name}. It stands in the Model menu beside the others; nothing else has changed."
        self._dialog.show_kept(told, name if self._shelf_keeper is not None else "")

    def _on_default_changed(self, model: StoredModel) -> None:
        if model.name == self._dialog.offered:
            self._dialog.show_kept(f"{model.name} answers from now on. The Model menu leads back to the one before.")
