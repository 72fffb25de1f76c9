"""Write phantoms as patients of a dataset: DICOM files in one folder, readers' XML in its neighbour."""

import contextlib
import logging
import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from lungview.demo.dicom import RECIPE, data_sets, fixed_uid, instance_number, sop_uid
from lungview.demo.phantom import DEFAULT_SEED, Phantom, build
from lungview.demo.readers import document, drawn_boxes
from lungview.errors import LungViewError
from lungview.files import write_atomically
from lungview.task import Task

log = logging.getLogger(__name__)

DEMO_ID, DEMO_LETTER = "D0001", "A"
IMAGES, ANNOTATIONS = "Lung-PET-CT-Dx", "Annotation"

_MARKER = ".lungview-demo.xml"
"""Written last, so that a demo with it is whole. A hidden XML file, so that no scan takes it for an image."""
_UNFINISHED = ".unfinished-demo-"
_UNFINISHED_FOR_S = 3600
_BUILT_WITH = f"seed {DEFAULT_SEED}, usual size"


def write_demo(folder: Path, task: Task | None = None, phantom: Phantom | None = None) -> Path:
    """Write the demo patient into a folder and return the folder, which is the path to open.

    phantom: another patient than the usual one. A whole demo of that patient is left as it is; half of one, or another
    one, is replaced. Raises LungViewError where the folder holds other people's images or cannot be written.
    """
    task = task or Task()
    told = _BUILT_WITH if phantom is None else str(fixed_uid(phantom, DEMO_ID))
    marker = f'<lungview-demo recipe="{RECIPE}" patient="{told}"/>\n'
    if _read(folder / _MARKER) == marker and (folder / IMAGES).is_dir() and (folder / ANNOTATIONS).is_dir():
        return folder
    _refuse_others(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _forget_unfinished(folder)
        with TemporaryDirectory(dir=folder, prefix=_UNFINISHED, ignore_cleanup_errors=True) as unfinished:
            write_patient(Path(unfinished), DEMO_ID, DEMO_LETTER, phantom or build(task=task), task)
            _replace(folder, Path(unfinished))
        write_atomically(folder / _MARKER, marker.encode())
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LungViewError(
            f"The demo patient could not be written into {folder.name} ({reason}); free space or choose another folder."
        ) from error
    return folder


def write_patient(folder: Path, patient_id: str, letter: str, phantom: Phantom, task: Task | None = None) -> None:
    """Write a phantom as one patient of a dataset in folder, beside those already there.

    patient_id: as the dataset counts them, "D0001"; letter: the subtype that the reader's boxes name.
    """
    task = task or Task()
    series = folder / IMAGES / f"Lung_Dx-{patient_id}" / "01-01-2020-NA-Chest-00001" / "2.000000-Phantom-00002"
    series.mkdir(parents=True, exist_ok=True)
    count = phantom.voxels.shape[0]
    for k, data in enumerate(data_sets(phantom, patient_id)):
        task.step(k, count)
        data.save_as(series / f"1-{instance_number(phantom, k):03d}.dcm", enforce_file_format=True)
    notes = folder / ANNOTATIONS / patient_id
    notes.mkdir(parents=True, exist_ok=True)
    for k, boxes in drawn_boxes(phantom).items():
        written = document(boxes, letter, phantom.geometry.rows, phantom.geometry.columns)
        (notes / f"{sop_uid(phantom, patient_id, k)}.xml").write_text(written, encoding="utf-8", newline="\n")
    log.info("Wrote a phantom of %d slices", count)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _refuse_others(folder: Path) -> None:
    """Only what this program marked as its demo may be replaced."""
    if (folder / _MARKER).exists():
        return
    for name in (IMAGES, ANNOTATIONS):
        if (folder / name).exists():
            raise LungViewError(
                f"{folder.name} already holds {name}, which is not the demo patient; "
                "choose an empty folder for the demo."
            )


def _forget_unfinished(folder: Path) -> None:
    """Remove what a demo left behind that was ended in mid-writing; a young one may still be at work."""
    for left in folder.glob(f"{_UNFINISHED}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _UNFINISHED_FOR_S:
                shutil.rmtree(left)


def _replace(folder: Path, written: Path) -> None:
    """Put the new patient where the old one was; between these steps the folder is marked, yet not whole."""
    write_atomically(folder / _MARKER, b"<lungview-demo/>\n")
    for name in (IMAGES, ANNOTATIONS):
        if (folder / name).exists():
            shutil.rmtree(folder / name)
        (written / name).rename(folder / name)
