"""Whose DICOM slices they are, and what tells one state of their files from another; no pixel is decoded here."""

from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from lungview.annotations.folders import find_annotation_folders
from lungview.domain.study import FileSource, Instance, Patient, ProblemKind, Stack, Study
from lungview.reading.case import Case, own_boxes_folder
from lungview_training.config import SUBTYPES, SourceConfig
from lungview_training.grouping import Link
from lungview_training.labelled import Findings, boxed_heights, boxed_stacks
from lungview_training.pictures import file_state
from lungview_training.samples import subtype_of


@dataclass(frozen=True, slots=True)
class LabelledPatient:
    """Some studies of one patient under the name that splits know it by."""

    name: str
    subtype: str
    studies: tuple[Study, ...]


def labelled_patients(case: Case, subtype: str = "") -> list[LabelledPatient]:
    """Patients by ID; where files name none, by the folder that their study lies in."""
    studies: dict[str, list[Study]] = {}
    for number, patient in enumerate(case.scan.patients, start=1):
        for study in patient.studies:
            studies.setdefault(_name(patient, number, study, case.scan.root), []).append(study)
    return [
        LabelledPatient(name, subtype_of(name, subtype) or _label_of(found, case), tuple(found))
        for name, found in studies.items()
    ]


def slice_name(instance: Instance) -> str:
    """What splits know a slice by: its SOP Instance UID, and the frame where an instance holds several."""
    uid = instance.sop_instance_uid
    return f"{uid}#{instance.frame}" if instance.frames > 1 else uid


def source_key(source: SourceConfig) -> str:
    """What changes when any file that a DICOM source is read from does: names, sizes and times, not contents."""
    digest = blake2b(digest_size=16)
    stores = [source.annotations] if source.annotations else [*find_annotation_folders(source.path, is_narrowed=False)]
    for place in (source.path, *stores, own_boxes_folder()):
        files = _files(place) if place.is_dir() else [place]
        for path in files:
            relative = path.relative_to(place) if path != place else Path(path.name)
            digest.update(repr((relative.as_posix(), file_state(path))).encode())
    return f"{source.path.name} {source.subtype} {digest.hexdigest()}"


def repeated_links(case: Case) -> list[Link]:
    """Whose images were left out since another file held them already: perhaps the same person under two names."""
    repeated = [each.source for each in case.scan.problems if each.kind is ProblemKind.DUPLICATE]
    if not repeated:
        return []
    owners = {
        instance.sop_instance_uid: patient.name
        for patient in labelled_patients(case)
        for study in patient.studies
        for series in study.series
        for stack in series.stacks
        for instance in stack.instances
    }
    links = []
    for source in repeated:
        patient, uid = _owner(source)
        if patient and uid in owners:
            links += [(owners[uid], f"image {uid}"), (patient, f"image {uid}")]
    return list(dict.fromkeys(links))


def _owner(source: FileSource) -> tuple[str, str]:
    """Patient ID and SOP Instance UID of a file, "" where it does not tell."""
    if source.member:
        return "", ""
    try:
        header = dcmread(source.path, stop_before_pixels=True, specific_tags=["PatientID", "SOPInstanceUID"])
        return str(header.get("PatientID", "")).strip(), str(header.get("SOPInstanceUID", "")).strip()
    except (OSError, InvalidDicomError, ValueError):
        return "", ""


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if not path.is_dir())


def _name(patient: Patient, number: int, study: Study, root: Path) -> str:
    if patient.id:
        return patient.id
    for path in (each.source.path for series in study.series for stack in series.stacks for each in stack.instances):
        if path.is_relative_to(root) and len(path.relative_to(root).parts) > 1:
            return path.relative_to(root).parts[0]
    return f"patient {number}"


def _label_of(studies: list[Study], case: Case) -> str:
    """The letter that readers wrote most often into a patient's boxes, where it is one of a subtype."""
    found = (
        finding.label.strip().upper()
        for study in studies
        for _, findings in boxed_stacks(study, case)
        for boxes in findings.values()
        for finding in boxes
    )
    counts = Counter(label for label in found if label in SUBTYPES)
    return min(counts, key=lambda label: (-counts[label], label), default="")


def case_key(patient: LabelledPatient, stacks: list[tuple[Stack, Findings]], case: Case) -> str:
    """What a patient's samples are made from: images, their files, boxes, and where else boxes forbid negatives."""
    digest = blake2b(digest_size=16)
    for stack, findings in stacks:
        digest.update(f"{stack.key} {stack.name}\n".encode())
        for index, instance in enumerate(stack.instances):
            boxes = [finding.box.as_tuple() for finding in findings.get(index, ())]
            digest.update(repr((instance.sop_instance_uid, instance.frame, boxes)).encode())
            digest.update(repr((instance.source.member, file_state(instance.source.path))).encode())
    for study in patient.studies:
        digest.update(repr((study.uid, boxed_heights(study, case).tolist())).encode())
    return f"case {patient.name} {patient.subtype} {digest.hexdigest()}"
