"""Stacks that readers boxed, and which of their slices may be believed: training and evaluation ask here alike."""

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from lungview.dicom.load import load_volume
from lungview.domain.arrays import FloatArray
from lungview.domain.finding import Finding
from lungview.domain.geometry import VolumeGeometry
from lungview.domain.study import Stack, Study
from lungview.domain.volume import Volume
from lungview.errors import DicomError
from lungview.reading.case import Case
from lungview.task import Task

log = logging.getLogger(__name__)

NEGATIVE_MARGIN_MM = 10.0
"""A slice nearer than this to a boxed one, in any reconstruction of the study, is not called lesion-free."""

_THICKEST_MM = 10.0
"""Of slices in the dataset; wider steps are gaps, which say nothing of how far a lesion reaches."""

Findings = Mapping[int, tuple[Finding, ...]]
"""Readers' boxes cut to the image, only those that then have an area, by slice index."""


@dataclass(frozen=True, slots=True, eq=False)
class BoxedVolume:
    """One stack that a reader boxed, read.

    number: its place among the study's boxed stacks, from 1. judged: indices of slices whose boxes, or lack of any,
    are trusted: those with a box, and those far enough from any box of the study. unread: slices without voxels.
    """

    number: int
    volume: Volume
    findings: Findings
    judged: tuple[int, ...]
    unread: frozenset[int]


def tell_left_out(message: str) -> None:
    """Note a series that was left out, where nobody else asks to be told."""
    log.warning("left out: %s", message)


def boxed_volumes(
    study: Study, case: Case, task: Task, on_left_out: Callable[[str], None] = tell_left_out
) -> Iterator[BoxedVolume]:
    """Read the boxed CT stacks of a study one by one; a stack nobody boxed proves nothing, and captures hold no HU.

    on_left_out: told in a sentence of each stack that cannot be read; the others are read all the same.
    """
    stacks = boxed_stacks(study, case)
    heights = boxed_heights(study, case)
    for number, (stack, findings) in enumerate(stacks, start=1):
        try:
            volume = load_volume(stack, task)
        except DicomError as error:
            on_left_out(f"Series {stack.name}: {error}")
            continue
        if not volume.is_colour:
            unread = frozenset(index for index, _ in volume.unreadable)
            judged = judged_slices(volume.geometry, findings, heights, unread)
            yield BoxedVolume(number, volume, findings, judged, unread)


def detectable_stacks(study: Study) -> list[Stack]:
    """The stacks of a study that a network may be asked about."""
    return [stack for series in study.series for stack in series.stacks if stack.is_detectable]


def boxed_stacks(study: Study, case: Case) -> list[tuple[Stack, Findings]]:
    """CT stacks of a study on which a reader drew a box that has an area."""
    stacks = detectable_stacks(study)
    return [(stack, found) for stack in stacks if (found := _inside(stack, case.findings_by_slice(stack)))]


def boxed_heights(study: Study, case: Case) -> FloatArray:
    """(N,) positions along the normal, mm, of every CT slice of a study that a reader marked, be it by a mere point."""
    stacks = detectable_stacks(study)
    return np.array([z for stack in stacks for z in _heights(stack, case.findings_by_slice(stack))], dtype=np.float64)


def far_from(positions_mm: FloatArray, heights: FloatArray, spacing_mm: float) -> list[bool]:
    """For each slice whether it is so far from every marked one that it counts as lesion-free.

    positions_mm: (slices,); heights: (N,) of marked slices, of which there must be one. spacing_mm: between slices; of
    thick ones two must lie between.
    """
    margin = max(NEGATIVE_MARGIN_MM, 2 * min(spacing_mm, _THICKEST_MM))
    return [bool(len(heights)) and bool(np.abs(heights - at).min() >= margin - 1e-6) for at in positions_mm]


def judged_slices(
    geometry: VolumeGeometry, findings: Findings, heights: FloatArray, unread: Collection[int] = ()
) -> tuple[int, ...]:
    """Indices of slices whose boxes, or lack of any, are trusted; heights: of every marked slice of the study."""
    is_far = far_from(geometry.positions_mm, heights, geometry.slice_spacing_mm)
    readable = [index for index in range(geometry.slices) if index not in unread]
    return tuple(index for index in readable if index in findings or is_far[index])


def _inside(stack: Stack, by_slice: Findings) -> Findings:
    inside = {}
    for index, found in by_slice.items():
        pixels = stack.instances[index].pixels
        cut = [replace(each, box=each.box.clipped(pixels.rows, pixels.columns)) for each in found]
        if kept := tuple(each for each in cut if each.box.area > 0):
            inside[index] = kept
    return inside


def _heights(stack: Stack, found: Findings) -> Iterator[float]:
    for index in found:
        instance = stack.instances[index]
        if instance.position is not None and instance.orientation is not None:
            along, down = instance.orientation[:3], instance.orientation[3:]
            yield float(np.dot(np.cross(along, down), instance.position))
