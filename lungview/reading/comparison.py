"""Readers' boxes beside a model's: pairs on one slice, and the rows of the findings list."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lungview.domain.box import Box, to_array
from lungview.domain.detection import Detection, SliceDetections
from lungview.domain.finding import Finding, Source
from lungview.domain.geometry import VolumeGeometry
from lungview.domain.lesion import Lesion
from lungview.domain.study import Stack
from lungview.metrics.lesions import DEFAULT_RULE, LinkRule, link_lesions, match_lesions
from lungview.metrics.matching import match_by_overlap
from lungview.task import Task

_ONE: Final = 0.5
"""Pixels by which the corners of one box may differ: detecting again, or on another device, rounds otherwise."""


@dataclass(frozen=True, slots=True)
class SlicePair:
    """A reader's box and a model's that overlap; iou in (0, 1], None where the first is nothing but the second."""

    finding: Finding
    detection: Detection
    iou: float | None


@dataclass(frozen=True, slots=True)
class SliceComparison:
    """One slice's boxes at a score threshold: pairs best IoU first, readers' boxes missed, model's boxes left over."""

    pairs: tuple[SlicePair, ...]
    missed: tuple[Finding, ...]
    extra: tuple[Detection, ...]

    @property
    def iou(self) -> float | None:
        """Mean IoU over the readers' boxes, a missed one counting 0; None where the reader drew none.

        With one box each, as in the study, it is the IoU of the two. Boxes of the model's that the reader only accepted
        do not count: they would call every box that the reader agrees to a perfect one.
        """
        known = [pair.iou for pair in self.pairs if pair.iou is not None]
        count = len(known) + len(self.missed)
        return sum(known) / count if count else None


def shown_detections(detections: Sequence[Detection], score_threshold: float) -> tuple[Detection, ...]:
    """Detections with at least this score; those of models without scores always count."""
    return tuple(each for each in detections if each.score is None or each.score >= score_threshold)


def compare_slice(
    findings: Sequence[Finding], detections: Sequence[Detection], score_threshold: float
) -> SliceComparison:
    """Pair one slice's boxes so that IoU sums to the most; boxes without area are left out."""
    drawn = [finding for finding in findings if finding.box.area > 0]
    shown = shown_detections(detections, score_threshold)
    matching = match_by_overlap(to_array(each.box for each in shown), to_array(each.box for each in drawn))
    pairs = [
        SlicePair(finding, detection, None if _repeats(finding, detection) else pair.iou)
        for pair in matching.pairs
        for finding, detection in [(drawn[pair.finding], shown[pair.detection])]
    ]
    return SliceComparison(
        pairs=tuple(sorted(pairs, key=lambda pair: -1.0 if pair.iou is None else -pair.iou)),
        missed=tuple(drawn[each] for each in matching.unmatched_findings),
        extra=tuple(shown[each] for each in matching.unmatched_detections),
    )


def _repeats(finding: Finding, detection: Detection) -> bool:
    """Whether a reader's box is this detection's, accepted; that of another model can be compared with it."""
    return finding.is_echo and _are_one(finding.box, detection.box)


def _are_one(one: Box, other: Box) -> bool:
    return all(abs(a - b) <= _ONE for a, b in zip(one.as_tuple(), other.as_tuple(), strict=True))


@dataclass(frozen=True, slots=True)
class LesionRow:
    """One line of the findings list: a lesion that the model, the reader or both say is there.

    id: stays the same while the score threshold moves and from one detection to the next.
    iou, is_centre_hit: the model's lesion against the reader's over all slices; None where only one saw it, or where
        the reader's is nothing but the model's, accepted.
    """

    id: str
    ai: Lesion | None
    reader: Lesion | None
    iou: float | None = None
    is_centre_hit: bool | None = None

    @property
    def source(self) -> Source:
        """Who says so."""
        if self.ai is not None and self.reader is not None:
            return Source.BOTH
        return Source.AI if self.ai is not None else Source.READER

    @property
    def lesion(self) -> Lesion:
        """The lesion to show: the model's where it has one, since that one is under review."""
        lesion = self.ai if self.ai is not None else self.reader
        assert lesion is not None
        return lesion

    @property
    def score(self) -> float | None:
        """The model's best score; None for readers' lesions and models without scores."""
        return self.ai.score if self.ai is not None else None

    @property
    def size_mm(self) -> tuple[float, float, float]:
        """(across, down, through) in mm."""
        return self.lesion.size_mm

    @property
    def first(self) -> int:
        """Lowest slice index that either saw it on."""
        return min(lesion.first for lesion in (self.ai, self.reader) if lesion is not None)

    @property
    def last(self) -> int:
        """Highest slice index that either saw it on."""
        return max(lesion.last for lesion in (self.ai, self.reader) if lesion is not None)

    @property
    def key_slice(self) -> int:
        """The slice to jump to: where both drew a box, so that they can be compared, else the lesion's own."""
        shared = self.ai.boxes.keys() & self.reader.boxes.keys() if self.ai and self.reader else ()
        return self.lesion.best_of(shared or self.lesion.boxes)

    @property
    def label(self) -> str:
        """The reader's word, "" where there is none."""
        return self.reader.label if self.reader is not None else ""


def lesion_rows(
    stack: Stack,
    geometry: VolumeGeometry,
    findings: Mapping[int, Sequence[Finding]],
    detections: Mapping[int, SliceDetections],
    score_threshold: float,
    *,
    rule: LinkRule = DEFAULT_RULE,
    task: Task | None = None,
) -> tuple[LesionRow, ...]:
    """Rows of the findings list for one stack, best score first, then those without a score, largest first.

    findings, detections: by slice index; detections may still be incomplete. score_threshold: boxes below it don't
    take part. task: is checked once for each slice of each source.
    """
    shown = {index: shown_detections(answer.detections, score_threshold) for index, answer in detections.items()}
    ai = link_lesions(shown, geometry, Source.AI, rule=rule, examined=detections.keys(), task=task)
    reader = link_lesions(findings, geometry, Source.READER, rule=rule, task=task)
    matching = match_lesions(ai, reader)
    rows = [
        _row(stack, ai[pair.predicted], reader[pair.reference], pair.iou, pair.is_centre_hit) for pair in matching.pairs
    ]
    rows += [_row(stack, ai[each], None) for each in matching.unmatched_predicted]
    rows += [_row(stack, None, reader[each]) for each in matching.unmatched_reference]
    return tuple(sorted(rows, key=_rank))


def _row(
    stack: Stack, ai: Lesion | None, reader: Lesion | None, iou: float | None = None, hit: bool | None = None
) -> LesionRow:
    # A reader's lesion never changes, so it names the row. A model's grows and shrinks with the threshold, but its
    # best box is there as long as the lesion is.
    named_by = reader if reader is not None else ai
    assert named_by is not None
    if ai is not None and reader is not None and _repeats_lesion(reader, ai):
        iou = hit = None
    return LesionRow(_lesion_id(stack, named_by), ai, reader, iou, hit)


def _repeats_lesion(reader: Lesion, ai: Lesion) -> bool:
    shared = reader.boxes.keys() & ai.boxes.keys()
    return reader.is_echo and all(_are_one(reader.boxes[index], ai.boxes[index]) for index in shared)


def _lesion_id(stack: Stack, lesion: Lesion) -> str:
    instance = stack.instances[lesion.key_slice]
    corners = ",".join(f"{corner:.1f}" for corner in lesion.boxes[lesion.key_slice].as_tuple())
    words = (stack.key, lesion.source.value, instance.sop_instance_uid, str(instance.frame), corners)
    return hashlib.sha256("|".join(words).encode()).hexdigest()[:16]


def _rank(row: LesionRow) -> tuple[float, float, int, str]:
    across, down, through = row.size_mm
    return -(row.score if row.score is not None else -1.0), -(across * down * through), row.first, row.id
