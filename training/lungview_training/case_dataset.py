"""Slices of a DICOM tree whose readers' boxes stand in Pascal VOC XML beside it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import torch

from lungview.annotations.folders import find_annotation_folders
from lungview.annotations.link import load_annotations
from lungview.detection.preprocess import grid_for, resample
from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.arrays import FloatArray, HuArray
from lungview.domain.box import to_array
from lungview.domain.finding import Finding
from lungview.domain.study import Stack, Study
from lungview.domain.volume import Volume
from lungview.errors import TrainingError
from lungview.task import Task
from lungview_training.samples import SAMPLE_MM, Sample, ellipses

NEGATIVE_MARGIN_MM = 10.0
"""A slice nearer than this to a boxed one, in any reconstruction of the study, is not called lesion-free."""

Findings = Mapping[str, tuple[Finding, ...]]


def read_case(folder: Path) -> list[Sample]:
    """Read boxed slices, and slices of boxed stacks that are far enough from any box to count as lesion-free.

    Only measured CT volumes are read: captures have no CT numbers, and a stack nobody boxed proves nothing.
    """
    task = Task()
    found = scan(folder, task)
    findings = load_annotations(find_annotation_folders(folder), found, task).findings
    samples = [
        sample
        for patient in found.patients
        for study in patient.studies
        for sample in _of_study(patient.id, study, findings, task)
    ]
    if not samples:
        raise TrainingError(f"The folder {folder.name} holds no CT slices with readers' boxes.")
    return samples


def _of_study(patient: str, study: Study, findings: Findings, task: Task) -> Iterator[Sample]:
    stacks = [stack for series in study.series for stack in series.stacks if stack.is_detectable]
    boxed = [stack for stack in stacks if any(_found(stack, index, findings) for index in range(stack.slice_count))]
    heights = np.array([z for stack in boxed for z in _boxed_heights(stack, findings)])
    for stack in boxed:
        volume = load_volume(stack, task)
        if volume.is_colour:
            continue
        positions = volume.geometry.positions_mm
        for index in range(stack.slice_count):
            has_box = bool(_found(stack, index, findings))
            if has_box or (len(heights) and np.abs(heights - positions[index]).min() >= NEGATIVE_MARGIN_MM):
                yield _sample(patient, volume, index, findings)


def _sample(patient: str, volume: Volume, index: int, findings: Findings) -> Sample:
    geometry = volume.geometry
    boxes = to_array(finding.box for finding in _found(volume.stack, index, findings))
    return _resampled(
        patient,
        volume.stack.instances[index].sop_instance_uid,
        volume.voxels[index].astype(np.int16),
        geometry.pixel_spacing_mm if geometry.is_known else None,
        boxes[(boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])],
    )


def _resampled(
    patient: str, name: str, hu: HuArray, spacing_mm: tuple[float, float] | None, boxes: FloatArray
) -> Sample:
    """A slice in HU with readers' boxes (N, 4) in its own pixels, resampled as the network will see it."""
    grid = grid_for((hu.shape[0], hu.shape[1]), spacing_mm, 1, SAMPLE_MM)
    small = torch.round(resample(hu[None], grid))[0, 0].numpy().astype(np.int16)
    down, across = grid.scale
    scaled = (boxes / np.array([across, down, across, down])).astype(np.float32).reshape(-1, 4)
    return Sample(patient, name, small, ellipses(scaled, small.shape), scaled, has_mask=False)


def _found(stack: Stack, index: int, findings: Findings) -> tuple[Finding, ...]:
    return findings.get(stack.instances[index].sop_instance_uid, ())


def _boxed_heights(stack: Stack, findings: Findings) -> Iterator[float]:
    """Positions along the stack's normal, mm, of its boxed slices."""
    for index, instance in enumerate(stack.instances):
        if instance.position is not None and instance.orientation is not None and _found(stack, index, findings):
            along, down = instance.orientation[:3], instance.orientation[3:]
            yield float(np.dot(np.cross(along, down), instance.position))
