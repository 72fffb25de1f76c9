"""False marks per scan at each stop, counted on whole series of patients that the weights did not learn from."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from lungview.detection.calibration import Calibration
from lungview.detection.registry import load_detector
from lungview.domain.detection import Detection, Detector, OperatingPoint
from lungview.errors import NothingFoundError
from lungview.task import Task
from lungview_training.config import SourceKind, TrainingConfig
from lungview_training.evaluation.lesions import false_lesions
from lungview_training.evaluation.sources import LabelledScan, labelled_scans
from lungview_training.heldout import HeldOut

_PICTURES = frozenset({SourceKind.IMAGES, SourceKind.CROPS})
"""Kinds of sources that hold no whole series."""


FEWEST_PATIENTS = 5
"""From so many patients on their mean is told to readers; of one or two it would promise what nobody knows."""


@dataclass(frozen=True, slots=True)
class ScanCounts:
    """Whole series looked at, and the mean number of lesions marked on one that nobody drew, at each stop."""

    patients: int
    scans: int
    false_marks: tuple[float, ...]

    def told(self, points: Sequence[OperatingPoint]) -> tuple[OperatingPoint, ...]:
        """The stops with their false marks per scan, as they were where too few patients were looked at."""
        if self.patients < FEWEST_PATIENTS:
            return tuple(points)
        pairs = zip(points, self.false_marks, strict=True)
        return tuple(replace(point, false_marks_per_scan=round(count, 2)) for point, count in pairs)


def count_false_marks(
    config: TrainingConfig,
    held: Sequence[HeldOut],
    points: Sequence[OperatingPoint],
    calibration: Calibration | None,
    task: Task | None = None,
) -> ScanCounts:
    """Look at every whole series of the run's sources with the weights that did not learn from its patient."""
    task = task or Task()
    owner = {patient: fold for fold in held for patient in fold.patients}
    detectors: dict[str, Detector] = {}
    rows: list[tuple[int, ...]] = []
    stops = [point.score_threshold for point in points]
    patients: set[str] = set()
    for scan in _series_of(config, owner, task):
        fold = owner[scan.patient]
        if fold.run not in detectors:
            detectors[fold.run] = load_detector(str(fold.weights), config.device, is_calibrated=False)
        rows.append(false_lesions(scan, _answers(scan, detectors[fold.run], calibration, task), stops))
        patients.add(scan.patient)
    means = np.mean(rows, axis=0).tolist() if rows else ()
    return ScanCounts(len(patients), len(rows), tuple(means))


def _series_of(config: TrainingConfig, patients: Collection[str], task: Task) -> Iterator[LabelledScan]:
    """Whole series of some patients; nobody else's are read."""
    for source in config.sources:
        if source.kind in _PICTURES:
            continue
        # A source may well have none of them.
        with suppress(NothingFoundError):
            for scan in labelled_scans(source.path, source.annotations, task, wants=patients.__contains__):
                if scan.is_series:
                    yield scan


def _answers(
    scan: LabelledScan, detector: Detector, calibration: Calibration | None, task: Task
) -> Mapping[int, Sequence[Detection]]:
    readable = [index for index in range(scan.volume.slice_count) if scan.volume.is_read[index]]
    calibrate = calibration or Calibration()
    return {each.index: calibrate.of(each).detections for each in detector.detect(scan.volume, readable, task)}
