"""The reader's own boxes as annotation files, and which cases the reader has called reviewed."""

import contextlib
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from os.path import commonpath
from pathlib import Path

from lungview.annotations.voc import is_own_file, write_findings
from lungview.domain.finding import Finding
from lungview.domain.study import ScanResult, Stack, Study
from lungview.errors import AnnotationError
from lungview.marks.mark import Mark, Marks, Origin, OriginKind, Place, new_id
from lungview.marks.record import CaseRecord
from lungview.marks.store import RecordStore
from lungview.places import data_folder

Sizes = Mapping[str, tuple[int, int]]
"""SOP Instance UID -> rows and columns of its image."""


def study_of(scan: ScanResult, stack: Stack) -> Study | None:
    """The study that a stack belongs to."""
    for patient in scan.patients:
        for study in patient.studies:
            if any(each.key == stack.key for series in study.series for each in series.stacks):
                return study
    return None


def case_key(scan: ScanResult, stack: Stack) -> str:
    """Name the case that a stack belongs to: its study, wherever the files lie; says nothing of the patient."""
    study = study_of(scan, stack)
    if study is not None and study.uid:
        named = f"study {study.uid}"
    else:
        named = "\n".join(sorted(f"{each.sop_instance_uid}/{each.frame}" for each in stack.instances))
    return hashlib.sha256(named.encode()).hexdigest()[:32]


def case_path(scan: ScanResult, stack: Stack) -> Path:
    """The folder that all files of a stack's study have in common, or the zip file that holds them."""
    sources = {instance.source for each in _stacks_of_case(scan, stack) for instance in each.instances}
    if any(source.member for source in sources):
        return next(source.path for source in sources if source.member).absolute()
    return Path(commonpath([source.path.absolute().parent for source in sources]))


def image_sizes(scan: ScanResult, stack: Stack) -> dict[str, tuple[int, int]]:
    """Sizes of a case's images, which annotation files tell."""
    return {
        instance.sop_instance_uid: (instance.pixels.rows, instance.pixels.columns)
        for each in _stacks_of_case(scan, stack)
        for instance in each.instances
    }


def _stacks_of_case(scan: ScanResult, stack: Stack) -> list[Stack]:
    """All stacks of a stack's study; itself alone where no study holds it."""
    study = study_of(scan, stack)
    return [stack] if study is None else [each for series in study.series for each in series.stacks]


def imported(findings: Iterable[Finding]) -> dict[str, Mark]:
    """The marks that own annotation files hold, where the record they were written from is gone."""
    made = {}
    for finding in findings:
        if finding.is_own:
            place = Place(finding.sop_instance_uid, finding.frame)
            mark_id = new_id()
            made[mark_id] = Mark(mark_id, place, finding.box, mark_id, finding.label, finding.author, finding.time)
    return made


def taken_over(finding: Finding, lesion: str, author: str, time: str) -> Mark:
    """An original's box as the reader's own, noting whose it was."""
    origin = Origin(OriginKind.READER, by=finding.author, box=finding.box)
    place = Place(finding.sop_instance_uid, finding.frame)
    return Mark(new_id(), place, finding.box, lesion, finding.label, author, time, origin)


def write_boxes(folder: Path, before: Marks, after: Marks, sizes: Sizes) -> None:
    """Bring a folder of annotation files from one state of the marks to another, an image per file.

    An image that has no mark any more loses its file. Raises AnnotationError: nothing of others is ever touched.
    """
    old, new = _by_image(before), _by_image(after)
    for uid in sorted(old.keys() | new.keys()):
        path = folder / f"{uid}.xml"
        if old.get(uid) == new.get(uid) and path.exists() == (uid in new):
            continue
        if uid in new and uid in sizes:
            rows, columns = sizes[uid]
            write_findings(folder, uid, [mark.as_finding() for mark in new[uid]], rows=rows, columns=columns)
        elif uid not in new and path.exists():
            _remove(path)


def _remove(path: Path) -> None:
    if not is_own_file(path):
        raise AnnotationError(
            f"{path.name} was not written by LungView and stays; choose another folder for your boxes."
        )
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise AnnotationError(f"{path.name} can't be removed ({error.strerror}); check its rights.") from error


def _by_image(marks: Marks) -> dict[str, list[Mark]]:
    found: dict[str, list[Mark]] = {}
    for mark in sorted(marks.values(), key=lambda mark: (mark.place, mark.id)):
        found.setdefault(mark.place.sop_instance_uid, []).append(mark)
    return found


@dataclass(frozen=True, slots=True)
class OwnCase:
    """A case that was opened before.

    folder: its images. annotations: the reader's own annotation files, and no others. boxes: how many. unsure: how
    unsure a model is of it, in [0, 1], by the hash of its weights.
    """

    key: str
    folder: Path
    annotations: Path
    boxes: int
    is_reviewed: bool
    opened: str
    unsure: Mapping[str, float]


def own_cases(home: Path | None = None, boxes: Path | None = None) -> tuple[OwnCase, ...]:
    """Every case opened before whose images are still there. home: the data folder. boxes: where own files are."""
    home = home or data_folder()
    store = RecordStore(home / "marks")
    found = [_own_case(key, record, boxes or home / "boxes") for key, record in store.all() if record.path]
    return tuple(each for each in found if _is_there(each.folder))


def reviewed_cases(home: Path | None = None, boxes: Path | None = None) -> tuple[OwnCase, ...]:
    """The cases that the reader called reviewed and that have boxes to learn from, in a settled order.

    To train on exactly these, give each one's folder and annotations as a source.
    """
    return tuple(each for each in own_cases(home, boxes) if each.is_reviewed and each.boxes)


def suggest_next(cases: Iterable[OwnCase], weights_sha256: str, current: str = "") -> OwnCase | None:
    """Of the opened cases without review, the one a model is least sure of, then the one opened longest ago.

    current: key of the case that is open, which is not suggested. None where there is none left.
    """
    waiting = [each for each in cases if not each.is_reviewed and each.key != current]
    return min(waiting, key=lambda each: (-each.unsure.get(weights_sha256, -1.0), each.opened, each.key), default=None)


def _own_case(key: str, record: CaseRecord, boxes: Path) -> OwnCase:
    return OwnCase(
        key, Path(record.path), boxes / key, len(record.marks), record.is_reviewed, record.opened, record.unsure
    )


def _is_there(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.exists()
    return False
