"""Accepting and dismissing findings: an accepted lesion becomes boxes of the reader's own, and all can be undone."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from lungview.domain.finding import Finding, ReviewState
from lungview.domain.lesion import Lesion
from lungview.marks.change import Patch
from lungview.marks.mark import Mark, Origin, OriginKind, Place, new_id
from lungview.ui.marks.editor import MarksEditor, now, verdict_change
from lungview.ui.state import ViewerState

if TYPE_CHECKING:
    from lungview.reading.comparison import LesionRow

_NAMES = {ReviewState.ACCEPTED: "Accept", ReviewState.DISMISSED: "Dismiss", ReviewState.OPEN: "Open again"}


class Verdicts(QObject):
    """What comes of the reader's word on a lesion."""

    given = Signal(object, object)
    """The LesionRow and the ReviewState."""
    removed = Signal(int)
    """How many boxes that the reader drew went with a dismissed finding."""

    def __init__(self, state: ViewerState, editor: MarksEditor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._editor = state, editor

    def record(self, row: "LesionRow", made: ReviewState) -> None:
        """Take a verdict. Accepting keeps the reader's boxes where a reader has some, else the model's; taking an
        acceptance back removes the boxes that came of it and were not touched since. Dismissing removes all of the
        reader's own, so that nobody learns from what is called no lesion."""
        was = self._state.reviews.get(row.id, ReviewState.OPEN)
        if not self._editor.is_enabled:
            self._state.review(row.id, made)
        elif made is ReviewState.ACCEPTED:
            self._apply(row, was, made, self._kept(row))
        elif made is ReviewState.DISMISSED:
            own, from_verdict = self._own(row), self._untouched(row)
            self._apply(row, was, made, own)
            if len(own) > len(from_verdict):
                self.removed.emit(len(own) - len(from_verdict))
        else:
            self._apply(row, was, made, self._untouched(row))
        self.given.emit(row, made)

    def _apply(self, row: "LesionRow", was: ReviewState, made: ReviewState, patch: Patch) -> None:
        self._editor.apply(verdict_change(_NAMES[made], self._editor.marks, patch, row.id, was, made))
        if made is ReviewState.ACCEPTED and patch:
            self._editor.drawn.emit()

    def _kept(self, row: "LesionRow") -> dict[str, Mark | None]:
        if row.reader is not None:
            marks = self._from_readers(row.reader)
        else:
            marks = self._from_model(row.ai) if row.ai is not None else []
        return {mark.id: mark for mark in marks}

    def _from_model(self, lesion: Lesion) -> list[Mark]:
        model, stack = self._state.model, self._state.stack
        if stack is None:
            return []
        made, name, shared = [], model.name if model is not None else "", new_id()
        label = self._editor.usual_label
        for index, box in sorted(lesion.boxes.items()):
            origin = Origin(OriginKind.AI, by=name, score=lesion.scores.get(index), box=box)
            place = Place.of(stack.instances[index])
            if place.sop_instance_uid:
                made.append(Mark(new_id(), place, box, shared, label, self._editor.author, now(), origin))
        return made

    def _from_readers(self, lesion: Lesion) -> list[Mark]:
        """The other readers' boxes of a lesion that are not the reader's own already."""
        from lungview.reading.own_boxes import taken_over

        made, shared = [], new_id()
        for index, box in sorted(lesion.boxes.items()):
            if any(mark.box == box for mark in self._editor.on_slice(index)):
                continue
            found = (each for each in self._state.originals.get(index, ()) if each.box == box)
            original: Finding | None = next(found, None)
            if original is not None and original.sop_instance_uid:
                made.append(taken_over(original, shared, self._editor.author, now()))
        return made

    def _untouched(self, row: "LesionRow") -> dict[str, Mark | None]:
        """Boxes of a lesion that came of accepting it and are as they were then."""
        from_verdict = {OriginKind.AI, OriginKind.READER}
        marks = self._editor.marks
        return {
            each: None
            for each in self._own(row)
            if marks[each].origin.kind in from_verdict and marks[each].origin.box == marks[each].box
        }

    def _own(self, row: "LesionRow") -> dict[str, Mark | None]:
        """The reader's own boxes of a lesion, to be removed."""
        boxes = row.reader.boxes.items() if row.reader is not None else ()
        return {mark.id: None for index, box in boxes for mark in self._editor.on_slice(index) if mark.box == box}
