"""What a folder, file or zip holds, with the readers' findings linked to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from lungview.annotations.folders import find_annotation_folders, names_around, narrow
from lungview.annotations.link import load_annotations
from lungview.annotations.values import AnnotationIssue, AnnotationNote, Annotations
from lungview.dicom.scan import scan as scan_files
from lungview.domain.finding import Finding
from lungview.domain.study import FileSource, ProblemKind, ScanResult, Stack
from lungview.patience import StalledError, answer
from lungview.places import data_folder
from lungview.task import Task

_SEARCH_S: Final = 60.0
"""How long a search for annotation folders may take, on a slow drive too."""


@dataclass(frozen=True, slots=True)
class Case:
    """A scanned path with its annotations."""

    scan: ScanResult
    annotations: Annotations = field(default_factory=Annotations)

    def findings_by_slice(self, stack: Stack) -> dict[int, tuple[Finding, ...]]:
        """Readers' findings of a stack by slice index; only slices that have any."""
        found: dict[int, tuple[Finding, ...]] = {}
        for index, instance in enumerate(stack.instances):
            findings = self.annotations.findings.get(instance.sop_instance_uid, ())
            own = tuple(finding for finding in findings if finding.frame == instance.frame)
            if own:
                found[index] = own
        return found

    def has_reader_boxes(self, stack: Stack) -> bool:
        """Whether a reader drew anything on this stack."""
        return any(self.annotations.findings.get(instance.sop_instance_uid) for instance in stack.instances)

    def summary_problem(self) -> str:
        """A sentence on why there is nothing to show, "" where there is something."""
        if self.scan.stacks:
            return ""
        name = self.scan.root.name or "This folder"
        problems = self.scan.problems
        broken = [problem for problem in problems if problem.kind in {ProblemKind.BROKEN, ProblemKind.UNSUPPORTED}]
        if broken:
            return f"No image of {name} could be read: {broken[0].message}"
        if any(problem.kind is ProblemKind.NOT_AN_IMAGE for problem in problems):
            return f"{name} holds DICOM files but no images; open the folder with the CT slices."
        if problems:
            return (
                f"{name} holds no DICOM files, only {len(problems)} of other kinds; open the folder with the CT slices."
            )
        return f"{name} is empty; open a folder, DICOMDIR or zip file with CT slices."


def own_boxes_folder() -> Path:
    """Where the reader's own boxes are written, away from every original."""
    return data_folder() / "boxes"


def open_case(path: Path, task: Task, annotations: Path | None = None, *, readies_decoders: bool = False) -> Case:
    """Scan a folder, file, DICOMDIR or zip, and link the annotations found for it.

    annotations: a folder (or zip) the reader named, instead of the one found. readies_decoders: whether pixels are
    asked for next. A path with nothing to show is a case too: its summary_problem says why. Raises LungViewError where
    the path can't be opened at all, and Cancelled.
    """
    scan = scan_files(path, task, readies_decoders=readies_decoders)
    return Case(scan, _linked(path, scan, task, annotations))


def _linked(path: Path, scan: ScanResult, task: Task, named: Path | None) -> Annotations:
    """Link what lies in the patients' own annotation folders; look through all of them where that leaves some out."""
    try:
        everywhere, near = answer(partial(_folders, path, scan, named), task, _SEARCH_S)
    except StalledError:
        text = "The drive no longer answers, so that no readers' boxes are shown. Check it, then open the case again."
        return Annotations(problems=(AnnotationNote(AnnotationIssue.UNREADABLE, FileSource(path), text),))
    linked = load_annotations(near, scan, task, own_boxes_folder())
    if set(near) != set(everywhere) and not _every_patient_has_some(scan, linked.findings):
        return load_annotations(everywhere, scan, task, own_boxes_folder())
    return linked


def _folders(path: Path, scan: ScanResult, named: Path | None) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Annotation folders found for a path, and of these the patients' own."""
    everywhere = (named,) if named is not None else find_annotation_folders(path, is_narrowed=False)
    names = {*(patient.id for patient in scan.patients), *names_around(path.resolve())}
    return everywhere, tuple(dict.fromkeys(each for folder in everywhere for each in narrow(folder, names)))


def _every_patient_has_some(scan: ScanResult, findings: Mapping[str, tuple[Finding, ...]]) -> bool:
    return all(
        any(
            instance.sop_instance_uid in findings
            for study in patient.studies
            for series in study.series
            for stack in series.stacks
            for instance in stack.instances
        )
        for patient in scan.patients
    )
