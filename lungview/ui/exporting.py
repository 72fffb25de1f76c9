"""Exports the open case de-identified, in the background, and tells what came of it."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lungview.deidentify.values import Exported, Options
from lungview.errors import LungViewError
from lungview.task import Task
from lungview.ui.shortcuts import Id

if TYPE_CHECKING:
    from lungview.ui.main_window import MainWindow


class ExportDesk(QObject):
    """Made with the window; the dialog only when the reader asks for it."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        window.actions_by_id[Id.EXPORT].setVisible(window.services.export is not None)
        window.actions_by_id.on(Id.EXPORT, self.show_dialog)

    def show_dialog(self) -> None:
        """Ask where the copy goes."""
        from lungview.ui.dialogs.export import ExportDialog

        path = self._window.reading.path
        if path is None:
            return
        dialog = ExportDialog(lambda folder: reason_against(folder, path), self._window)
        dialog.chosen.connect(lambda folder, options: self.export(path, folder, options))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export(self, path: Path, folder: Path, options: Options) -> None:
        """Copy what lies at path; the status bar shows how far it is, and can stop it."""
        window = self._window
        export, annotations = window.services.export, window.preferences.annotations_for(path)
        if export is None:
            return
        window.marks.keeper.flush()  # boxes drawn a moment ago belong to it

        def work(task: Task) -> Exported:
            return export(path, annotations, folder, options, task)

        job = window.runner.start("Exporting de-identified", work)
        job.succeeded.connect(self._on_exported)
        told = "The export was stopped; nothing was left of it."
        job.cancelled.connect(lambda: window.centre.messages.tell(told, is_news=True))
        job.failed.connect(window.errors.show)

    def _on_exported(self, exported: Exported) -> None:
        told = " ".join(exported.in_words())
        self._window.centre.messages.tell(told, "Open the copy", partial(self._window.open_path, exported.folder))


def reason_against(folder: Path, path: Path) -> str:
    """Why a copy of what lies at path cannot go into a folder, "" where it can."""
    from lungview.deidentify.export import require_place

    try:
        require_place(path, folder)
    except LungViewError as error:
        return str(error)
    except OSError as error:
        return f"{folder.name} cannot be looked into ({error.strerror}): name another folder."
    return ""
