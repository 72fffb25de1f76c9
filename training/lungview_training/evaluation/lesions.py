"""Figures by lesion, where slices follow each other so that boxes can be linked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import FloatArray
from lungview.domain.detection import Detection
from lungview.domain.finding import Source
from lungview.domain.lesion import Lesion
from lungview.metrics.froc import RATES, ScanMarks, froc
from lungview.metrics.lesions import link_lesions, match_lesions
from lungview_training.evaluation.figures import DRAWS, Figure, figure_of
from lungview_training.evaluation.sources import LabelledScan

MarksBySlice = Mapping[int, Sequence[Detection]]


@dataclass(frozen=True, slots=True)
class ScanLesions:
    """What became of one series: readers' lesions, how many were found with what IoU, and lesions nobody drew.

    candidates: the model's lesions down to a lower score, each with the readers' lesion it hits.
    """

    patient: str
    scan: str
    lesions: int
    ious: tuple[float, ...]
    false_lesions: int
    candidates: ScanMarks


def match_scan(scan: LabelledScan, marks: MarksBySlice, threshold: float, lowest: float) -> ScanLesions:
    """Link marks and readers' boxes of a series into lesions, and pair them by IoU or centre.

    threshold: score of marks that count as shown. lowest: score of marks that candidates are linked from.
    """
    geometry = scan.volume.geometry
    reference = link_lesions(scan.findings, geometry, Source.READER)
    matching = match_lesions(link_lesions(_from(marks, threshold), geometry, Source.AI), reference)
    ious = tuple(pair.iou for pair in matching.pairs)
    candidates = link_lesions(_from(marks, lowest), geometry, Source.AI)
    scored = ScanMarks(
        scores=tuple(1.0 if each.score is None else each.score for each in candidates),
        hits=tuple(_hit(each, reference) for each in candidates),
        lesions=len(reference),
    )
    return ScanLesions(scan.patient, scan.scan, len(reference), ious, len(matching.unmatched_predicted), scored)


def _from(marks: MarksBySlice, score: float) -> dict[int, tuple[Detection, ...]]:
    """Marks of at least a score; those without one always count."""
    return {
        index: tuple(mark for mark in found if mark.score is None or mark.score >= score)
        for index, found in marks.items()
    }


def _hit(candidate: Lesion, reference: Sequence[Lesion]) -> int | None:
    """The readers' lesion that a candidate hits, whether or not another hits it too."""
    pairs = match_lesions([candidate], reference).pairs
    return pairs[0].reference if pairs else None


def lesion_froc(scans: Sequence[ScanLesions], *, draws: int = DRAWS, seed: int = 0) -> Mapping[str, Figure]:
    """Sensitivity by lesion at each of LUNA16's rates of false lesions per series, and their mean, cpm.

    Beyond the false lesions of all candidates the sensitivity stays at that of all candidates.
    """
    by_patient: dict[str, list[ScanMarks]] = defaultdict(list)
    for each in scans:
        by_patient[each.patient].append(each.candidates)
    names = [f"{rate:g}" for rate in RATES] + ["cpm"]
    drawn = np.full((0, len(names)), np.nan)
    if len(by_patient) > 1:
        chosen = np.random.default_rng(seed).integers(len(by_patient), size=(draws, len(by_patient)))
        groups = list(by_patient.values())
        drawn = np.array([_sensitivities([marks for row in rows for marks in groups[row]]) for rows in chosen.tolist()])
    values = _sensitivities([each.candidates for each in scans])
    return {name: figure_of(values[column], drawn[:, column]) for column, name in enumerate(names)}


def _sensitivities(marks: Sequence[ScanMarks]) -> list[float]:
    curve = froc(marks)
    return [*(curve.sensitivity_at(rate) for rate in RATES), curve.cpm]


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
