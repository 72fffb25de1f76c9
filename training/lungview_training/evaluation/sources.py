"""Labelled scans as volumes that any detector can be asked about, from image folders and DICOM trees alike."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lungview.domain.box import Box
from lungview.domain.finding import Finding
from lungview.domain.geometry import VolumeGeometry
from lungview.domain.geometry_report import GeometryReport, OrderRule
from lungview.domain.study import FileSource, Instance, PixelFormat, Stack, StackKind, Study
from lungview.domain.volume import Volume
from lungview.errors import NothingFoundError
from lungview.reading.case import Case, open_case
from lungview.task import Task
from lungview_training.dataset import read_images
from lungview_training.labelled import boxed_volumes, tell_left_out
from lungview_training.patients import labelled_patients
from lungview_training.pictures import Picture, around, by_number, is_picture_folder
from lungview_training.samples import Sample


@dataclass(frozen=True, slots=True, eq=False)
class LabelledScan:
    """One run of slices with readers' boxes.

    scan: its name inside the patient. slice_names: one a slice. findings: slice index -> boxes. judged: indices of
    slices whose boxes, or lack of any, are trusted. is_series: whether the slices follow each other in the patient, so
    that boxes can be linked into lesions.
    """

    patient: str
    scan: str
    volume: Volume
    slice_names: tuple[str, ...]
    findings: Mapping[int, tuple[Finding, ...]]
    judged: tuple[int, ...]
    is_series: bool


def _everyone(_patient: str) -> bool:
    return True


def labelled_scans(
    path: Path,
    annotations: Path | None,
    task: Task,
    on_left_out: Callable[[str], None] = tell_left_out,
    *,
    wants: Callable[[str], bool] = _everyone,
) -> Iterator[LabelledScan]:
    """Read one scan after another; which adapter fits is seen from the folder.

    annotations: a folder of readers' XML for a DICOM tree, where it is not found by itself. on_left_out: told in a
    sentence of each series that cannot be read. wants: whether a patient is asked for; series of the others are not
    even read. Raises NothingFoundError where no slice with a reader's box is left.
    """
    left_out: list[str] = []

    def leave_out(message: str) -> None:
        left_out.append(message)
        on_left_out(message)

    found = False
    for scan in _scans(path, annotations, task, leave_out, wants):
        found = True
        yield scan
    if not found and left_out:
        raise NothingFoundError(f"No series with readers' boxes in {path.name} can be read. {left_out[0]}")
    if not found:
        raise NothingFoundError(
            f"{path.name} holds no CT slices with readers' boxes; name their folder with --annotations."
        )


def _scans(
    path: Path,
    annotations: Path | None,
    task: Task,
    on_left_out: Callable[[str], None],
    wants: Callable[[str], bool],
) -> Iterator[LabelledScan]:
    if is_picture_folder(path):
        return _of_images(path, task, wants)
    return _of_case(open_case(path, task, annotations), task, on_left_out, wants)


def _of_images(folder: Path, task: Task, wants: Callable[[str], bool]) -> Iterator[LabelledScan]:
    """Each patient's pictures, one scan for each size of picture."""
    groups: dict[tuple[str, tuple[int, ...]], list[Sample]] = defaultdict(list)
    for sample in filter(lambda each: wants(each.patient), read_images(folder)):
        groups[sample.patient, sample.hu.shape].append(sample)
    for (patient, shape), samples in sorted(groups.items()):
        task.check()
        findings = {
            index: tuple(Finding("", Box(*corners)) for corners in sample.boxes.tolist())
            for index, sample in enumerate(samples)
            if len(sample.boxes)
        }
        names = tuple(sample.name for sample in samples)
        scan = f"{shape[1]} x {shape[0]}"
        pictures = [Picture(folder, patient, name, ()) for name in names]
        volume = replace(_picture_volume(scan, samples), beside=_beside(pictures))
        yield LabelledScan(patient, scan, volume, names, findings, tuple(range(len(samples))), False)


def _beside(pictures: Sequence[Picture]) -> tuple[tuple[int | None, ...], ...]:
    """Each picture's neighbours among these, by their numbers, as the networks that look at neighbours learned them."""
    places = {picture: index for index, picture in enumerate(pictures)}
    known = by_number(pictures)
    found = (around(picture, known) or (None,) * 4 for picture in pictures)
    return tuple(tuple(None if each is None else places[each] for each in four) for four in found)


def _picture_volume(key: str, samples: list[Sample]) -> Volume:
    """Pictures as a volume of unknown place; grey 0 stands for -1024 HU, as for a network that takes stored values."""
    voxels = np.stack([sample.hu for sample in samples])
    count, rows, columns = voxels.shape
    pixels = PixelFormat(rows, columns, intercept=-1024.0)
    instances = tuple(Instance(FileSource(Path(f"{sample.name}.png")), "", pixels) for sample in samples)
    report = GeometryReport(OrderRule.FILE_NAME, 1.0, 0.0)
    stack = Stack(key, "", key, StackKind.UNPLACED, "CT", instances, report)
    origins = np.stack([np.zeros(count), np.zeros(count), np.arange(count, dtype=np.float64)], axis=1)
    geometry = VolumeGeometry(origins, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (1.0, 1.0), rows, columns, is_known=False)
    return Volume(stack, voxels, geometry, np.ones(count, dtype=np.bool_))


def _of_case(
    case: Case, task: Task, on_left_out: Callable[[str], None], wants: Callable[[str], bool]
) -> Iterator[LabelledScan]:
    for patient in labelled_patients(case):
        for place, study in enumerate(patient.studies if wants(patient.name) else (), start=1):
            yield from _of_study(patient.name, place, study, case, task, on_left_out)


def _of_study(
    patient: str, place: int, study: Study, case: Case, task: Task, on_left_out: Callable[[str], None]
) -> Iterator[LabelledScan]:
    """Stacks that a reader boxed; a stack nobody boxed proves nothing."""
    for boxed in boxed_volumes(study, case, task, on_left_out):
        volume = boxed.volume
        count = volume.slice_count
        yield LabelledScan(
            patient=patient,
            scan=f"study {place}, boxed series {boxed.number}",
            volume=volume,
            slice_names=tuple(str(index + 1) for index in range(count)),
            findings=boxed.findings,
            judged=boxed.judged,
            is_series=volume.stack.kind is StackKind.VOLUME and count > 1,
        )
