"""Slices of a DICOM tree whose readers' boxes stand in Pascal VOC XML beside it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch

from lungview.detection.context import neighbours
from lungview.detection.preprocess import Grid, grid_for, resample
from lungview.domain.arrays import FloatArray, HuArray
from lungview.domain.box import to_array
from lungview.errors import TrainingError
from lungview.reading.case import open_case
from lungview.task import Task
from lungview_training.labelled import BoxedVolume, boxed_volumes, tell_left_out
from lungview_training.samples import SAMPLE_MM, Sample, ellipses


def read_case(
    folder: Path, annotations: Path | None = None, on_left_out: Callable[[str], None] = tell_left_out
) -> list[Sample]:
    """Read boxed slices, and slices of boxed stacks that are far enough from any box to count as lesion-free.

    annotations: a folder of readers' XML, where it is not found by itself. on_left_out: told of unreadable series.
    """
    task = Task()
    case = open_case(folder, task, annotations)
    samples = [
        sample
        for number, patient in enumerate(case.scan.patients, start=1)
        for study in patient.studies
        for boxed in boxed_volumes(study, case, task, on_left_out)
        for sample in _samples(patient.id or f"patient {number}", boxed)
    ]
    if not samples:
        raise TrainingError(f"The folder {folder.name} holds no CT slices with readers' boxes.")
    return samples


def _samples(patient: str, boxed: BoxedVolume) -> Iterator[Sample]:
    """The trusted slices, each with those around it; every slice is resampled once, whoever else looks at it."""
    volume = boxed.volume
    geometry = volume.geometry
    grid = grid_for(
        (geometry.rows, geometry.columns), geometry.pixel_spacing_mm if geometry.is_known else None, 1, SAMPLE_MM
    )
    around = {index: neighbours(volume, index, 4) for index in boxed.judged}
    wanted = sorted({*boxed.judged, *(each for found in around.values() for each in found)})
    slices = {index: _resampled(volume.voxels[index].astype(np.int16), grid) for index in wanted}
    for index in boxed.judged:
        boxes = _scaled(to_array(finding.box for finding in boxed.findings.get(index, ())), grid)
        hu = slices[index]
        yield Sample(
            patient=patient,
            name=volume.stack.instances[index].sop_instance_uid,
            hu=hu,
            labels=ellipses(boxes, hu.shape),
            boxes=boxes,
            has_mask=False,
            neighbours=tuple(None if each == index else slices[each] for each in around[index]),
        )


def _resampled(hu: HuArray, grid: Grid) -> HuArray:
    """(H, W) int16 HU as the network will see it."""
    return torch.round(resample(hu[None], grid))[0, 0].numpy().astype(np.int16)


def _scaled(boxes: FloatArray, grid: Grid) -> FloatArray:
    """Boxes (N, 4) of a slice's own pixels in those of the grid."""
    down, across = grid.scale
    return np.asarray(boxes / np.array([across, down, across, down]), dtype=np.float32).reshape(-1, 4)
