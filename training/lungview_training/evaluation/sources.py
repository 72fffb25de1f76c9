"""Labelled scans as volumes that any detector can be asked about, from image folders and DICOM trees alike."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lungview.dicom.load import load_volume
from lungview.domain.arrays import FloatArray
from lungview.domain.box import Box
from lungview.domain.finding import Finding
from lungview.domain.geometry import VolumeGeometry
from lungview.domain.geometry_report import GeometryReport, OrderRule
from lungview.domain.study import FileSource, Instance, PixelFormat, Stack, StackKind, Study
from lungview.domain.volume import Volume
from lungview.errors import NothingFoundError
from lungview.reading.case import Case, open_case
from lungview.task import Task
from lungview_training.case_dataset import NEGATIVE_MARGIN_MM
from lungview_training.dataset import read_images
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


def is_image_folder(path: Path) -> bool:
    """Whether a path is a folder of pictures with boxes.csv rather than a DICOM tree."""
    return path.is_dir() and (path / "boxes.csv").is_file()


def labelled_scans(path: Path, annotations: Path | None, task: Task) -> Iterator[LabelledScan]:
    """Read one scan after another; which adapter fits is seen from the folder.

    annotations: a folder of readers' XML for a DICOM tree, where it is not found by itself.
    Raises NothingFoundError where no slice has a reader's box.
    """
    scans = _of_images(path, task) if is_image_folder(path) else _of_case(open_case(path, task, annotations), task)
    found = False
    for scan in scans:
        found = True
        yield scan
    if not found:
        raise NothingFoundError(
            f"{path.name} holds no CT slices with readers' boxes; name their folder with --annotations."
        )


def _of_images(folder: Path, task: Task) -> Iterator[LabelledScan]:
    """Each patient's pictures, one scan for each size of picture."""
    groups: dict[tuple[str, tuple[int, ...]], list[Sample]] = defaultdict(list)
    for sample in read_images(folder):
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
        yield LabelledScan(
            patient, scan, _picture_volume(scan, samples), names, findings, tuple(range(len(samples))), False
        )


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


def _of_case(case: Case, task: Task) -> Iterator[LabelledScan]:
    for number, patient in enumerate(case.scan.patients, start=1):
        name = patient.id or f"patient {number}"
        for place, study in enumerate(patient.studies, start=1):
            yield from _of_study(name, place, study, case, task)


def _of_study(patient: str, place: int, study: Study, case: Case, task: Task) -> Iterator[LabelledScan]:
    """Stacks that a reader boxed; a stack nobody boxed proves nothing."""
    stacks = [stack for series in study.series for stack in series.stacks if stack.is_detectable]
    boxed = [(stack, found) for stack in stacks if (found := _findings(stack, case))]
    heights = np.array([z for stack, found in boxed for z in _heights(stack, found)])
    for number, (stack, found) in enumerate(boxed, start=1):
        volume = load_volume(stack, task)
        if volume.is_colour:
            continue
        count = volume.slice_count
        yield LabelledScan(
            patient=patient,
            scan=f"study {place}, boxed series {number}",
            volume=volume,
            slice_names=tuple(str(index + 1) for index in range(count)),
            findings=found,
            judged=_judged(volume, found, heights),
            is_series=stack.kind is StackKind.VOLUME and count > 1,
        )


def _judged(volume: Volume, found: Mapping[int, tuple[Finding, ...]], heights: FloatArray) -> tuple[int, ...]:
    """Boxed slices, and those far enough from any box of the study to be called free of lesions."""
    positions, unreadable = volume.geometry.positions_mm, {index for index, _ in volume.unreadable}
    is_far = [bool(len(heights)) and bool(np.abs(heights - at).min() >= NEGATIVE_MARGIN_MM) for at in positions]
    readable = [index for index in range(volume.slice_count) if index not in unreadable]
    return tuple(index for index in readable if index in found or is_far[index])


def _findings(stack: Stack, case: Case) -> dict[int, tuple[Finding, ...]]:
    """Slice index -> readers' boxes that have an area."""
    by_slice = case.findings_by_slice(stack)
    with_area = {index: tuple(each for each in found if each.box.area > 0) for index, found in by_slice.items()}
    return {index: found for index, found in with_area.items() if found}


def _heights(stack: Stack, found: Mapping[int, tuple[Finding, ...]]) -> Iterator[float]:
    """Positions along the stack's normal, mm, of its boxed slices."""
    for index in found:
        instance = stack.instances[index]
        if instance.position is not None and instance.orientation is not None:
            along, down = instance.orientation[:3], instance.orientation[3:]
            yield float(np.dot(np.cross(along, down), instance.position))
