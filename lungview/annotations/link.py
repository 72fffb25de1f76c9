"""Link annotation files to the images of a scan by SOP Instance UID, and say what found no partner."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lungview.annotations.checks import LinkedImage, chosen_of, notes_on
from lungview.annotations.sources import annotation_sources, read_sources
from lungview.annotations.values import AnnotationFile, AnnotationIssue, AnnotationNote, Annotations
from lungview.annotations.voc import read_annotation
from lungview.domain.finding import Finding
from lungview.domain.study import FileSource, ScanResult
from lungview.errors import AnnotationError
from lungview.task import Task


def load_annotations(
    folders: Sequence[Path], scan: ScanResult, task: Task, own_folder: Path | None = None
) -> Annotations:
    """Read the annotation files of folders (or zip files) and link them to the scan's images.

    own_folder: where the reader's own boxes are kept; only those of the scan's images are taken from there, and they
    stand beside the originals'. No single file is fatal: each problem is told in the result. Raises Cancelled.
    """
    images = {
        instance.sop_instance_uid: LinkedImage(instance, stack)
        for stack in scan.stacks
        for instance in stack.instances
        if instance.sop_instance_uid
    }
    sources, problems = annotation_sources(folders, task)
    sources += _own_sources(own_folder, images, sources, task)
    linked = _Linked(problems=problems)
    for file in _read_all(sources, linked, task):
        _put(file, images, linked)
    for uid, files in linked.files.items():
        _use(files, images[uid], linked)
    return Annotations(
        folders=tuple(folders),
        findings=linked.findings,
        linked=tuple(linked.used),
        unmatched=tuple(linked.unmatched),
        unboxed=_unboxed(scan, linked.files),
        captures=frozenset(uid for uid in linked.files if images[uid].is_capture),
        problems=tuple(linked.problems),
    )


@dataclass(slots=True)
class _Linked:
    """What linking has brought together so far; files: by SOP Instance UID."""

    problems: list[AnnotationNote]
    files: dict[str, list[AnnotationFile]] = field(default_factory=lambda: defaultdict(list))
    findings: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    used: list[FileSource] = field(default_factory=list)
    unmatched: list[FileSource] = field(default_factory=list)


def _own_sources(
    folder: Path | None, images: Mapping[str, LinkedImage], others: Collection[FileSource], task: Task
) -> list[FileSource]:
    """The reader's own files about these images; those of other patients stay out of sight."""
    if folder is None or not folder.is_dir():
        return []
    sources, _ = annotation_sources([folder], task)
    known = set(others)
    return [source for source in sources if source.path.stem in images and source not in known]


def _read_all(sources: Sequence[FileSource], linked: _Linked, task: Task) -> list[AnnotationFile]:
    files = []
    for done, (source, data) in enumerate(read_sources(sources, task)):
        task.step(done, len(sources))
        try:
            if isinstance(data, AnnotationError):
                raise data
            files.append(read_annotation(source, data))
        except AnnotationError as error:
            linked.problems.append(AnnotationNote(AnnotationIssue.UNREADABLE, source, str(error)))
    return files


def _put(file: AnnotationFile, images: Mapping[str, LinkedImage], linked: _Linked) -> None:
    """Put a file to the first image it may mean, or among the unmatched."""
    uid = next((uid for uid in file.uids if uid in images), None)
    if uid is not None:
        linked.files[uid].append(file)
        return
    linked.unmatched.append(file.source)
    if not file.uids:
        message = f"{file.source.name} names no image; call it <SOP Instance UID>.xml, as the dataset does."
        linked.problems.append(AnnotationNote(AnnotationIssue.NO_LINK, file.source, message))


def _use(files: Sequence[AnnotationFile], image: LinkedImage, linked: _Linked) -> None:
    """Take the findings of one original and of one own file; boxes that both hold count once."""
    uid = image.instance.sop_instance_uid
    findings: dict[tuple[object, ...], Finding] = {}
    for kind in ([file for file in files if not file.is_own], [file for file in files if file.is_own]):
        if not kind:
            continue
        chosen, note = chosen_of(kind)
        linked.used.append(chosen.source)
        linked.problems += [replace(note, sop_instance_uid=uid)] if note else []
        linked.problems += notes_on(chosen, image)
        for finding in chosen.findings:
            same = (finding.box, finding.label, finding.frame)
            findings.setdefault(same, replace(finding, sop_instance_uid=uid, is_own=chosen.is_own))
    linked.findings[uid] = tuple(findings.values())


def _unboxed(scan: ScanResult, boxed: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Names of the files without an annotation, by stack."""
    found = {
        stack.key: tuple(each.source.name for each in stack.instances if each.sop_instance_uid not in boxed)
        for stack in scan.stacks
    }
    return {key: names for key, names in found.items() if names}
