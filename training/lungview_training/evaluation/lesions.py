"""Figures by lesion, where slices follow each other so that boxes can be linked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import FloatArray
from lungview.domain.box import Box, to_array
from lungview.domain.detection import Detection
from lungview.domain.finding import Source
from lungview.domain.lesion import Lesion
from lungview.metrics.froc import ScanMarks
from lungview.metrics.lesions import link_lesions, match_lesions
from lungview_training.evaluation.curves import FrocMarks, curve, of_scans
from lungview_training.evaluation.figures import SIZES_MM, size_words
from lungview_training.evaluation.hits import hits_of
from lungview_training.evaluation.intervals import DRAWS, Figure, draw
from lungview_training.evaluation.sources import LabelledScan

LOWEST_CANDIDATE = 0.1
"""Marks from this score on are linked into candidates, or from the most sensitive stop on where that is lower."""

MarksBySlice = Mapping[int, Sequence[Detection]]


@dataclass(frozen=True, slots=True)
class JudgedLesion:
    """A readers' lesion: its label, greatest side of its boxes in mm, slices (first, last), largest box and its slice,
    IoU with the model's lesion that is paired with it, None where it was not found, and that one's score.
    """

    label: str
    size_mm: float
    slices: tuple[int, int]
    key_slice: int
    box: Box
    iou: float | None
    score: float | None


@dataclass(frozen=True, slots=True)
class ScanLesions:
    """What became of one series: readers' lesions, and lesions of the model that nobody drew.

    candidates: the model's lesions down to a low score, each with the readers' lesion it hits by LUNA16's rule.
    """

    patient: str
    scan: str
    lesions: tuple[JudgedLesion, ...]
    false_lesions: int
    candidates: ScanMarks


def match_scan(scan: LabelledScan, marks: MarksBySlice, threshold: float, lowest: float) -> ScanLesions:
    """Link marks and readers' boxes of a series into lesions, and pair them by IoU or centre.

    threshold: score of marks that count as shown. lowest: score of the most sensitive stop.
    """
    geometry = scan.volume.geometry
    reference = _reference(scan)
    shown = link_lesions(_from(marks, threshold), geometry, Source.AI)
    matching = match_lesions(shown, reference)
    partners = {pair.reference: (pair.iou, shown[pair.predicted].score) for pair in matching.pairs}
    candidates = link_lesions(_from(marks, min(lowest, LOWEST_CANDIDATE)), geometry, Source.AI)
    scored = ScanMarks(
        scores=tuple(1.0 if each.score is None else each.score for each in candidates),
        hits=tuple(hit_of(each, reference) for each in candidates),
        lesions=len(reference),
    )
    lesions = tuple(_judged(each, *partners.get(place, (None, None))) for place, each in enumerate(reference))
    return ScanLesions(scan.patient, scan.scan, lesions, len(matching.unmatched_predicted), scored)


def false_lesions(scan: LabelledScan, marks: MarksBySlice, thresholds: Sequence[float]) -> tuple[int, ...]:
    """How many lesions of the model nobody drew, where marks from each of the thresholds on are shown."""
    reference = _reference(scan)
    shown = (link_lesions(_from(marks, threshold), scan.volume.geometry, Source.AI) for threshold in thresholds)
    return tuple(len(match_lesions(each, reference).unmatched_predicted) for each in shown)


def hit_of(candidate: Lesion, reference: Sequence[Lesion]) -> int | None:
    """The readers' lesion in which the centre of a candidate's best box lies, on that box's slice.

    A slice between a lesion's ends that nobody boxed has the lesion's box of the nearest one.
    """
    key = candidate.key_slice
    there = [place for place, each in enumerate(reference) if each.first <= key <= each.last]
    boxes = [reference[place].boxes[min(reference[place].boxes, key=lambda at: abs(at - key))] for place in there]
    (hit,) = hits_of(to_array([candidate.boxes[key]]), to_array(boxes)).tolist()
    return None if hit < 0 else there[hit]


def lesion_froc(scans: Sequence[ScanLesions], *, draws: int = DRAWS) -> Mapping[str, Figure]:
    """Sensitivity by lesion at each of LUNA16's rates of false lesions per series, and their mean, cpm.

    Beyond the false lesions of all candidates the sensitivity stays at that of all candidates.
    """
    marks = froc_marks(scans)
    return draw(lambda weight: curve(marks, weight).at_rates(), len(marks.lesions), draws=draws).figures()


def froc_marks(scans: Sequence[ScanLesions]) -> FrocMarks:
    """Candidates of all series laid out flat."""
    return of_scans(sorted({each.patient for each in scans}), [(each.patient, each.candidates) for each in scans])


def lesion_figures(
    scans: Sequence[ScanLesions], *, sizes: tuple[float, float] = (0.0, np.inf), draws: int = DRAWS
) -> Mapping[str, Figure]:
    """Sensitivity, mean IoU of found lesions and false lesions per scan; sizes: mm, the readers' lesions to count."""
    patients = sorted({each.patient for each in scans})
    rows = np.zeros((len(patients), 5))
    for each in scans:
        kept = [lesion.iou for lesion in each.lesions if sizes[0] <= lesion.size_mm < sizes[1]]
        ious = [iou for iou in kept if iou is not None]
        rows[patients.index(each.patient)] += (len(ious), len(kept), sum(ious), each.false_lesions, 1)
    return draw(lambda weight: _shares(weight, rows), len(patients), draws=draws).figures()


def lesion_sizes(scans: Sequence[ScanLesions], *, draws: int = DRAWS) -> Mapping[str, tuple[int, Mapping[str, Figure]]]:
    """How many readers' lesions there are of each size, and how many were found how well."""
    sizes = [lesion.size_mm for each in scans for lesion in each.lesions]
    found = {}
    for low, high in SIZES_MM:
        if count := sum(low <= size < high for size in sizes):
            figures = dict(lesion_figures(scans, sizes=(low, high), draws=draws))
            del figures["false_lesions_per_scan"]
            found[size_words(low, high)] = (count, figures)
    return found


def _reference(scan: LabelledScan) -> tuple[Lesion, ...]:
    """Readers' lesions, linked from slices whose boxes are trusted."""
    judged = frozenset(scan.judged)
    findings = {index: found for index, found in scan.findings.items() if index in judged}
    return link_lesions(findings, scan.volume.geometry, Source.READER)


def _judged(lesion: Lesion, iou: float | None, score: float | None) -> JudgedLesion:
    key, size = lesion.key_slice, max(lesion.size_mm[:2])
    return JudgedLesion(lesion.label, size, (lesion.first, lesion.last), key, lesion.boxes[key], iou, score)


def _from(marks: MarksBySlice, score: float) -> dict[int, tuple[Detection, ...]]:
    """Marks of at least a score; those without one always count."""
    return {
        index: tuple(mark for mark in found if mark.score is None or mark.score >= score)
        for index, found in marks.items()
    }


def _shares(weight: FloatArray, rows: FloatArray) -> dict[str, float]:
    found, lesions, ious, false, scans = (weight @ rows).tolist()
    nothing = float("nan")
    return {
        "sensitivity": found / lesions if lesions else nothing,
        "found_iou": ious / found if found else nothing,
        "false_lesions_per_scan": false / scans,
    }
