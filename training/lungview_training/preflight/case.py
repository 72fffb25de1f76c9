"""DICOM folders looked at before a training: which boxes link to which slices, from headers and XML alone."""

from collections.abc import Iterator, Sequence

from lungview.annotations.values import AnnotationIssue, Annotations
from lungview.dicom.geometry import volume_geometry
from lungview.dicom.scan import scan
from lungview.domain.study import FileProblem, ProblemKind, Stack, Study
from lungview.reading.case import Case
from lungview.task import Task
from lungview_training.config import SUBTYPES, SourceConfig
from lungview_training.labelled import Findings, boxed_heights, boxed_stacks, detectable_stacks, judged_slices
from lungview_training.patients import LabelledPatient, labelled_patients, repeated_links, slice_name, source_key
from lungview_training.preflight.look import Look, SliceFact, count
from lungview_training.preflight.report import Topic
from lungview_training.samples import SAMPLE_MM, subtype_of
from lungview_training.shard_store import ShardStore

_ODD = frozenset(
    {
        *(AnnotationIssue.NO_BOX, AnnotationIssue.BAD_COORDINATES, AnnotationIssue.NO_AREA),
        *(AnnotationIssue.SIZE_DIFFERS, AnnotationIssue.FRAME_UNKNOWN, AnnotationIssue.DIFFERENT_TWICE),
    }
)
_OUTSIDE = frozenset({AnnotationIssue.OUTSIDE, AnnotationIssue.PARTLY_OUTSIDE})
_UNKNOWN_SIDE = 224


def look_at_case(source: SourceConfig, store: ShardStore | None, look: Look, case: Case) -> None:
    """DICOM with readers' XML."""
    _tell_files(case.scan.problems, look)
    summary = case.summary_problem()
    if summary:
        look.stop(Topic.SOURCE, summary)
        return
    for patient in labelled_patients(case, source.subtype):
        _look_at_patient(patient, case, look)
    look.links += repeated_links(case)
    _tell_annotations(source, case, look)
    if store is not None and not store.has_listed(source_key(source)):
        look.cache_bytes = look.held_bytes


def look_at_labels(source: SourceConfig, look: Look, task: Task) -> None:
    """DICOM with a table that says which slices or series hold a lesion."""
    from lungview_training.labels import read_table  # beside code that needs torch

    table = read_table(source.path)
    found = scan(source.path, task)
    _tell_files(found.problems, look)
    for number, patient in enumerate(found.patients, start=1):
        name = patient.id or f"patient {number}"
        subtype = subtype_of(name, source.subtype)
        for study, series, stack in _stacks(patient.studies):
            for instance in stack.instances:
                label = table.slices.get(instance.sop_instance_uid)
                known = label if label is not None else table.series.get(series)
                if known is None:
                    look.left_out[name] += 1
                    continue
                fact = SliceFact(name, instance.sop_instance_uid, subtype, study, has_lesion=known)
                look.slices.append(fact)
                look.held_bytes += _bytes(stack)
    if not look.slices:
        look.stop(Topic.NO_MATCH, f"The table of {source.path.name} names none of its CT slices: check its UIDs.")


def _stacks(studies: Sequence[Study]) -> Iterator[tuple[str, str, Stack]]:
    """Study UID, series UID and stack of what a network may be asked about."""
    return ((study.uid, stack.series_uid, stack) for study in studies for stack in detectable_stacks(study))


def _look_at_patient(patient: LabelledPatient, case: Case, look: Look) -> None:
    letters = set()
    for study in patient.studies:
        heights = boxed_heights(study, case)
        for stack, findings in boxed_stacks(study, case):
            judged = judged_slices(volume_geometry(stack), findings, heights)
            look.left_out[patient.name] += stack.slice_count - len(judged)
            look.held_bytes += stack.slice_count * _bytes(stack)
            look.slices += (_fact(patient, study, stack, index, findings) for index in judged)
            letters |= {each.label.strip().upper() for found in findings.values() for each in found}
    others = sorted((letters & set(SUBTYPES)) - {patient.subtype})
    if patient.subtype and others:
        look.note(
            Topic.LABELS,
            f"Readers wrote {', '.join(others)} into boxes of {patient.name}, who counts as {patient.subtype}. Set "
            "subtype for the source where that is wrong.",
        )


def _fact(patient: LabelledPatient, study: Study, stack: Stack, index: int, findings: Findings) -> SliceFact:
    boxes = len(findings.get(index, ()))
    name = slice_name(stack.instances[index])
    return SliceFact(patient.name, name, patient.subtype, study.uid, boxes=boxes, has_lesion=boxes > 0)


def _bytes(stack: Stack) -> int:
    """Of one slice and its labels once brought to the samples' pixel size."""
    first = stack.instances[0]
    rows, columns = first.pixels.rows, first.pixels.columns
    if first.pixel_spacing_mm is None:
        down = across = _UNKNOWN_SIDE / max(rows, columns)
    else:
        down, across = (spacing / SAMPLE_MM for spacing in first.pixel_spacing_mm)
    return int(min(rows * down, 512) * min(columns * across, 512) * 3)


def _tell_files(problems: Sequence[FileProblem], look: Look) -> None:
    broken = [each for each in problems if each.kind in {ProblemKind.BROKEN, ProblemKind.UNSUPPORTED}]
    if broken:
        look.warn(
            Topic.UNREADABLE,
            f"{count(len(broken), 'file')} cannot be read; left out. The first: {broken[0].message}",
            tuple(each.source.name for each in broken),
        )
    repeated = [each.source.name for each in problems if each.kind is ProblemKind.DUPLICATE]
    if repeated:
        look.note(
            Topic.DUPLICATES,
            f"{count(len(repeated), 'file')} with an image that another file holds already; each image is used once. "
            "Nothing need be done.",
            tuple(repeated),
        )


def _tell_annotations(source: SourceConfig, case: Case, look: Look) -> None:
    annotations = case.annotations
    if any(fact.has_lesion for fact in look.slices):
        _tell_captures(annotations, look)
        _tell_unmatched(annotations, look)
        _tell_unboxed(case, look)
    else:
        look.stop(*_why_nothing(source, annotations))
    _tell_odd(annotations, look)


def _why_nothing(source: SourceConfig, annotations: Annotations) -> tuple[Topic, str]:
    """Why no CT slice has a box."""
    name = source.path.name
    if not annotations.linked and not annotations.unmatched:
        return (
            Topic.NO_XML,
            f"No readers' XML was found in or beside {name}: put the folder Annotation beside it, or name its place "
            'with annotations = "FOLDER".',
        )
    if not annotations.linked:
        number = count(len(annotations.unmatched), "XML file")
        return (
            Topic.NO_MATCH,
            f"None of {number} belongs to an image of {name}: their names are not SOP Instance UIDs found there. "
            "Check that images and annotations are of the same patients.",
        )
    if annotations.captures:
        return (
            Topic.CAPTURES,
            f"All boxes of {name} are on secondary captures, which hold no CT numbers and are not learned from: add "
            "the CT series that readers boxed.",
        )
    return (
        Topic.LABELS,
        f"No box of {name} lies on a CT slice and has an area: check the boxes in the XML files.",
    )


def _tell_captures(annotations: Annotations, look: Look) -> None:
    if annotations.captures:
        number = count(len(annotations.captures), "boxed image")
        look.note(
            Topic.CAPTURES, f"{number} are secondary captures without CT numbers; left out. Nothing need be done."
        )


def _tell_unmatched(annotations: Annotations, look: Look) -> None:
    if annotations.unmatched:
        names = tuple(each.name for each in annotations.unmatched)
        number = count(len(names), "XML file")
        look.note(
            Topic.NO_MATCH, f"{number} without an image here; left out. Add the images if they are wanted.", names
        )


def _tell_unboxed(case: Case, look: Look) -> None:
    boxed = {fact.patient for fact in look.slices}
    names = tuple(each.name for each in labelled_patients(case) if each.name not in boxed)
    if names:
        look.note(
            Topic.UNBOXED,
            f"{count(len(names), 'patient')} without a box on CT; left out, for no box is no proof of no lesion.",
            names,
        )


def _tell_odd(annotations: Annotations, look: Look) -> None:
    kinds = (
        (Topic.UNREADABLE, frozenset({AnnotationIssue.UNREADABLE}), "that cannot be read"),
        (Topic.OUTSIDE, _OUTSIDE, "with a box outside its image; what lies outside is cut off"),
        (Topic.LABELS, _ODD, "that are odd"),
    )
    for topic, issues, words in kinds:
        found = [note for note in annotations.problems if note.issue in issues]
        if found:
            names = tuple(dict.fromkeys(note.source.name for note in found))
            look.warn(topic, f"{count(len(names), 'XML file')} {words}. The first: {found[0].message}", names)
