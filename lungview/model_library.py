"""The shelf of models as the window asks for it: importing, which needs torch, joined to the rest, which does not."""

from pathlib import Path

from lungview.detection.store.store import ModelStore
from lungview.domain.model_shelf import StoredModel
from lungview.task import Task


class ModelLibrary(ModelStore):
    """A store that takes in files."""

    def import_model(self, path: Path, name: str = "", task: Task | None = None) -> StoredModel:
        """Keep weights from a file; a name is found where none is given."""
        from lungview.detection.preload import load_torch_libraries

        load_torch_libraries()
        from lungview.detection.store import importing

        return importing.import_model(self, path, name, task)
