"""The marks of the current slice, worked out once for all who draw them."""

from PySide6.QtCore import QObject, QPointF, Signal

from lungview.ui.display_state import DisplayState
from lungview.ui.panes.marks import BoxMark, SliceMarks, marks_of
from lungview.ui.panes.view import View
from lungview.ui.state import ViewerState


class MarkSource(QObject):
    """Knows the marks of the slice being looked at. They are worked out when first asked for after a change."""

    changed = Signal()

    def __init__(self, state: ViewerState, display: DisplayState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._display = state, display
        self._marks: SliceMarks | None = None
        state.detections_changed.connect(self._on_detections_changed)
        for signal in (
            state.slice_changed,
            state.stack_changed,
            state.findings_changed,
            state.rows_changed,
            state.selection_changed,
            state.reviews_changed,
            display.ai_shown_changed,
            display.reader_shown_changed,
            display.score_threshold_changed,
        ):
            signal.connect(self._forget)

    @property
    def current(self) -> SliceMarks:
        """The marks of the current slice, and how its boxes pair."""
        if self._marks is None:
            self._marks = marks_of(self._state, self._display)
        return self._marks

    def on_slice(self) -> tuple[BoxMark, ...]:
        """The marks of the current slice."""
        return self.current.marks

    def row_at(self, view: View, at: QPointF) -> str | None:
        """The lesion row of the smallest box under a pane point, None where there is none."""
        found = [mark for mark in self.on_slice() if mark.row_id and view.box_rect(mark.box).contains(at)]
        return min(found, key=lambda mark: mark.box.area).row_id if found else None

    def _on_detections_changed(self, index: int) -> None:
        if index in (-1, self._state.slice_index):
            self._forget()

    def _forget(self) -> None:
        self._marks = None
        self.changed.emit()
