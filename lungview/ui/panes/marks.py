"""What is marked on a slice: boxes with who says so, what came of them, and a label."""

from collections.abc import Iterator
from dataclasses import dataclass

from lungview.domain.box import Box
from lungview.domain.detection import Detection
from lungview.domain.finding import Finding, ReviewState, Source
from lungview.reading.comparison import LesionRow, SliceComparison, compare_slice
from lungview.ui.display_state import DisplayState
from lungview.ui.state import ViewerState


@dataclass(frozen=True, slots=True)
class BoxMark:
    """A box to draw. source: READER or AI. score, iou: None where nothing scored it, or no box of the other belongs
    to it. row_id: the lesion row it belongs to, None where it belongs to none."""

    box: Box
    source: Source
    label: str = ""
    score: float | None = None
    iou: float | None = None
    review: ReviewState = ReviewState.OPEN
    is_selected: bool = False
    row_id: str | None = None


@dataclass(frozen=True, slots=True)
class SliceMarks:
    """All marks of one slice, and how its boxes pair."""

    comparison: SliceComparison
    marks: tuple[BoxMark, ...] = ()

    def of(self, source: Source) -> tuple[BoxMark, ...]:
        """The marks of the readers, or of the model."""
        return tuple(mark for mark in self.marks if mark.source is source)


NO_MARKS = SliceMarks(SliceComparison((), (), ()))


def marks_of(state: ViewerState, display: DisplayState) -> SliceMarks:
    """Work out the marks of the current slice; those of a source that is hidden take no part."""
    index = state.slice_index
    findings = state.findings.get(index, ()) if display.shows_reader else ()
    answer = state.detections.get(index) if display.shows_ai else None
    if not findings and answer is None:
        return NO_MARKS
    detections = answer.detections if answer is not None else ()
    compared = compare_slice(findings, detections, display.score_threshold)
    return SliceMarks(compared, tuple(_marks(state, compared, index)))


def _marks(state: ViewerState, compared: SliceComparison, index: int) -> Iterator[BoxMark]:
    """Readers' boxes first, so that the model's dashes lie over them."""
    rows = _RowFinder(state, index)
    for pair in compared.pairs:
        yield rows.reader_mark(pair.finding, pair.iou)
    for finding in compared.missed:
        yield rows.reader_mark(finding, None)
    for pair in compared.pairs:
        yield rows.ai_mark(pair.detection, pair.iou)
    for detection in compared.extra:
        yield rows.ai_mark(detection, None)


class _RowFinder:
    """Finds the lesion row of a box on one slice."""

    def __init__(self, state: ViewerState, index: int) -> None:
        self._reviews, self._selected_id = state.reviews, state.selected_id
        self._rows: dict[tuple[Source, Box], str] = {}
        for row in state.rows:
            for source, box in boxes_of(row, index):
                self._rows[source, box] = row.id

    def reader_mark(self, finding: Finding, iou: float | None) -> BoxMark:
        return self._mark(finding.box, Source.READER, finding.label, None, iou)

    def ai_mark(self, detection: Detection, iou: float | None) -> BoxMark:
        score = f"{detection.score:.2f}" if detection.score is not None else ""
        overlap = f"IoU {iou:.2f}" if iou is not None else ""
        label = "   ".join(part for part in (score, overlap) if part)
        return self._mark(detection.box, Source.AI, label, detection.score, iou)

    def _mark(self, box: Box, source: Source, label: str, score: float | None, iou: float | None) -> BoxMark:
        row_id = self._rows.get((source, box))
        review = self._reviews.get(row_id, ReviewState.OPEN) if row_id is not None else ReviewState.OPEN
        is_selected = row_id is not None and row_id == self._selected_id
        return BoxMark(box, source, label, score, iou, review, is_selected, row_id)


def boxes_of(row: LesionRow, index: int) -> Iterator[tuple[Source, Box]]:
    """A row's boxes on a slice, the model's first."""
    for source, lesion in ((Source.AI, row.ai), (Source.READER, row.reader)):
        if lesion is not None and index in lesion.boxes:
            yield source, lesion.boxes[index]
