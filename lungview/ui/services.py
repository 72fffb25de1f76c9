"""What the window needs from the rest of the program, handed in by the application so that it never imports it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # numpy and pydicom must not be imported before the first paint
    from lungview.deidentify.values import Exported, Options
    from lungview.domain.detection import Detector, ModelInfo
    from lungview.domain.graphics import SliceGraphics
    from lungview.domain.study import Stack
    from lungview.domain.volume import Volume
    from lungview.reading.case import Case
    from lungview.task import Task
    from lungview.ui.shelf.services import Library
    from lungview.ui.training.services import TrainingServices


class OpenCase(Protocol):
    """Scan a folder, file, DICOMDIR or zip and link its annotations."""

    def __call__(self, path: Path, task: "Task", annotations: Path | None = None) -> "Case":
        """Return what the path holds; called in a job thread. annotations: a folder the reader named."""
        ...


class ReadOverlays(Protocol):
    """Read what the files of a stack lay over its slices."""

    def __call__(
        self, stack: "Stack", task: "Task", *, first: int, on_read: "Callable[[int, SliceGraphics], None]"
    ) -> tuple[str, ...]:
        """Call on_read for each slice with graphics, slice first before the others; return sentences on what failed."""
        ...


class LoadVolume(Protocol):
    """Read a stack's voxels."""

    def __call__(
        self,
        stack: "Stack",
        task: "Task",
        *,
        first: int | None = None,
        on_slice: "Callable[[Volume, int], None] | None" = None,
    ) -> "Volume":
        """Return the filled volume; called in a job thread. Slice first comes first, on_slice after each slice."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """The callables behind the window. All but the values are called in job threads and may import what they need.

    load_detector: a model's name or the path of a weights file -> a ready detector; "" means the default model.
    available_models: what the model menu offers, the default first.
    read_overlays: None where files' own graphics are not shown.
    write_demo: writes the synthetic patient into a folder and returns the path to open.
    settings_file: where settings are kept, None for the user's own place (or LUNGVIEW_HOME).
    data_folder: where review states are kept, None for the user's own place (or LUNGVIEW_HOME).
    library: gives the shelf of models, None where only the bundled ones are offered.
    export: path, annotation folder or None, new folder, options -> the de-identified copy made; None where not offered.
    training: what fine-tuning needs, None where it is not offered.
    """

    open_case: OpenCase
    load_volume: LoadVolume
    load_detector: "Callable[[str], Detector]"
    available_models: "Callable[[], tuple[ModelInfo, ...]]"
    read_overlays: ReadOverlays | None = None
    write_demo: "Callable[[Path, Task], Path] | None" = None
    export: "Callable[[Path, Path | None, Path, Options, Task], Exported] | None" = None
    settings_file: Path | None = None
    data_folder: Path | None = None
    training: "TrainingServices | None" = None
    library: "Callable[[], Library] | None" = None
