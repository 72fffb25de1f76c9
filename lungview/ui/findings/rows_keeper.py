"""Works the lesion rows out anew, in the background, whenever what they rest on changes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from lungview.domain.finding import ReviewState
from lungview.task import Task
from lungview.ui.display_state import DisplayState
from lungview.ui.jobs import Job, JobRunner
from lungview.ui.state import ViewerState

if TYPE_CHECKING:
    from lungview.reading.comparison import LesionRow

_PAUSE_MS = 40
_STREAM_PAUSE_MS = 300
"""Detections arrive slice by slice: those that come closer than this are linked together."""
_SAME_IOU = 0.2


class RowsKeeper(QObject):
    """Keeps the state's rows up to date; at most one calculation at a time, the newest facts last."""

    def __init__(
        self, state: ViewerState, display: DisplayState, runner: JobRunner, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._display, self._runner = state, display, runner
        self._job: Job[tuple[LesionRow, ...]] | None = None
        self._is_stale = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._work_out)
        for changed in (state.volume_changed, state.findings_changed, display.score_threshold_changed):
            changed.connect(self._on_changed)
        state.detections_changed.connect(self._on_detections_changed)

    @property
    def is_up_to_date(self) -> bool:
        """Whether the rows say all that is known."""
        return not (self._is_stale or self._timer.isActive() or self._job is not None)

    def _on_changed(self, *_: object) -> None:
        self._is_stale = True
        if self._job is None:
            self._timer.start(_PAUSE_MS)

    def _on_detections_changed(self, _index: int) -> None:
        self._is_stale = True
        if self._job is None and not self._timer.isActive():
            self._timer.start(_STREAM_PAUSE_MS)

    def _work_out(self) -> None:
        self._is_stale = False
        stack, volume = self._state.stack, self._state.volume
        if stack is None or volume is None:
            return
        findings, detections = dict(self._state.findings), dict(self._state.detections)
        geometry, threshold = volume.geometry, self._display.score_threshold

        def work(task: Task) -> "tuple[LesionRow, ...]":
            from lungview.reading.comparison import lesion_rows  # costs imports that must not delay the first paint

            return lesion_rows(stack, geometry, findings, detections, threshold, task=task)

        job = self._runner.start("Linking boxes to lesions", work, is_quiet=True)
        self._job = job
        job.succeeded.connect(lambda rows: self._take(stack.key, rows))
        job.finished.connect(self._on_ended)

    def _on_ended(self) -> None:
        self._job = None
        if self._is_stale:
            self._timer.start(_STREAM_PAUSE_MS)

    def _take(self, stack_key: str, rows: "tuple[LesionRow, ...]") -> None:
        if self._state.stack is None or stack_key != self._state.stack.key:
            return
        before = self._state.rows
        heirs = {old.id: heir.id for old in before if (heir := heir_of(old, rows)) is not None and heir.id != old.id}
        selected = self._state.selected_id
        self._state.set_rows(stack_key, rows)
        for old, new in heirs.items():
            made = self._state.reviews.get(old, ReviewState.OPEN)
            if made is not ReviewState.OPEN and new not in self._state.reviews:
                self._state.review(new, made)
        if selected in heirs:
            self._state.select(heirs[selected])


def heir_of(old: "LesionRow", rows: "Sequence[LesionRow]") -> "LesionRow | None":
    """The row that is this lesion now: the model's best box may be another than before, and with it the row's id."""
    best, best_iou = None, _SAME_IOU
    for row in rows:
        if row.id == old.id:
            return row
        box = row.lesion.boxes.get(old.key_slice)
        overlap = box.iou(old.lesion.boxes[old.key_slice]) if box is not None else 0.0
        if overlap > best_iou:
            best, best_iou = row, overlap
    return best
