"""What the model manager asks of the rest of the program."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lungview.domain.model_shelf import Deleted, Shelf, StoredModel
    from lungview.task import Task


class Library(Protocol):
    """The shelf of models; called in job threads. All but shelf and text change it, or say in a sentence why not."""

    def shelf(self) -> "Shelf":
        """All models as they are now."""
        ...

    def text(self, name: str) -> str:
        """A model's card as Markdown."""
        ...

    def import_model(self, path: Path, name: str = "", task: "Task | None" = None) -> "StoredModel":
        """Keep weights from a file; a name is found where none is given."""
        ...

    def export(self, name: str, target: Path, task: "Task | None" = None) -> Path:
        """Write weights and cards into a folder; returns the weights' path."""
        ...

    def rename(self, name: str, new: str) -> "StoredModel":
        """Call a model something else."""
        ...

    def delete(self, name: str) -> "Deleted":
        """Move a model to the trash."""
        ...

    def restore(self, name_or_token: str) -> "StoredModel":
        """Bring a deleted model back."""
        ...

    def set_default(self, name: str) -> "StoredModel":
        """Let a model answer where none is named."""
        ...

    def roll_back(self) -> "StoredModel":
        """Let the default before this one answer again."""
        ...
