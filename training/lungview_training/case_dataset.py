"""Slices of DICOM files whose readers' boxes stand in Pascal VOC XML beside them."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from lungview.detection.context import neighbours
from lungview.detection.preprocess import Grid, grid_for
from lungview.domain.arrays import HuArray
from lungview.domain.box import to_array
from lungview.domain.study import Study
from lungview.errors import TrainingError
from lungview.reading.case import Case, open_case
from lungview.task import Task
from lungview_training.labelled import BoxedVolume, boxed_stacks, boxed_volumes, tell_left_out
from lungview_training.patients import LabelledPatient, case_key, labelled_patients, slice_name
from lungview_training.resampling import resampled, scaled
from lungview_training.samples import SAMPLE_MM, Sample, digest_of, ellipses, no_labels
from lungview_training.units import Batch, TellLeftOut, Unit, read_all


def read_case(
    folder: Path, annotations: Path | None = None, on_left_out: TellLeftOut = tell_left_out, *, subtype: str = ""
) -> list[Sample]:
    """Read boxed slices, and slices of boxed stacks that are far enough from any box to count as lesion-free.

    annotations: a folder of readers' XML, where it is not found by itself. on_left_out: told of unreadable series.
    subtype: of all patients, where their IDs do not tell.
    """
    case = open_case(folder, Task(), annotations)
    return require_some(read_all(case_units(case, subtype), on_left_out), folder)


def require_some(samples: list[Sample], folder: Path) -> list[Sample]:
    """Refuse a folder without labelled slices."""
    if not samples:
        raise TrainingError(f"The folder {folder.name} holds no CT slices with readers' boxes.")
    return samples


def case_units(case: Case, subtype: str = "") -> list[Unit]:
    """One unit for each patient of whom a reader boxed something, one batch for each boxed stack."""
    units = []
    for told in labelled_patients(case, subtype):
        stacks = [found for study in told.studies for found in boxed_stacks(study, case)]
        if stacks:
            units.append(Unit(case_key(told, stacks, case), partial(_batches, told, case)))
    return units


def _batches(patient: LabelledPatient, case: Case, on_left_out: TellLeftOut) -> Iterator[Batch]:
    for study in patient.studies:
        for boxed in boxed_volumes(study, case, Task(), on_left_out):
            yield list(_samples(patient, study, boxed))


def _samples(patient: LabelledPatient, study: Study, boxed: BoxedVolume) -> Iterator[Sample]:
    """The trusted slices, each with those around it; every slice is resampled once, whoever else looks at it."""
    volume = boxed.volume
    grid = _grid(boxed)
    around = {index: neighbours(volume, index, 4) for index in boxed.judged}
    slices = _slices(boxed, around, grid)
    for index in boxed.judged:
        boxes = scaled(to_array(finding.box for finding in boxed.findings.get(index, ())), grid)
        hu, instance = slices[index], volume.stack.instances[index]
        yield Sample(
            patient=patient.name,
            name=slice_name(instance),
            hu=hu,
            labels=ellipses(boxes, (hu.shape[0], hu.shape[1])) if len(boxes) else no_labels(hu.shape),
            boxes=boxes,
            has_mask=False,
            neighbours=tuple(None if each == index else slices[each] for each in around[index]),
            series=volume.stack.key,
            pixels=instance.pixels,
            subtype=patient.subtype,
            study=study.uid,
            digest=digest_of(hu),
        )


def _slices(boxed: BoxedVolume, around: Mapping[int, tuple[int, ...]], grid: Grid) -> dict[int, HuArray]:
    """Slice index -> HU on the grid, of every slice that is learned from or stands beside one."""
    wanted = sorted({*boxed.judged, *(each for found in around.values() for each in found)})
    return {index: resampled(boxed.volume.voxels[index].astype(np.int16), grid) for index in wanted}


def _grid(boxed: BoxedVolume) -> Grid:
    geometry = boxed.volume.geometry
    spacing = geometry.pixel_spacing_mm if geometry.is_known else None
    return grid_for((geometry.rows, geometry.columns), spacing, 1, SAMPLE_MM)
