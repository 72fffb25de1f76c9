"""Changes the shelf of models in the background, one change after another, and tells how it looks then."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal, SignalInstance

from lungview.domain.model_shelf import Deleted, Shelf, StoredModel
from lungview.task import Task
from lungview.ui.jobs import Job, JobRunner
from lungview.ui.shelf.services import Library


class ShelfKeeper(QObject):
    """Every change ends in exactly one of its own signal and failed; shelf_changed follows either way."""

    shelf_changed = Signal(Shelf)
    imported = Signal(StoredModel)
    exported = Signal(Path)
    renamed = Signal(str, StoredModel)
    """The name it had, and the model as it is called now."""
    deleted = Signal(Deleted)
    restored = Signal(StoredModel)
    default_changed = Signal(StoredModel)
    failed = Signal(object)
    busy_changed = Signal(str)
    """What is being done, "" when it is done."""

    def __init__(self, library: Callable[[], Library], runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._library, self._runner = library, runner  # the library is called in job threads: it imports what it needs
        self._doing: Job[object] | None = None
        self._looking: Job[Shelf] | None = None
        self.shelf = Shelf()

    @property
    def is_busy(self) -> bool:
        """Whether a change is under way."""
        return self._doing is not None

    def look(self) -> None:
        """See what is on the shelf; answers to an earlier look are no longer waited for."""
        job = self._looking = self._runner.start("Listing models", lambda _task: self._library().shelf(), is_quiet=True)
        job.succeeded.connect(lambda shelf: self._on_looked(job, shelf))
        job.failed.connect(self.failed)

    def read_card(self, name: str, on_read: Callable[[str], None]) -> None:
        """Hand a model's card, as Markdown, to on_read."""
        job = self._runner.start("Reading a card", lambda _task: self._library().text(name), is_quiet=True)
        job.succeeded.connect(on_read)
        job.failed.connect(self.failed)

    def import_file(self, path: Path) -> None:
        """Keep weights from a file."""
        self._change("Importing the model", lambda task: self._library().import_model(path, task=task), self.imported)

    def export(self, name: str, folder: Path) -> None:
        """Write a model into a folder."""
        self._change("Exporting the model", lambda task: self._library().export(name, folder, task), self.exported)

    def rename(self, name: str, new: str) -> None:
        """Call a model something else."""
        job = self._change("Renaming the model", lambda _task: self._library().rename(name, new))
        if job is not None:
            job.succeeded.connect(partial(self.renamed.emit, name))

    def delete(self, name: str) -> None:
        """Move a model to the trash."""
        self._change("Deleting the model", lambda _task: self._library().delete(name), self.deleted)

    def restore(self, token: str) -> None:
        """Bring a deleted model back."""
        self._change("Bringing the model back", lambda _task: self._library().restore(token), self.restored)

    def set_default(self, name: str) -> None:
        """Let a model answer where none is named."""
        self._change("Keeping the choice", lambda _task: self._library().set_default(name), self.default_changed)

    def roll_back(self) -> None:
        """Let the default before this one answer again."""
        self._change("Keeping the choice", lambda _task: self._library().roll_back(), self.default_changed)

    def _change(
        self, doing: str, do: Callable[[Task], object], done: SignalInstance | None = None
    ) -> Job[object] | None:
        if self._doing is not None:  # the buttons are off meanwhile; a key may still come through
            return None
        job = self._doing = self._runner.start(doing, do)
        self.busy_changed.emit(f"{doing}…")
        job.finished.connect(self._on_done)
        if done is not None:
            job.succeeded.connect(done)
        job.failed.connect(self.failed)
        job.finished.connect(self.look)
        return job

    def _on_done(self) -> None:
        self._doing = None
        self.busy_changed.emit("")

    def _on_looked(self, job: Job[Shelf], shelf: Shelf) -> None:
        if job is self._looking:
            self._looking = None
            self.shelf = shelf
            self.shelf_changed.emit(shelf)
