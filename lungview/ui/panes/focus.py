"""What the small panes show: one place on the slice, found once for all of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from lungview.domain.box import Box
from lungview.domain.finding import Source
from lungview.domain.lesion import Lesion
from lungview.reading.comparison import LesionRow
from lungview.ui.display_state import DisplayState
from lungview.ui.panes.mark_source import MarkSource
from lungview.ui.state import ViewerState


@dataclass(frozen=True, slots=True)
class Target:
    """The box in focus.

    source: whose box it is, READER or AI. slice_index: the slice it lies on, another than the current one where the
    selected lesion has no box there.
    """

    box: Box
    source: Source
    slice_index: int


class Focus(QObject):
    """Follows selection, slice, threshold and detections, and tells where to look.

    A source that is hidden takes no part: a reader who has put the model's marks away is not led to them.
    """

    changed = Signal()
    """The target is another one."""

    def __init__(self, state: ViewerState, display: DisplayState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._display = state, display
        self.marks = MarkSource(state, display, self)
        """The marks of the current slice, shared by the small panes."""
        self._target = self._find()
        self.marks.changed.connect(self._on_marks_changed)

    @property
    def target(self) -> Target | None:
        """The selected lesion's box on the current slice, or on its nearest; else the model's best box on the slice,
        else the reader's largest; None where there is nothing."""
        return self._target

    @property
    def is_on_slice(self) -> bool:
        """Whether the target lies on the current slice."""
        return self._target is not None and self._target.slice_index == self._state.slice_index

    def _on_marks_changed(self) -> None:
        target = self._find()
        if target != self._target:
            self._target = target
            self.changed.emit()

    def _find(self) -> Target | None:
        row = self._state.selected_row
        return (self._in_row(row) if row is not None else None) or self._on_slice()

    def _in_row(self, row: LesionRow) -> Target | None:
        """The row's box nearest to the current slice, the model's where both have one as near."""
        index = self._state.slice_index
        return min(
            (
                Target(lesion.boxes[each], source, each)
                for source, lesion in self._lesions(row)
                for each in lesion.boxes
            ),
            key=lambda target: abs(target.slice_index - index),
            default=None,
        )

    def _lesions(self, row: LesionRow) -> Iterable[tuple[Source, Lesion]]:
        if row.ai is not None and self._display.shows_ai:
            yield Source.AI, row.ai
        if row.reader is not None and self._display.shows_reader:
            yield Source.READER, row.reader

    def _on_slice(self) -> Target | None:
        marks, index = self.marks.current, self._state.slice_index
        ai, reader = marks.of(Source.AI), marks.of(Source.READER)
        if ai:
            best = max(ai, key=lambda mark: (mark.score or 0.0, mark.box.area))
            return Target(best.box, Source.AI, index)
        if reader:
            return Target(max(reader, key=lambda mark: mark.box.area).box, Source.READER, index)
        return None
