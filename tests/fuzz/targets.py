"""What is done with a damaged file: all that the program would do with it, checked as a reader would notice it."""

import json
import logging
import math
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lungview.annotations.link import load_annotations
from lungview.cli.info_document import info_document
from lungview.cli.info_text import info_lines
from lungview.dicom.load import load_volume
from lungview.dicom.overlays import read_overlays
from lungview.dicom.scan import scan
from lungview.domain.graphics import SliceGraphics
from lungview.domain.study import ScanResult
from lungview.domain.volume import Volume
from lungview.errors import LungViewError
from lungview.reading.case import Case
from lungview.task import Task
from tests.support.dicom_series import Recipe, random_stored, write_series

MOST_LOADED = 4
"""Stacks of one file that are assembled; a splice may hold a few."""

Target = Callable[[Path, bytes], str]
"""Takes an empty folder and a file's bytes; returns how it ended, in a word, or raises what the program should not."""


class BrokenPromiseError(AssertionError):
    """Something answered, but not as promised."""


def dicom(folder: Path, content: bytes) -> str:
    """Look into a folder that holds the file, tell what is there, and load it."""
    (folder / "damaged.dcm").write_bytes(content)
    return _scan_and_load(folder)


def zipped(folder: Path, content: bytes) -> str:
    """The same for a zip file."""
    (folder / "damaged.zip").write_bytes(content)
    return _scan_and_load(folder)


class _Overheard(logging.Handler):
    """Collects what the program logs as a fault of its own."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record.getMessage())


@cache
def _overheard() -> _Overheard:
    handler = _Overheard()
    logging.getLogger("lungview").addHandler(handler)
    return handler


def _scan_and_load(folder: Path) -> str:
    faults = _overheard().records
    faults.clear()
    found = scan(folder, Task())
    _require(not faults, f"a fault was logged: {faults[:1]}")
    case = Case(found, load_annotations([folder], found, Task()))
    _tell(case)
    for problem in found.problems:
        require_sentence(problem.message, folder)
    outcome = "left out" if not found.stacks else "loaded"
    for stack in found.stacks[:MOST_LOADED]:
        try:
            volume = load_volume(stack, Task())
        except LungViewError as error:
            require_sentence(str(error), folder)
            outcome = "refused"
            continue
        _require(volume.is_read.all(), "a volume came back unfinished")
        for failure in read_overlays(stack, Task(), first=0, on_read=partial(_require_as_large, volume)):
            require_sentence(failure, folder)
        _require_numbers(volume)
    return outcome


def _require_as_large(volume: Volume, _index: int, graphics: SliceGraphics) -> None:
    _require(graphics.mask.shape == volume.voxels.shape[1:3], "graphics are not as large as their slice")


def _require_numbers(volume: Volume) -> None:
    """Hold a volume to finite voxels, and to places in the patient that can be found again."""
    _require(bool(np.isfinite(volume.voxels).all()), "a voxel is no finite number")
    geometry = volume.geometry
    corner = np.array([[0.0, 0.0, 0.0], [geometry.slices - 1.0, geometry.rows - 1.0, geometry.columns - 1.0]])
    points = geometry.to_patient(corner)
    _require(bool(np.isfinite(points).all()), "a corner of the volume lies nowhere")
    back = geometry.to_voxels(points)
    _require(bool(np.allclose(back[:, 1:], corner[:, 1:], atol=0.5)), "a corner's place cannot be found again")
    _require(math.isfinite(geometry.slice_spacing_mm), "the distance between slices is no number")


def _tell(case: Case) -> None:
    json.dumps(info_document(case), indent=2, allow_nan=False).encode()
    "\n".join(info_lines(case)).encode()


def xml(folder: Path, content: bytes) -> str:
    """Link an annotation file to the slice that its name names."""
    found, uid = _one_slice()
    (folder / f"{uid}.xml").write_bytes(content)
    annotations = load_annotations([folder], found, Task())
    _tell(Case(found, annotations))
    for note in annotations.problems:
        require_sentence(note.message, folder)
    for findings in annotations.findings.values():
        for finding in findings:
            _require(all(map(math.isfinite, finding.box.as_tuple())), "a box is not made of numbers")
    return "boxes" if annotations.box_count else "no box"


@cache
def _one_slice() -> tuple[ScanResult, str]:
    recipe = Recipe(random_stored(1, 24, 20))
    with TemporaryDirectory() as name:
        write_series(Path(name), recipe)
        return scan(Path(name), Task()), recipe.sop_uid(0)


def safetensors(folder: Path, content: bytes) -> str:
    """Look at a weights file without torch, then build a network from it."""
    from lungview.detection.build import build_network
    from lungview.detection.safetensors_header import read_header

    path = folder / "weights.safetensors"
    path.write_bytes(content)
    return _refused(lambda: read_header(path), folder) or _refused(lambda: build_network(path), folder) or "loaded"


def card(folder: Path, content: bytes) -> str:
    """Show a model whose card is damaged on the shelf."""
    from lungview.detection.store.store import ModelStore

    model = folder / "mine-0001"
    model.mkdir()
    (model / "model.json").write_bytes(content)
    (model / "model.safetensors").write_bytes(b"")
    store = ModelStore(folder)
    shelf = store.shelf()
    mine = next(each for each in shelf.models if not each.is_bundled)
    return _refused(lambda: store.text(mine.name), folder) or ("spoilt" if mine.trouble else "shown")


def csv(folder: Path, content: bytes) -> str:
    """Read the list of pictures, and look for them."""
    from lungview_training.pictures import identity, read_pictures

    (folder / "boxes.csv").write_bytes(content)
    return _refused(lambda: identity(read_pictures(folder)), folder) or "read"


def toml(folder: Path, content: bytes) -> str:
    """Read a picture folder's settings, and a training's."""
    from lungview_training.config import load_config
    from lungview_training.pictures import read_settings

    path = folder / "dataset.toml"
    path.write_bytes(content)
    return _refused(lambda: read_settings(folder), folder) or _refused(lambda: load_config(path), folder) or "read"


def png(folder: Path, content: bytes) -> str:
    """Look at a picture before a training, and read it."""
    from lungview_training.dataset import read_images

    (folder / "images" / "A").mkdir(parents=True)
    (folder / "images" / "A" / "1.png").write_bytes(content)
    (folder / "boxes.csv").write_bytes(b"subject,slice,xmin,ymin,xmax,ymax\nA,1,2,2,9,9\n")
    (folder / "dataset.toml").write_bytes(b'values = "grey"\n')
    left_out: list[str] = []
    refusal = _refused(lambda: read_images(folder, lambda *told: left_out.append(str(told))), folder)
    return refusal or ("left out" if left_out else "read")


def marks(folder: Path, content: bytes) -> str:
    """Read and save a reader's record."""
    from lungview.marks.record import CaseRecord
    from lungview.marks.store import RecordStore

    store = RecordStore(folder)
    store.file("0").write_bytes(content)
    refusal = _refused(lambda: store.save("0", CaseRecord(), store.load("0")), folder)
    return refusal or ("put aside" if len(list(folder.iterdir())) > 2 else "read")


def _refused(work: Callable[[], object], folder: Path) -> str:
    try:
        work()
    except LungViewError as error:
        require_sentence(str(error), folder)
        return "refused"
    return ""


def require_sentence(text: str, folder: Path) -> None:
    """Hold a message to what readers are promised: a sentence, and no folder in it."""
    _require(text.rstrip().endswith((".", "!", "?")), f"no sentence: {text!r}")
    _require(str(folder) not in text, f"a folder is told: {text!r}")
    _require(len(text) < 2000, f"a message is {len(text)} characters long")


def _require(is_kept: object, promise: str) -> None:
    if not is_kept:
        raise BrokenPromiseError(promise)


TARGETS: dict[str, Target] = {
    "dicom": dicom, "zip": zipped, "xml": xml, "safetensors": safetensors, "card": card,
    "csv": csv, "toml": toml, "png": png, "marks": marks,
}  # fmt: skip

SHARES = {"dicom": 72, "zip": 6, "xml": 8, "safetensors": 3, "card": 2, "csv": 3, "toml": 2, "png": 2, "marks": 2}
"""Of a hundred files, how many are of each kind."""
