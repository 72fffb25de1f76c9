"""What the cases that the reader called reviewed offer to a training: the reader's own boxes, and no others."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lungview.reading.case import open_case
from lungview.reading.own_boxes import OwnCase, reviewed_cases
from lungview.task import Task
from lungview_training.config import SourceConfig, SourceKind
from lungview_training.opened_once import OpenCase
from lungview_training.supervision.folder_look import FolderLook, judged, look_at_case

_NONE = (
    "No case is called reviewed yet, or none with boxes of your own whose images are still there: open a case, draw or "
    "accept boxes, and mark it as reviewed."
)


def look_at_reviewed(
    task: Task, opened: OpenCase = open_case, *, home: Path | None = None, boxes: Path | None = None
) -> FolderLook:
    """All reviewed cases together. home: the data folder. boxes: where the reader's own files are."""
    return look_at_cases(reviewed_cases(home, boxes), task, opened)


def look_at_cases(cases: Sequence[OwnCase], task: Task, opened: OpenCase = open_case) -> FolderLook:
    """Cases that can be read and have boxed slices, as sources; the others are told of."""
    if not cases:
        return FolderLook(Path(), problems=(_NONE,))
    found = FolderLook(Path())
    patients: set[str] = set()
    for folder, annotations in _places(cases).items():
        task.check()
        case, names = look_at_case(folder, annotations, task, opened)
        patients |= names
        source = SourceConfig(SourceKind.FOLDER, folder, title=folder.name, annotations=annotations)
        found = replace(
            found,
            patients=len(patients),
            series=found.series + case.series,
            slices=found.slices + case.slices,
            left_out=(*found.left_out, *case.problems, *case.left_out),
            cases=(*found.cases, source) if case.slices else found.cases,
            part=found.part or case.part,
        )
    return judged(found)


def _places(cases: Sequence[OwnCase]) -> dict[Path, Path]:
    """Folder of images -> folder of own boxes. Cases that share a folder are one source, with the boxes of them all."""
    places: dict[Path, Path] = {}
    for case in cases:
        places[case.folder] = case.annotations.parent if case.folder in places else case.annotations
    return places
