"""What is being read: what is looked at, with what readers and the model say of it, and what is selected.

Values are frozen and pass one way: only this object changes. Panes listen to it and don't know each other.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lungview.domain.box import Box
from lungview.domain.detection import Detection, ModelInfo, SliceDetections
from lungview.domain.finding import Finding, ReviewState
from lungview.domain.study import Stack
from lungview.ui.stack_state import StackState

if TYPE_CHECKING:  # costs imports that must not come before the first paint
    from lungview.reading.comparison import LesionRow


class ViewerState(StackState):
    """What is being read. One signal per fact, emitted only on a real change; all on the GUI thread."""

    findings_changed = Signal()
    detections_changed = Signal(int)
    """The model has answered for this slice; -1: all its answers were dropped."""
    model_changed = Signal()
    selection_changed = Signal()
    """Another lesion row was selected; the zoom, outline and attention panes follow it."""
    rows_changed = Signal()
    """The lesion rows were worked out anew: findings, detections or the score threshold changed."""
    reviews_changed = Signal()
    """The reader accepted, dismissed or reopened a lesion row."""
    withheld_changed = Signal(bool)
    """The model's answers are kept from the reader, or not any more."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._originals: dict[int, tuple[Finding, ...]] = {}
        self._findings: dict[int, tuple[Finding, ...]] = {}
        self._detections: dict[int, SliceDetections] = {}
        self._is_ai_withheld = False
        self._model: ModelInfo | None = None
        self._selected_id: str | None = None
        self._rows: tuple[LesionRow, ...] = ()
        self._reviews: dict[str, ReviewState] = {}

    def choose_stack(self, stack: Stack | None) -> None:
        """Show another stack, starting at its middle slice, with its readers' findings and no detections."""
        if stack is self._stack:
            return
        super().choose_stack(stack)
        self.findings_changed.emit()
        self.rows_changed.emit()

    def _begin_stack(self) -> None:
        self._selected_id = None
        self._detections.clear()
        self._reviews.clear()
        self._rows = ()
        self._findings = dict(self._case.findings_by_slice(self._stack)) if self._case and self._stack else {}
        self._originals = _without_own(self._findings)

    @property
    def findings(self) -> Mapping[int, tuple[Finding, ...]]:
        """Readers' findings by slice index."""
        return self._findings

    @property
    def originals(self) -> Mapping[int, tuple[Finding, ...]]:
        """Other readers' findings by slice index, whether or not the reader's own stand in their place."""
        return self._originals

    def set_own_findings(
        self, own: Mapping[int, tuple[Finding, ...]], hidden: Collection[tuple[int, Box]] = ()
    ) -> None:
        """Take the reader's own findings of this stack. hidden: slices and boxes of others that they stand for."""
        shown: dict[int, tuple[Finding, ...]] = {}
        for index in sorted(self._originals.keys() | own.keys()):
            boxes = {each.box for each in own.get(index, ())}
            others = (each for each in self._originals.get(index, ()) if each.box not in boxes)
            kept = *(each for each in others if (index, each.box) not in hidden), *own.get(index, ())
            if kept:
                shown[index] = kept
        if shown != self._findings:
            self._findings = shown
            self.findings_changed.emit()

    @property
    def is_ai_withheld(self) -> bool:
        """Whether the model's answers are kept from the reader for now."""
        return self._is_ai_withheld

    def withhold_ai(self, is_withheld: bool) -> None:
        """Keep the model's answers from the reader, or show them; they are collected all the same."""
        if is_withheld != self._is_ai_withheld:
            self._is_ai_withheld = is_withheld
            self.detections_changed.emit(-1)
            self.withheld_changed.emit(is_withheld)

    @property
    def detections(self) -> Mapping[int, SliceDetections]:
        """What the model said so far, by slice index; nothing while that is withheld."""
        return {} if self._is_ai_withheld else self._detections

    @property
    def all_detections(self) -> Mapping[int, SliceDetections]:
        """What the model said so far, withheld or not."""
        return self._detections

    def detections_on(self, index: int, score_threshold: float) -> tuple[Detection, ...]:
        """Detections of a slice from a score up; those without a score always count."""
        answer = self.detections.get(index)
        if answer is None:
            return ()
        return tuple(each for each in answer.detections if each.score is None or each.score >= score_threshold)

    def add_detections(self, stack_key: str, answer: SliceDetections) -> None:
        """Take the model's answer for one slice; one for a stack no longer shown is dropped."""
        if self._stack is not None and stack_key == self._stack.key:
            self._detections[answer.index] = answer
            if not self._is_ai_withheld:
                self.detections_changed.emit(answer.index)

    def clear_detections(self) -> None:
        """Drop the model's answers, before another model is asked."""
        if self._detections:
            self._detections.clear()
            self.detections_changed.emit(-1)

    @property
    def model(self) -> ModelInfo | None:
        """The model whose detections are shown; None until it is loaded."""
        return self._model

    def set_model(self, model: ModelInfo | None) -> None:
        """Tell which model answers from now on; earlier answers are dropped."""
        if model != self._model:
            self._model = model
            self.clear_detections()
            self.model_changed.emit()

    @property
    def rows(self) -> "tuple[LesionRow, ...]":
        """The lesions of the stack at the score threshold, best score first."""
        return self._rows

    def set_rows(self, stack_key: str, rows: "tuple[LesionRow, ...]") -> None:
        """Take the lesions worked out anew; those of a stack no longer shown are dropped."""
        if self._stack is not None and stack_key == self._stack.key and rows != self._rows:
            self._rows = rows
            self.rows_changed.emit()

    @property
    def selected_row(self) -> "LesionRow | None":
        """The selected lesion row; None too where the threshold now hides it."""
        return next((row for row in self._rows if row.id == self._selected_id), None)

    @property
    def selected_id(self) -> str | None:
        """Id of the selected lesion row."""
        return self._selected_id

    def select(self, row_id: str | None) -> None:
        """Select a lesion row, or none."""
        if row_id != self._selected_id:
            self._selected_id = row_id
            self.selection_changed.emit()

    def reader_boxes(self, index: int) -> tuple[Box, ...]:
        """Readers' boxes of a slice."""
        return tuple(finding.box for finding in self._findings.get(index, ()))

    @property
    def reviews(self) -> Mapping[str, ReviewState]:
        """What the reader made of lesion rows, by row id; rows not named are open."""
        return self._reviews

    def set_reviews(self, reviews: Mapping[str, ReviewState]) -> None:
        """Take what was made of this stack's rows before."""
        if reviews != self._reviews:
            self._reviews = dict(reviews)
            self.reviews_changed.emit()

    def review(self, row_id: str, made: ReviewState) -> None:
        """Accept, dismiss or reopen a lesion row."""
        if self._reviews.get(row_id, ReviewState.OPEN) != made:
            self._reviews[row_id] = made
            self.reviews_changed.emit()


def _without_own(findings: Mapping[int, tuple[Finding, ...]]) -> dict[int, tuple[Finding, ...]]:
    found = {index: tuple(each for each in all_ if not each.is_own) for index, all_ in findings.items()}
    return {index: others for index, others in found.items() if others}
