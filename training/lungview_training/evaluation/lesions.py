"""Figures by lesion, where slices follow each other so that boxes can be linked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import FloatArray
from lungview.domain.detection import Detection
from lungview.domain.finding import Source
from lungview.metrics.lesions import link_lesions, match_lesions
from lungview_training.evaluation.figures import DRAWS, Figure, figure_of
from lungview_training.evaluation.sources import LabelledScan


@dataclass(frozen=True, slots=True)
class ScanLesions:
    """What became of one series: readers' lesions, how many were found with what IoU, and lesions nobody drew."""

    patient: str
    scan: str
    lesions: int
    ious: tuple[float, ...]
    false_lesions: int


def match_scan(scan: LabelledScan, shown: Mapping[int, Sequence[Detection]]) -> ScanLesions:
    """Link shown marks and readers' boxes of a series into lesions, and pair them by IoU or centre."""
    geometry = scan.volume.geometry
    reference = link_lesions(scan.findings, geometry, Source.READER)
    matching = match_lesions(link_lesions(shown, geometry, Source.AI), reference)
    ious = tuple(pair.iou for pair in matching.pairs)
    return ScanLesions(scan.patient, scan.scan, len(reference), ious, len(matching.unmatched_predicted))


def lesion_figures(scans: Sequence[ScanLesions], *, draws: int = DRAWS, seed: int = 0) -> Mapping[str, Figure]:
    """Sensitivity, mean IoU of found lesions and false lesions per scan, patients drawn anew for the intervals."""
    patients = sorted({each.patient for each in scans})
    rows = np.zeros((len(patients), 5))
    for each in scans:
        found = len(each.ious)
        rows[patients.index(each.patient)] += (found, each.lesions, sum(each.ious), each.false_lesions, 1)
    names = ("sensitivity", "found_iou", "false_lesions_per_scan")
    values = _shares(np.ones(len(patients)), rows)
    drawn = np.full((0, len(names)), np.nan)
    if len(patients) > 1:
        random = np.random.default_rng(seed)
        weights = random.multinomial(len(patients), np.full(len(patients), 1 / len(patients)), size=draws)
        drawn = np.array([_shares(weight.astype(np.float64), rows) for weight in weights])
    return {name: figure_of(values[column], drawn[:, column]) for column, name in enumerate(names)}


def _shares(weight: FloatArray, rows: FloatArray) -> tuple[float, float, float]:
    found, lesions, ious, false, scans = (weight @ rows).tolist()
    nothing = float("nan")
    return found / lesions if lesions else nothing, ious / found if found else nothing, false / scans
