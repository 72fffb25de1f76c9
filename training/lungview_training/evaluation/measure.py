"""Asks detectors about every labelled slice, as the window would, and judges each answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lungview.domain.arrays import FloatArray
from lungview.domain.box import to_array
from lungview.domain.detection import Detection, Detector, ModelInfo
from lungview.domain.geometry import VolumeGeometry
from lungview.task import Task
from lungview_training.evaluation.lesions import MarksBySlice, ScanLesions, match_scan
from lungview_training.evaluation.marks import JudgedSlice, judge
from lungview_training.evaluation.pictures import WorstCases
from lungview_training.evaluation.sources import LabelledScan, labelled_scans

CHEST_MM = 384.0
"""Taken for the longer side of a slice whose pixel size is not known, as if it held a whole chest."""


@dataclass(frozen=True, slots=True, eq=False)
class ScanOutcome:
    """What became of one scan with one model: slices by index, and lesions where the scan is a whole series."""

    slices: Mapping[int, JudgedSlice]
    lesions: ScanLesions | None


OnScan = Callable[[LabelledScan, Sequence[ScanOutcome]], None]


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Everything judged. threshold: score from which marks are shown; 0 for a model without scores.

    is_whole: every scan is a whole series, so that false marks per scan mean what they say. is_size_known: pixel sizes
    come from the data rather than from CHEST_MM.
    """

    slices: tuple[JudgedSlice, ...]
    lesions: tuple[ScanLesions, ...]
    worst: WorstCases
    threshold: float
    is_whole: bool
    is_size_known: bool


@dataclass(slots=True)
class _Tally:
    """What one detector has said so far; lowest: its most sensitive stop."""

    detector: Detector
    threshold: float
    lowest: float
    worst: WorstCases
    slices: list[JudgedSlice] = field(default_factory=list)
    lesions: list[ScanLesions] = field(default_factory=list)


def measure_folder(path: Path, annotations: Path | None, detector: Detector, task: Task) -> Measured:
    """Judge a model on every labelled scan of a path; a scan is let go before the next is read."""
    (measured,) = measure_each(labelled_scans(path, annotations, task), (detector,), task)
    return measured


def measure_each(
    scans: Iterable[LabelledScan],
    detectors: Sequence[Detector],
    task: Task,
    on_scan: OnScan = lambda scan, outcomes: None,
) -> tuple[Measured, ...]:
    """The same for several models on the same slices; on_scan: told how each did on a scan, its pixels at hand."""
    tallies = [_tally(detector) for detector in detectors]
    is_whole = is_size_known = True
    looked_at = 0
    for scan in scans:
        is_whole &= scan.is_series
        is_size_known &= scan.volume.geometry.is_known
        outcomes = []
        for tally in tallies:
            answers = _answers(scan, tally.detector, task, looked_at)
            looked_at += len(answers)
            outcomes.append(_take(tally, scan, answers))
        on_scan(scan, outcomes)
    return tuple(
        Measured(tuple(each.slices), tuple(each.lesions), each.worst, each.threshold, is_whole, is_size_known)
        for each in tallies
    )


def threshold_of(info: ModelInfo) -> float:
    """The score from which a model's marks are shown; 0 for one without scores, whose marks all are."""
    return info.default_threshold if info.has_score else 0.0


def pixel_mm(geometry: VolumeGeometry) -> tuple[float, float]:
    """(between rows, between columns), guessed from a chest's size where it is not known."""
    if geometry.is_known:
        return geometry.pixel_spacing_mm
    side = CHEST_MM / max(geometry.rows, geometry.columns)
    return side, side


def _tally(detector: Detector) -> _Tally:
    threshold = threshold_of(detector.info)
    lowest = min((point.score_threshold for point in detector.info.operating_points), default=threshold)
    return _Tally(detector, threshold, lowest, WorstCases(threshold))


def _take(tally: _Tally, scan: LabelledScan, answers: MarksBySlice) -> ScanOutcome:
    """Judge a scan's answers and add them to what is known of a model."""
    slices = {index: _judge(scan, index, answers[index]) for index in scan.judged}
    lesions = match_scan(scan, answers, tally.threshold, tally.lowest) if scan.is_series else None
    for index, each in slices.items():
        tally.worst.look_at(each, scan.volume.voxels[index].astype(np.int16))
    tally.slices += slices.values()
    tally.lesions += [] if lesions is None else [lesions]
    return ScanOutcome(slices, lesions)


def _answers(scan: LabelledScan, detector: Detector, task: Task, before: int) -> MarksBySlice:
    """Marks by slice: of all slices where lesions are linked, else of those that are judged."""
    asked = [at for at in range(scan.volume.slice_count) if scan.volume.is_read[at]] if scan.is_series else scan.judged
    answers: dict[int, Sequence[Detection]] = {}
    for answer in detector.detect(scan.volume, asked, task):
        answers[answer.index] = answer.detections
        task.step(before + len(answers), 0)
    return answers


def _judge(scan: LabelledScan, index: int, marks: Sequence[Detection]) -> JudgedSlice:
    findings = scan.findings.get(index, ())
    labels = tuple(sorted({finding.label for finding in findings if finding.label}))
    truth = to_array(finding.box for finding in findings)
    boxes = to_array(mark.box for mark in marks)
    name, pixel = scan.slice_names[index], pixel_mm(scan.volume.geometry)
    return judge(scan.patient, scan.scan, name, labels, boxes, _scores(marks), truth, pixel)


def _scores(marks: Sequence[Detection]) -> FloatArray:
    """(N,) float64; 1 where a model gives none, so that all its marks weigh the same."""
    return np.array([1.0 if mark.score is None else mark.score for mark in marks], dtype=np.float64)
