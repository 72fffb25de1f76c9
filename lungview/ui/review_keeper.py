"""Loads what was made of a stack's findings when it is shown, and saves it soon after each change."""

from collections.abc import Mapping

from PySide6.QtCore import QObject, QTimer, Signal

from lungview.domain.finding import ReviewState
from lungview.domain.study import Stack
from lungview.errors import LungViewError
from lungview.task import Task
from lungview.ui.jobs import JobRunner
from lungview.ui.reviews import ReviewStore
from lungview.ui.state import ViewerState

_PAUSE_MS = 300


class ReviewKeeper(QObject):
    """Nothing of a review is lost but the last third of a second before a crash."""

    saving_changed = Signal(str)
    """The state of saving, for the status bar; "" where nothing was made yet."""
    failed = Signal(object)

    def __init__(
        self, state: ViewerState, store: ReviewStore, runner: JobRunner, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._store, self._runner = state, store, runner
        self._stack: Stack | None = None
        self._saved: dict[str, ReviewState] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._save)
        state.stack_about_to_change.connect(self.flush)
        state.stack_changed.connect(self._on_stack_changed)
        state.reviews_changed.connect(self._on_reviews_changed)

    def flush(self) -> None:
        """Save at once what waits; before another stack comes or the window closes."""
        if self._timer.isActive() and self._stack is not None:
            self._timer.stop()
            try:
                self._store.save(self._stack, self._state.reviews)
            except OSError as error:
                self.failed.emit(_not_saved(error))

    def _on_stack_changed(self) -> None:
        self._timer.stop()
        self._stack = self._state.stack
        self._saved = self._store.load(self._stack) if self._stack is not None else {}
        self._state.set_reviews(self._saved)
        self.saving_changed.emit("")

    def _on_reviews_changed(self) -> None:
        if dict(self._state.reviews) != self._saved:
            self.saving_changed.emit("Saving…")
            self._timer.start()

    def _save(self) -> None:
        if self._stack is None:
            return
        stack, reviews = self._stack, dict(self._state.reviews)

        def work(_task: Task) -> None:
            try:
                self._store.save(stack, reviews)
            except OSError as error:
                raise _not_saved(error) from error

        job = self._runner.start("Saving reviews", work, is_quiet=True)
        job.succeeded.connect(lambda _none: self._on_saved(stack, reviews))
        job.failed.connect(self._on_failed)

    def _on_saved(self, stack: Stack, reviews: Mapping[str, ReviewState]) -> None:
        if stack is self._stack:
            self._saved = dict(reviews)
            self.saving_changed.emit("Reviews saved")

    def _on_failed(self, error: Exception) -> None:
        self.saving_changed.emit("Reviews not saved")
        self.failed.emit(error)


def _not_saved(error: OSError) -> LungViewError:
    why = error.strerror or "the disk refuses it"
    return LungViewError(f"Your reviews could not be saved ({why}); free some space or check LUNGVIEW_HOME.")
