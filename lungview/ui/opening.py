"""Asking for what to open: dialogs, drops, recent paths, the demo patient."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from lungview.errors import LungViewError
from lungview.places import cache_folder
from lungview.ui.dropped import Dropped, sort_dropped
from lungview.ui.jobs import JobRunner
from lungview.ui.preferences import Preferences
from lungview.ui.reading_controller import ReadingController
from lungview.ui.services import Services

_IMAGES = "DICOM files, DICOMDIR, zip (*)"
_WEIGHTS = "Weights (*.safetensors *.pt *.pth);;All files (*)"


class Opening(QObject):
    """Turns what the reader points at into something the controllers open."""

    failed = Signal(object)
    weights_wanted = Signal(str)
    demo_begun = Signal()
    demo_ended = Signal()
    """Without a patient: cancelled or failed."""

    def __init__(
        self,
        window: QWidget,
        services: Services,
        runner: JobRunner,
        reading: ReadingController,
        preferences: Preferences,
    ) -> None:
        super().__init__(window)
        self._window, self._services, self._runner = window, services, runner
        self._reading, self._preferences = reading, preferences

    def open_path(self, path: Path, annotations: Path | None = None) -> None:
        """Open a path with the annotation folder named for it now or before."""
        if not path.exists():
            self.failed.emit(LungViewError(f"{path.name or path} is not there any more; it may have been moved."))
            return
        if annotations is not None:
            self._preferences.remember_annotations(path, annotations)
        self._reading.open_path(path, annotations or self._preferences.annotations_for(path))

    def open_dropped(self, paths: Sequence[Path]) -> None:
        """Open what was dropped: images, weights, or annotations for what is open."""
        job = self._runner.start("Looking at what was dropped", lambda _task: sort_dropped(paths), is_quiet=True)
        job.succeeded.connect(self._open_sorted)
        job.failed.connect(self.failed)

    def ask_for_folder(self) -> None:
        """Let the reader choose a folder."""
        dialog = self._dialog("Open a DICOM folder")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.fileSelected.connect(lambda chosen: self.open_path(Path(chosen)))
        dialog.open()

    def ask_for_file(self) -> None:
        """Let the reader choose a DICOM file, DICOMDIR or zip."""
        dialog = self._dialog("Open a DICOM file, DICOMDIR or zip")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(_IMAGES)
        dialog.fileSelected.connect(lambda chosen: self.open_path(Path(chosen)))
        dialog.open()

    def ask_for_annotations(self) -> None:
        """Let the reader name the folder with the readers' XML files."""
        dialog = self._dialog("Choose the folder with the annotation XML files")
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(lambda chosen: self._use_annotations(Path(chosen)))
        dialog.open()

    def ask_for_weights(self) -> None:
        """Let the reader choose a weights file."""
        dialog = self._dialog("Open a weights file")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(_WEIGHTS)
        dialog.fileSelected.connect(self.weights_wanted)
        dialog.open()

    def open_demo(self) -> None:
        """Write the demo patient, where it is not yet, and open it."""
        write = self._services.write_demo
        if write is None:
            return
        job = self._runner.start("Making the demo patient", lambda task: write(cache_folder() / "demo", task))
        job.succeeded.connect(self.open_path)
        job.cancelled.connect(self.demo_ended)
        job.failed.connect(lambda _error: self.demo_ended.emit())
        job.failed.connect(self.failed)
        self.demo_begun.emit()

    def _open_sorted(self, dropped: Dropped) -> None:
        if dropped.weights is not None:
            self.weights_wanted.emit(str(dropped.weights))
        if dropped.images:
            self.open_path(dropped.images[0], dropped.annotations)
        elif dropped.annotations is not None:
            self._use_annotations(dropped.annotations)

    def _use_annotations(self, folder: Path) -> None:
        path = self._reading.path
        if path is None:
            sentence = f"{folder.name} holds annotations; open the DICOM folder they belong to first."
            self.failed.emit(LungViewError(sentence))
            return
        self.open_path(path, folder)

    def _dialog(self, title: str) -> QFileDialog:
        dialog = QFileDialog(self._window, title)
        dialog.finished.connect(dialog.deleteLater)
        recent = self._preferences.current.recent
        if recent and (parent := Path(recent[0]).parent).is_dir():
            dialog.setDirectory(str(parent))
        return dialog
