"""The reader's own boxes of the open case: edits, undo, and which box is selected."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

from PySide6.QtCore import QObject, Signal

from lungview.domain.box import Box
from lungview.domain.finding import Finding, ReviewState
from lungview.marks.change import Change, History, Patch, change_to, patched
from lungview.marks.mark import DRAWN, Mark, Marks, OriginKind, Place, by_place, new_id
from lungview.marks.propagate import Spread, moved_along, propagated
from lungview.marks.record import CaseRecord, signed
from lungview.ui.state import ViewerState

_SAME_LESION_IOU = 0.2


class MarksEditor(QObject):
    """Every edit is a Change: done, undone and done again the same way. The state shows what comes of it."""

    changed = Signal()
    """Marks or verdicts were edited, by this window's reader."""
    selection_changed = Signal()
    tool_changed = Signal(bool)
    """The left button draws boxes, or not any more."""
    drawn = Signal()
    """The reader made a box."""

    def __init__(self, state: ViewerState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._marks: dict[str, Mark] = {}
        self._on_place: Mapping[Place, tuple[Mark, ...]] = {}
        self._selected_id = ""
        self._is_drawing = False
        self.history = History()
        self.author = ""
        """The reader's name, "" while it is not known."""
        self.is_enabled = False
        """Whether there is a case whose marks were read."""
        state.slice_changed.connect(self._on_slice_changed)
        state.stack_changed.connect(lambda: self.select(None))

    @property
    def marks(self) -> Marks:
        """Every mark of the case, by id."""
        return self._marks

    @property
    def places(self) -> tuple[Place, ...]:
        """The planes of the stack shown, in its order."""
        stack = self._state.stack
        return tuple(Place.of(instance) for instance in stack.instances) if stack is not None else ()

    def take(self, marks: Marks) -> None:
        """Begin with another case's marks, or with none."""
        self.history.clear()
        self._selected_id = ""
        self.adopt(marks)

    def adopt(self, marks: Marks) -> None:
        """Take marks as they are now elsewhere; not an edit, so not to be undone here."""
        self._marks = dict(marks)
        self.publish()

    def apply(self, change: Change) -> None:
        """Make an edit that can be undone."""
        if not change.is_empty:
            self.history.add(change)
            self._perform(change)

    def undo(self) -> None:
        """Take the last edit back."""
        self._perform(self.history.undo())

    def redo(self) -> None:
        """Make the edit undone last again."""
        self._perform(self.history.redo())

    def on_slice(self, index: int | None = None) -> tuple[Mark, ...]:
        """Marks of a slice, the one being looked at unless another is named."""
        place = self._place(self._state.slice_index if index is None else index)
        return self._on_place.get(place, ()) if place is not None else ()

    @property
    def selected(self) -> Mark | None:
        """The selected mark, where it lies on the slice being looked at."""
        return next((mark for mark in self.on_slice() if mark.id == self._selected_id), None)

    def select(self, mark_id: str | None) -> None:
        """Select a mark, or none."""
        if (mark_id or "") != self._selected_id:
            self._selected_id = mark_id or ""
            self.selection_changed.emit()

    def mark_at(self, x: float, y: float) -> Mark | None:
        """The smallest mark under a point of the slice."""
        found = [mark for mark in self.on_slice() if mark.box.contains(x, y)]
        return min(found, key=lambda mark: mark.box.area, default=None)

    @property
    def usual_label(self) -> str:
        """The label that most findings of the case have, the first by alphabet of several; "" for none."""
        labels = Counter(each.label for found in self._state.findings.values() for each in found if each.label)
        return min(labels, key=lambda label: (-labels[label], label), default="")

    @property
    def is_drawing(self) -> bool:
        """Whether the left button draws boxes."""
        return self._is_drawing

    def set_drawing(self, is_drawing: bool) -> None:
        """Let the left button draw boxes, or not any more."""
        if is_drawing != self._is_drawing:
            self._is_drawing = is_drawing
            self.tool_changed.emit(is_drawing)

    def leave(self) -> None:
        """Deselect; with nothing selected, put the tool away."""
        if self.selected is not None:
            self.select(None)
        else:
            self.set_drawing(False)

    def add(self, box: Box) -> Mark | None:
        """Make a mark of a box on the slice being looked at, and select it; None where there can't be any."""
        place = self._place(self._state.slice_index)
        if place is None or not place.sop_instance_uid or not self.is_enabled:
            return None
        near = self._neighbour(box)
        lesion = near.lesion if near is not None else new_id()
        label = near.label if near is not None else self.usual_label
        made = Mark(new_id(), place, box, lesion, label, self.author, now())
        self._selected_id = made.id
        self.apply(change_to("Draw box", self._marks, {made.id: made}))
        self.selection_changed.emit()
        self.drawn.emit()
        return made

    def set_box(self, mark: Mark, box: Box) -> None:
        """Move or resize a mark; copies of it that nobody touched follow a move."""
        if box == mark.box:
            return
        is_move = (box.width, box.height) == (mark.box.width, mark.box.height)
        is_copy = mark.origin.kind is OriginKind.PROPAGATED
        moved = replace(mark, box=box, time=now(), origin=DRAWN if is_copy else mark.origin)
        patch: Patch = moved_along(mark, moved, self._marks) if is_move else {moved.id: moved}
        self.apply(change_to("Move box" if is_move else "Resize box", self._marks, patch))

    def set_label(self, mark: Mark, label: str) -> None:
        """Label a mark and the others of its lesion."""
        same = [each for each in self._marks.values() if each.lesion == mark.lesion and each.label != label]
        patch = {each.id: replace(each, label=label, time=now()) for each in same}
        self.apply(change_to("Label", self._marks, patch))

    def delete(self, mark: Mark, *, with_lesion: bool = False) -> None:
        """Delete a mark, or its whole lesion."""
        gone = [each for each in self._marks.values() if each.lesion == mark.lesion] if with_lesion else [mark]
        name = "Delete lesion" if with_lesion else "Delete box"
        self.apply(change_to(name, self._marks, {each.id: None for each in gone}))

    def spread(self, mark: Mark, spread: Spread) -> None:
        """Copy a mark to neighbouring slices, in place of its earlier copies."""
        patch = propagated(self._marks, replace(mark, author=self.author, time=now()), self.places, spread)
        self.apply(change_to("Propagate", self._marks, patch))

    def sign(self, author: str) -> None:
        """Put the reader's name on marks made before it was known."""
        self.author = author
        self._marks = dict(signed(CaseRecord(self._marks), author).marks)
        self.publish()
        self.changed.emit()

    def publish(self) -> None:
        """Let the state show the marks of the stack."""
        self._on_place = by_place(self._marks.values())
        own: dict[int, tuple[Finding, ...]] = {}
        hidden: set[tuple[int, Box]] = set()
        for index, place in enumerate(self.places):
            marks = self._on_place.get(place, ())
            if marks:
                own[index] = tuple(mark.as_finding() for mark in marks)
                hidden |= {(index, box) for mark in marks if (box := _replaced(mark)) is not None}
        self._state.set_own_findings(own, hidden)

    def _perform(self, change: Change | None) -> None:
        if change is None:
            return
        self._marks = patched(self._marks, change.after)
        for row_id, made in change.verdicts_after.items():
            self._state.review(row_id, made)
        self.publish()
        self.changed.emit()

    def _place(self, index: int) -> Place | None:
        stack = self._state.stack
        return Place.of(stack.instances[index]) if stack is not None else None

    def _neighbour(self, box: Box) -> Mark | None:
        """The mark on the slice before or after that overlaps a box most, being the same lesion."""
        count, index = len(self.places), self._state.slice_index
        near: Iterable[Mark] = (
            mark for each in (index - 1, index + 1) if 0 <= each < count for mark in self.on_slice(each)
        )
        best = max(near, key=lambda mark: mark.box.iou(box), default=None)
        return best if best is not None and best.box.iou(box) > _SAME_LESION_IOU else None

    def _on_slice_changed(self, index: int) -> None:
        """Keep the lesion selected on slices where it has a box."""
        chosen = self._marks.get(self._selected_id)
        if chosen is None:
            return
        here = next((mark for mark in self.on_slice(index) if mark.lesion == chosen.lesion), None)
        if here is not None:
            self._selected_id = here.id
        self.selection_changed.emit()


def _replaced(mark: Mark) -> Box | None:
    """The original's box that a mark stands for."""
    return mark.origin.box if mark.origin.kind is OriginKind.READER else None


def now() -> str:
    """The time, as findings carry it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def verdict_change(name: str, marks: Marks, patch: Patch, row_id: str, was: ReviewState, made: ReviewState) -> Change:
    """An edit of marks together with a verdict."""
    plain = change_to(name, marks, patch)
    return replace(plain, verdicts_before={row_id: was}, verdicts_after={row_id: made})
