"""Boxed slices of each subtype, drawn by chance before any pixel is read, at the size their files have."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lungview.detection.preprocess import grid_for
from lungview.dicom.load import load_volume
from lungview.domain.box import to_array
from lungview.domain.finding import Finding
from lungview.domain.study import Stack
from lungview.domain.volume import Volume
from lungview.errors import DicomError, TrainingError
from lungview.reading.case import open_case
from lungview.task import Task
from lungview_training.labelled import boxed_stacks
from lungview_training.resampling import resampled, scaled
from lungview_training.samples import SAMPLE_MM, Sample, ellipses, no_labels, subtype_of
from lungview_training.study.config import StudyConfig, StudySource

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class StudySlice:
    """One boxed slice: whole, as the study's network sees it, and small, as the others do."""

    whole: Sample
    small: Sample


@dataclass(frozen=True, slots=True, eq=False)
class _Place:
    """Where a boxed slice is to be found."""

    patient: str
    study: str
    stack: Stack
    index: int
    findings: tuple[Finding, ...]

    @property
    def name(self) -> str:
        return self.stack.instances[self.index].sop_instance_uid


def read_slices(config: StudyConfig) -> dict[str, list[StudySlice]]:
    """Slices by subtype, those subtypes alone of which there are any, in the order of config.subtypes."""
    places: dict[str, list[_Place]] = defaultdict(list)
    for source in config.sources:
        for subtype, place in _places(source):
            places[subtype].append(place)
    found = {}
    for subtype in config.subtypes:
        slices = list(_read(_drawn(places[subtype], config.slices, config.seed), subtype))
        if slices:
            found[subtype] = slices
    if not found:
        raise TrainingError("No boxed slices of the asked subtypes were found: check the paths of the sources.")
    return found


def _places(source: StudySource) -> Iterator[tuple[str, _Place]]:
    task = Task()
    case = open_case(source.path, task, source.annotations)
    for number, patient in enumerate(case.scan.patients, start=1):
        subtype = subtype_of(patient.id, source.subtype)
        for study in patient.studies:
            for stack, findings in boxed_stacks(study, case):
                for index in sorted(findings):
                    name = patient.id or f"patient {number}"
                    yield subtype, _Place(name, study.uid, stack, index, findings[index])


def _drawn(places: Sequence[_Place], most: int, seed: int) -> list[_Place]:
    """At most so many, the same for a seed and a set of slices."""
    ordered = sorted(places, key=lambda place: (place.patient, place.name))
    chosen = np.random.default_rng(seed).permutation(len(ordered))[:most]
    return [ordered[place] for place in sorted(chosen)]


def _read(places: Sequence[_Place], subtype: str) -> Iterator[StudySlice]:
    """Read only the slices that were drawn, stack by stack; a stack that cannot be read is left out."""
    by_stack: Mapping[str, list[_Place]] = defaultdict(list)
    for place in places:
        by_stack[f"{place.patient} {place.stack.key}"].append(place)
    for drawn in by_stack.values():
        whole = drawn[0].stack
        part = replace(whole, instances=tuple(whole.instances[place.index] for place in drawn))
        try:
            volume = load_volume(part, Task())
        except DicomError as error:
            log.warning("left out: series %s: %s", whole.name, error)
            continue
        unread = {index for index, _ in volume.unreadable}
        if not volume.is_colour:
            yield from (
                _slice(volume, index, place, subtype) for index, place in enumerate(drawn) if index not in unread
            )


def _slice(volume: Volume, index: int, place: _Place, subtype: str) -> StudySlice:
    hu = volume.voxels[index].astype(np.int16)
    boxes = to_array(finding.box for finding in place.findings)
    whole = Sample(
        patient=place.patient,
        name=place.name,
        hu=hu,
        labels=no_labels(hu.shape),
        boxes=boxes,
        has_mask=False,
        pixels=volume.stack.instances[index].pixels,
        subtype=subtype,
        study=place.study,
    )
    geometry = volume.geometry
    spacing = geometry.pixel_spacing_mm if geometry.is_known else None
    return StudySlice(whole, _small(whole, spacing))


def _small(whole: Sample, spacing_mm: tuple[float, float] | None) -> Sample:
    """The slice at the samples' pixel size, its boxes as ellipses."""
    rows, columns = whole.hu.shape
    grid = grid_for((rows, columns), spacing_mm, 1, SAMPLE_MM)
    hu, boxes = resampled(whole.hu, grid), scaled(whole.boxes, grid)
    labels = ellipses(boxes, hu.shape)
    return replace(whole, hu=hu, boxes=boxes, labels=labels, pixels=None, is_labelled=None)
