"""Asks a detector about every labelled slice, as the window would, and judges each answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lungview.domain.arrays import FloatArray
from lungview.domain.box import to_array
from lungview.domain.detection import Detection, Detector
from lungview.task import Task
from lungview_training.evaluation.lesions import ScanLesions, match_scan
from lungview_training.evaluation.marks import JudgedSlice, judge
from lungview_training.evaluation.pictures import WorstCases
from lungview_training.evaluation.sources import LabelledScan, labelled_scans


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Everything judged. threshold: score from which marks are shown; 0 for a model without scores."""

    slices: tuple[JudgedSlice, ...]
    lesions: tuple[ScanLesions, ...]
    worst: WorstCases
    threshold: float


def measure_folder(path: Path, annotations: Path | None, detector: Detector, task: Task) -> Measured:
    """Judge a model on every labelled scan of a path; a scan is let go before the next is read."""
    threshold = detector.info.default_threshold if detector.info.has_score else 0.0
    lowest = min((point.score_threshold for point in detector.info.operating_points), default=threshold)
    worst = WorstCases(threshold)
    slices: list[JudgedSlice] = []
    lesions: list[ScanLesions] = []
    for scan in labelled_scans(path, annotations, task):
        answers = _answers(scan, detector, task, len(slices))
        for index in scan.judged:
            judged = _judge(scan, index, answers[index])
            slices.append(judged)
            worst.look_at(judged, scan.volume.voxels[index].astype(np.int16))
        if scan.is_series:
            lesions.append(match_scan(scan, answers, threshold, lowest))
    return Measured(tuple(slices), tuple(lesions), worst, threshold)


def _answers(scan: LabelledScan, detector: Detector, task: Task, before: int) -> dict[int, Sequence[Detection]]:
    """Marks by slice: of all slices where lesions are linked, else of those that are judged."""
    asked = range(scan.volume.slice_count) if scan.is_series else scan.judged
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
    return judge(scan.patient, scan.scan, scan.slice_names[index], labels, boxes, _scores(marks), truth)


def _scores(marks: Sequence[Detection]) -> FloatArray:
    """(N,) float64; 1 where a model gives none, so that all its marks weigh the same."""
    return np.array([1.0 if mark.score is None else mark.score for mark in marks], dtype=np.float64)
