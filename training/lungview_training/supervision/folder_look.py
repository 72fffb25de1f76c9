"""What a data folder offers to a training, seen from headers and annotation files alone; no pixel is decoded.

Every reason why it cannot be trained on is a sentence with its remedy.
"""

import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lungview.annotations.folders import find_annotation_folders
from lungview.domain.study import Stack
from lungview.errors import LungViewError
from lungview.reading.case import Case, open_case
from lungview.task import Task
from lungview_training.config import SourceConfig, SourceKind
from lungview_training.labelled import boxed_stacks
from lungview_training.opened_once import OpenCase
from lungview_training.pictures import is_picture_folder, read_pictures
from lungview_training.preflight.report import Remark, Severity, Topic

FEWEST_SLICES = 8
"""Boxed slices under which nothing can be learned and tested."""
ROOM_BYTES = 1 << 30
"""For checkpoints, weights, pictures and decoded slices of a usual training."""
_FEW_SLICES, _FEW_PATIENTS = 30, 3


@dataclass(frozen=True, slots=True)
class FolderLook:
    """What was found. problems: why it cannot be trained on. warnings: what the figures will be worth less for.

    left_out: what no training will see, in sentences. slices: boxed ones. cases: where single cases are learned from,
    each one's source. part: enough of it for a trial step, None where only the whole will do.
    """

    path: Path
    kind: SourceKind = SourceKind.FOLDER
    annotations: tuple[Path, ...] = ()
    patients: int = 0
    series: int = 0
    slices: int = 0
    problems: tuple[str, ...] = ()
    warnings: tuple[Remark, ...] = ()
    left_out: tuple[str, ...] = ()
    cases: tuple[SourceConfig, ...] = ()
    part: SourceConfig | None = None

    @property
    def can_train(self) -> bool:
        """Whether nothing stands against it."""
        return not self.problems

    @property
    def remarks(self) -> tuple[str, ...]:
        """The warnings in words."""
        return tuple(each.message for each in self.warnings)

    def sources(self, annotations: Path | None = None) -> tuple[SourceConfig, ...]:
        """The sources as settings name them; annotations: a folder the reader named."""
        return self.cases or (SourceConfig(self.kind, self.path, title=self.path.name, annotations=annotations),)

    def in_words(self) -> str:
        """One line on what is there."""
        if not self.slices:
            return "No boxed slices"
        people = f"{self.patients} patient{'' if self.patients == 1 else 's'}"
        return f"{self.slices} boxed slices of {people} in {self.series} series"


def look_at_folder(path: Path, annotations: Path | None, task: Task, opened: OpenCase = open_case) -> FolderLook:
    """Find patients, boxed slices and what is in the way. annotations: a folder the reader named."""
    name = path.name or str(path)
    if not path.is_dir():
        return FolderLook(path, problems=(f"{name} is not a folder that can be read: choose another.",))
    if is_picture_folder(path):
        return _pictures(path)
    found, _ = look_at_case(path, annotations, task, opened)
    return found if found.problems else judged(found)


def look_at_case(
    path: Path, annotations: Path | None, task: Task, opened: OpenCase = open_case
) -> tuple[FolderLook, frozenset[str]]:
    """The same for DICOM, whatever its amount; and the names of its patients."""
    from lungview_training.patients import labelled_patients  # pydicom and scipy: half a second, not the dialog's

    try:
        case = opened(path, task, annotations)
    except LungViewError as error:
        return FolderLook(path, problems=(str(error),)), frozenset()
    folders = (annotations,) if annotations else tuple(find_annotation_folders(path, is_narrowed=False))
    by_patient = {
        each.name: [found for study in each.studies for found in boxed_stacks(study, case)]
        for each in labelled_patients(case)
    }
    told = {name: boxed for name, boxed in by_patient.items() if boxed}
    stacks = [found for boxed in told.values() for found in boxed]
    slices = sum(len(boxes) for _, boxes in stacks)
    found = FolderLook(path, SourceKind.FOLDER, folders, len(told), len(stacks), slices, left_out=_left_out(case))
    reason = _reason(case, found, path.name or str(path))
    part = _part([stack for stack, _ in stacks], annotations or (folders[0] if len(folders) == 1 else None))
    return replace(found, problems=(reason,) if reason else (), part=part), frozenset(told)


def _part(stacks: Sequence[Stack], annotations: Path | None) -> SourceConfig | None:
    """The folder of the smallest boxed series, where it has one of its own."""
    for stack in sorted(stacks, key=lambda each: each.slice_count):
        folders = {instance.source.path.parent for instance in stack.instances}
        if len(folders) == 1 and (folder := folders.pop()).is_dir():
            return SourceConfig(SourceKind.FOLDER, folder, title=folder.name, annotations=annotations)
    return None


def room_problems(folder: Path, needed: int = ROOM_BYTES) -> tuple[str, ...]:
    """Why nothing can be kept in a folder that may not exist yet: not writable, or the disk is full."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".{secrets.token_hex(6)}.part"
        probe.write_bytes(b"room")
        probe.unlink()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        return (
            f"LungView's data folder, where the training would be kept, cannot be written ({reason}): "
            "make it writable, or free space.",
        )
    if free < needed:
        return (
            f"The disk of LungView's data folder is nearly full: {free / 2**30:.1f} GB are free, a training wants "
            f"{needed / 2**30:.1f} GB. Free space, or discard old trainings.",
        )
    return ()


def _pictures(path: Path) -> FolderLook:
    try:
        pictures = read_pictures(path)
    except LungViewError as error:
        return FolderLook(path, SourceKind.IMAGES, problems=(str(error),))
    boxed = [each for each in pictures if each.boxes]
    people = len({each.subject for each in boxed})
    found = FolderLook(path, SourceKind.IMAGES, patients=people, series=people, slices=len(boxed))
    return judged(found, "" if boxed else f"{path.name}/boxes.csv names no box: add readers' boxes.")


def _reason(case: Case, found: FolderLook, name: str) -> str:
    """Why there is no boxed slice at all, "" where there is one."""
    if found.slices:
        return ""
    if not case.scan.stacks:
        return case.summary_problem()
    if not any(stack.is_detectable for stack in case.scan.stacks):
        return (
            f"{name} holds only secondary captures or pictures of other kinds, whose greys are no measured CT values: "
            "choose the folder with the CT slices."
        )
    notes = case.annotations
    if notes.unmatched:
        count = len(notes.unmatched)
        read = "1 annotation file (XML) was" if count == 1 else f"{count} annotation files (XML) were"
        return f"{read} read, but none belongs to a slice of {name}: choose the annotation folder of these very images."
    if notes.captures:
        return f"All boxes of {name} lie on secondary captures: box the CT slices themselves."
    if not found.annotations and not notes.linked:
        return (
            f"No readers' boxes (XML) were found beside {name}: choose the annotation folder, or draw boxes in the "
            "viewer first."
        )
    return f"The annotation files of {name} hold no box that can be used: see the geometry and files report."


def judged(found: FolderLook, reason: str = "") -> FolderLook:
    """A look with what its amounts are worth. reason: why it cannot be trained on, where that is known already."""
    problems, warnings = [reason] if reason else [], list[tuple[Topic, str]]()
    if not reason and found.slices < FEWEST_SLICES:
        problems.append(
            f"Only {found.slices} slices carry boxes; at least {FEWEST_SLICES} are needed. Box more slices: a box can "
            "be carried on through its neighbours."
        )
    elif not reason and found.slices < _FEW_SLICES:
        few = f"{found.slices} boxed slices are few: expect a small gain, and wide intervals."
        warnings.append((Topic.FEW, few))
    if found.patients == 1:
        one = (
            "All slices are of one patient: the figures will tell how well this patient is remembered, not how others "
            "will be read. Add patients for a proof."
        )
        warnings.append((Topic.ONE_PATIENT, one))
    elif 1 < found.patients < _FEW_PATIENTS:
        two = "Fewer than three patients: nobody can be held back to prove the model on. Add patients."
        warnings.append((Topic.VALIDATION, two))
    told = tuple(Remark(Severity.WARNING, topic, message) for topic, message in warnings)
    return replace(found, problems=tuple(problems), warnings=told)


def _left_out(case: Case) -> tuple[str, ...]:
    notes = case.annotations
    said = [problem.message for problem in case.scan.problems]
    said += [note.message for note in notes.problems]
    if notes.unmatched and notes.linked:
        said.append(f"{len(notes.unmatched)} annotation files belong to no image of this folder.")
    free = [stack for stack in case.scan.stacks if stack.is_detectable and not case.has_reader_boxes(stack)]
    if free:
        said.append(f"{len(free)} series without any reader's box: nobody says that they hold no lesion.")
    return tuple(said)
