"""The only place where the parts are joined: files, boxes, networks and the window, none of which knows the others.

Read as a table of contents. What costs time to import is imported where it is used, so that the window paints first.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from lungview.errors import LungViewError
from lungview.places import cache_folder
from lungview.task import Cancelled, Task

if TYPE_CHECKING:
    from lungview.deidentify.values import Exported, Options
    from lungview.detection.store.store import ModelStore
    from lungview.domain.detection import Detector, ModelInfo
    from lungview.domain.graphics import SliceGraphics
    from lungview.domain.model_shelf import StoredModel
    from lungview.domain.study import Stack
    from lungview.domain.volume import Volume
    from lungview.model_library import ModelLibrary
    from lungview.reading.case import Case
    from lungview.ui.services import Services
    from lungview.ui.snapshot import View


def open_case(path: Path, task: Task, annotations: Path | None = None) -> "Case":
    """Scan a folder, file, DICOMDIR or zip and link its readers' boxes."""
    from lungview.reading import case

    return case.open_case(path, task, annotations, readies_decoders=True)


def load_volume(
    stack: "Stack",
    task: Task,
    *,
    first: int | None = None,
    on_slice: "Callable[[Volume, int], None] | None" = None,
) -> "Volume":
    """Read a stack's voxels, slice first before the others."""
    from lungview.dicom import load

    return load.load_volume(stack, task, first=first, on_slice=on_slice)


def read_overlays(
    stack: "Stack", task: Task, *, first: int, on_read: "Callable[[int, SliceGraphics], None]"
) -> tuple[str, ...]:
    """Read what a stack's files lay over its slices, slice first before the others."""
    from lungview.dicom import overlays

    return overlays.read_overlays(stack, task, first=first, on_read=on_read)


def available_models() -> "tuple[ModelInfo, ...]":
    """What can be named as a model, the default first."""
    return model_store().shelf().usable


def model_store() -> "ModelStore":
    """The shelf of models, bundled and the reader's own; needs no torch."""
    from lungview.detection.store.store import ModelStore

    return ModelStore()


def model_library() -> "ModelLibrary":
    """The shelf of models that takes in files too."""
    from lungview.model_library import ModelLibrary

    return ModelLibrary()


def import_model(path: Path, name: str = "", task: Task | None = None) -> "StoredModel":
    """Keep weights from a file among the reader's models."""
    return model_library().import_model(path, name, task)


def load_detector(
    name_or_file: str = "",
    device: str = "auto",
    *,
    is_cached: bool = True,
    is_thorough: bool = False,
    leaves_a_core: bool = False,
) -> "Detector":
    """A model by name or weights file ("" for the default) that remembers what it said of a series.

    is_thorough: look at each slice twice, as it is and mirrored. leaves_a_core: to a window that is to go on answering.
    """
    from importlib.metadata import version

    from lungview.detection.preload import load_torch_libraries

    load_torch_libraries()
    from lungview.detection import registry
    from lungview.reading.results_cache import CachedDetector

    detector = registry.load_detector(
        name_or_file or registry.DEFAULT, device, is_thorough=is_thorough, leaves_a_core=leaves_a_core
    )
    if not is_cached:
        return detector
    code = f"{version('lungview')} {registry.RESULTS_REVISION}{' thorough' if is_thorough else ''}"
    return CachedDetector(detector, cache_folder() / "detections", version=code)


def write_demo(folder: Path, task: Task | None = None) -> Path:
    """Write the demo patient into a folder, where it is not there yet, and return the path to open."""
    from lungview.demo import write

    return write.write_demo(folder, task)


def export_case(path: Path, annotations: Path | None, folder: Path, options: "Options", task: Task) -> "Exported":
    """Copy what a path holds, de-identified, into a new folder."""
    from lungview.deidentify.export import export

    return export(open_case(path, task, annotations), folder, options, task)


def services(
    device: str = "auto",
    *,
    is_cached: bool = True,
    settings_file: Path | None = None,
    state_folder: Path | None = None,
) -> "Services":
    """What the window asks the rest of the program for."""
    from lungview.training_services import training_services
    from lungview.ui.services import Services

    return Services(
        open_case=open_case,
        load_volume=load_volume,
        load_detector=partial(load_detector, device=device, is_cached=is_cached, leaves_a_core=True),
        available_models=available_models,
        read_overlays=read_overlays,
        write_demo=write_demo,
        export=export_case,
        settings_file=settings_file,
        data_folder=state_folder,
        training=training_services(state_folder / "trainings" if state_folder is not None else None),
        library=model_library,
    )


def run_window(path: Path | None = None, annotations: Path | None = None, *, is_demo: bool = False) -> int:
    """Open the window, on a path or the demo patient, and return the exit code once it is closed.

    Raises Cancelled where Ctrl+C closed it.
    """
    from lungview.ui import errors
    from lungview.ui.application import has_screen, interrupting, make_application
    from lungview.ui.main_window import MainWindow

    application = make_application()
    if not has_screen():
        raise LungViewError("No display was found to open a window on; `lungview screenshot` draws without one.")
    window = MainWindow(services(), builds_at_once=False)
    restore_hooks = errors.install(window.errors)
    window.show()
    if path is not None:
        window.open_path(path, annotations)
    elif is_demo:
        window.open_demo()

    def on_interrupt() -> None:
        if window.is_built:
            window.training.is_closing_agreed = True  # a terminal asks no twice
        window.close()

    with interrupting(on_interrupt) as was_interrupted:
        code = application.exec()
    restore_hooks()
    if was_interrupted():
        raise Cancelled
    return code


def has_display() -> bool:
    """Whether a window would be seen; settles for the rest of the process where Qt draws."""
    from lungview.ui.application import has_screen, make_application

    make_application()
    return has_screen()


def render(
    view: "View",
    out: Path,
    task: Task,
    tell: Callable[[str, int, int], object],
    *,
    model: str = "",
    device: str = "auto",
    is_cached: bool = True,
) -> None:
    """Draw the window without a display and write it as PNG; nothing the user set or reviewed takes part.

    tell: is called with what is being done, done and total.
    """
    from tempfile import TemporaryDirectory

    from lungview.files import write_atomically
    from lungview.ui.application import make_application
    from lungview.ui.main_window import MainWindow
    from lungview.ui.settings import Settings, SettingsStore
    from lungview.ui.snapshot import take_snapshot

    make_application(is_offscreen=True)
    with TemporaryDirectory(prefix="lungview-") as folder:
        settings_file = Path(folder) / "settings.json"
        SettingsStore(settings_file).save(Settings(model=model, layout=view.layout, is_notice_shown=True))
        own = services(device, is_cached=is_cached, settings_file=settings_file, state_folder=Path(folder))
        window = MainWindow(own)
        try:
            write_atomically(out, take_snapshot(window, view, task, tell))
        finally:
            window.close()
            window.deleteLater()
