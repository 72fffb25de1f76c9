"""A whole case copied without what tells whose it is: made beside its place, and moved there when it is whole."""

import contextlib
import logging
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from lungview.annotations.voc import write_copied
from lungview.deidentify.dataset import Cleaner, holds_any, telling_words
from lungview.deidentify.images import may_show_words, read_image, write_image
from lungview.deidentify.pseudonyms import Pseudonyms
from lungview.deidentify.values import Exported, LeftOut, Options
from lungview.dicom.pydicom_quiet import quiet
from lungview.dicom.sources import SourceReader
from lungview.domain.study import FileSource, Instance, Patient, ProblemKind, StackKind
from lungview.errors import ExportError, NothingFoundError
from lungview.files import nearest_existing
from lungview.reading.case import Case
from lungview.task import Task

log = logging.getLogger(__name__)

IMAGES, ANNOTATIONS = "images", "Annotation"
_STAGED: Final = ".lungview-export-"
_STALE_S: Final = 24 * 3600.0
_SPARE: Final = 4_000_000


@dataclass(frozen=True, slots=True)
class _File:
    """One file to copy. place: inside the copy, without its patient's folder. planes: what LungView shows of it."""

    source: FileSource
    place: Path
    planes: tuple[Instance, ...]
    is_capture: bool


def export(case: Case, folder: Path, options: Options, task: Task) -> Exported:
    """Copy a case's images, and its readers' boxes where asked, de-identified, into a folder that is new or empty.

    Raises ExportError where that cannot be, NothingFoundError where the case holds no image, and Cancelled; nothing is
    left of a copy that did not become whole.
    """
    if not case.scan.stacks:
        raise NothingFoundError(case.summary_problem())
    require_place(case.scan.root, folder)
    try:
        parent = folder.absolute().parent
        parent.mkdir(parents=True, exist_ok=True)
        _require_room(parent, case)
        _forget_stale(parent)
        staged = parent / f"{_STAGED}{secrets.token_hex(6)}"
        staged.mkdir()
        try:
            writer = _Writer(case, staged, options, task)
            exported = writer.write(folder)
            _move(staged, folder)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise ExportError(
            f"The copy could not be written to {folder.name} ({error.strerror or type(error).__name__}): free space, "
            "or choose another folder. Nothing was left there."
        ) from error
    log.info("exported %d images without identity", exported.images)
    return exported


class _Writer:
    """Writes one copy; counts what it leaves out."""

    def __init__(self, case: Case, folder: Path, options: Options, task: Task) -> None:
        self._case, self._folder, self._options, self._task = case, folder, options, task
        self._names = Pseudonyms()
        self._left: Counter[LeftOut] = Counter()
        self._images = self._boxes = self._done = 0
        self._written: set[str] = set()

    def write(self, told: Path) -> Exported:
        """Write all; told: the folder that the copy will be moved to."""
        scan = self._case.scan
        total = len({plane.source for stack in scan.stacks for plane in stack.instances})
        patients = 0
        with SourceReader() as reader, quiet():
            for patient in scan.patients:
                before = self._images
                self._write_patient(patient, reader, total)
                patients += self._images > before
        if not self._images:
            raise ExportError(
                "No image could be copied: all are pictures of screens, which may show a name, or cannot be read. "
                "Ask for such pictures too where you have looked at them."
            )
        self._left[LeftOut.OTHER_OBJECT] += sum(each.kind is ProblemKind.NOT_AN_IMAGE for each in scan.problems)
        broken = {ProblemKind.BROKEN, ProblemKind.UNSUPPORTED}
        self._left[LeftOut.UNREADABLE] += sum(each.kind in broken for each in scan.problems)
        if self._options.boxes:
            found = self._case.annotations.findings
            self._left[LeftOut.UNPLACED_BOXES] += sum(len(found[uid]) for uid in found.keys() - self._written)
        return Exported(told, patients, self._images, self._boxes, dict(self._left))

    def _write_patient(self, patient: Patient, reader: SourceReader, total: int) -> None:
        key = "\0".join((patient.id, patient.name, patient.birth_date))
        name = self._names.patient(key)
        by = self._names.shift(key) if self._options.shifts_dates else None
        for file in _files_of(patient):
            self._task.step(self._done, total)
            self._done += 1
            if file.is_capture and not self._options.captures:
                self._left[LeftOut.CAPTURE] += 1
                continue
            words = self._copy(file, reader, name, by)
            if words is None:
                continue
            self._images += len(file.planes)
            if self._options.boxes:
                self._write_boxes(file.planes[0], words, self._folder / ANNOTATIONS / name)

    def _copy(self, file: _File, reader: SourceReader, name: str, by: timedelta | None) -> set[str] | None:
        """Write one file's copy and return the words that tell of its patient; None where it was left out."""
        try:
            dataset = read_image(reader, file.source)
        except Exception as error:  # a file that is odd, or gone
            self._leave_out(LeftOut.UNREADABLE, error)
            return None
        if may_show_words(dataset) and not self._options.captures:
            self._leave_out(LeftOut.CAPTURE)
            return None
        words = telling_words(dataset)
        try:
            write_image(dataset, Cleaner(self._names, name, words, by), self._folder / IMAGES / name / file.place)
        except OSError:
            raise
        except Exception as error:  # values that pydicom cannot write
            self._leave_out(LeftOut.UNREADABLE, error)
            return None
        return words

    def _leave_out(self, why: LeftOut, error: Exception | None = None) -> None:
        self._left[why] += 1
        if error is not None:
            log.warning("a file was left out of a copy: %s", type(error).__name__)

    def _write_boxes(self, plane: Instance, words: set[str], folder: Path) -> None:
        """Write an image's boxes; a label that holds one of the words goes."""
        uid = plane.sop_instance_uid
        findings = [
            replace(found, label="") if holds_any(found.label, words) else found
            for found in self._case.annotations.findings.get(uid, ())
        ]
        self._written.add(uid)
        if findings:
            write_copied(folder, self._names.uid(uid), findings, rows=plane.pixels.rows, columns=plane.pixels.columns)
            self._boxes += len(findings)


def _files_of(patient: Patient) -> Iterator[_File]:
    """A patient's files, each once, with their places numbered in the order in which they are shown."""
    for study_number, study in enumerate(patient.studies, start=1):
        for series_number, series in enumerate(study.series, start=1):
            place = Path(f"study-{study_number}") / f"series-{series_number}"
            planes: dict[FileSource, list[Instance]] = {}
            captures: set[FileSource] = set()
            for stack in series.stacks:
                for plane in stack.instances:
                    planes.setdefault(plane.source, []).append(plane)
                    if stack.kind is StackKind.CAPTURE:
                        captures.add(plane.source)
            for number, (source, shown) in enumerate(planes.items(), start=1):
                yield _File(source, place / f"{number:05d}.dcm", tuple(shown), source in captures)


def require_place(root: Path, folder: Path) -> None:
    """Refuse a folder that holds something, or that lies in the case itself."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder.name} is there already and is not empty: name a new folder for the copy.")
    inside = root.resolve() if root.is_dir() else root.resolve().parent
    if root.is_dir() and folder.resolve().is_relative_to(inside):
        raise ExportError(
            f"{folder.name} lies inside the folder that is copied: choose one outside, so that the two never mix."
        )


def _require_room(parent: Path, case: Case) -> None:
    sources = {plane.source.path for stack in case.scan.stacks for plane in stack.instances}
    needed = sum(path.stat().st_size for path in sources) + _SPARE
    free = shutil.disk_usage(nearest_existing(parent)).free
    if free < needed:
        raise ExportError(
            f"The copy needs {needed / 1e6:.0f} MB and the disk has {free / 1e6:.0f} MB left: free space, or choose "
            "another disk."
        )


def _move(staged: Path, folder: Path) -> None:
    """Give the whole copy its name; a folder that someone has filled meanwhile is left alone."""
    with contextlib.suppress(FileNotFoundError):
        folder.rmdir()  # fails unless empty
    staged.rename(folder)


def _forget_stale(parent: Path) -> None:
    """Remove copies that were cut off by a crash; a younger one may still be at work."""
    for left in parent.glob(f"{_STAGED}*"):
        with contextlib.suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE_S:
                shutil.rmtree(left)
