"""Loads what was made of a stack's findings when it is shown, and saves it soon after each change."""

from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from lungview.domain.finding import ReviewState
from lungview.domain.study import Stack
from lungview.errors import LungViewError
from lungview.task import Task
from lungview.ui.jobs import JobRunner
from lungview.ui.reviews import Reviews, ReviewStore
from lungview.ui.state import ViewerState

_PAUSE_MS = 300
_RETRY_MS = 5000


@dataclass(frozen=True, slots=True)
class _Unsaved:
    """Reviews that wait for a disk that takes them. base: what they were made from."""

    stack: Stack
    mine: dict[str, ReviewState]
    base: Reviews


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
        self._waiting: dict[str, _Unsaved] = {}
        self._is_shut = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._save)
        state.stack_about_to_change.connect(self.flush)
        state.stack_changed.connect(self._on_stack_changed)
        state.reviews_changed.connect(self._on_reviews_changed)

    @property
    def is_saved(self) -> bool:
        """Whether everything is on disk."""
        return not self._waiting and not self._timer.isActive()

    def flush(self) -> None:
        """Save at once what waits; before another stack comes or the window closes."""
        if self._timer.isActive():
            self._timer.stop()
            self._note()
        for name, unsaved in list(self._waiting.items()):
            try:
                self._store.save(unsaved.stack, unsaved.mine, unsaved.base)
                del self._waiting[name]
            except LungViewError as error:
                self._on_failed(error)

    def _note(self) -> None:
        """Take down what the stack shown has that is not on disk."""
        if self._stack is None or self._is_shut:
            return
        name, mine = self._store.file(self._stack).name, dict(self._state.reviews)
        self._waiting.pop(name, None)
        if mine != self._saved:
            self._waiting[name] = _Unsaved(self._stack, mine, self._saved)

    def _on_stack_changed(self) -> None:
        self._stack, self._saved, self._is_shut = self._state.stack, {}, False
        if self._stack is not None:
            try:
                self._saved = self._store.load(self._stack)
            except LungViewError as error:
                self._is_shut = True
                self.failed.emit(error)
        unsaved = self._waiting.get(self._store.file(self._stack).name) if self._stack is not None else None
        self._state.set_reviews(unsaved.mine if unsaved is not None else self._saved)
        self.saving_changed.emit("")

    def _on_reviews_changed(self) -> None:
        if dict(self._state.reviews) != self._saved and not self._is_shut:
            self.saving_changed.emit("Saving…")
            self._timer.start(_PAUSE_MS)

    def _save(self) -> None:
        self._note()
        waiting = dict(self._waiting)

        def work(_task: Task) -> None:
            for unsaved in waiting.values():
                self._store.save(unsaved.stack, unsaved.mine, unsaved.base)

        job = self._runner.start("Saving reviews", work, is_quiet=True)
        job.succeeded.connect(lambda _none: self._on_saved(waiting))
        job.failed.connect(self._on_failed)

    def _on_saved(self, saved: dict[str, _Unsaved]) -> None:
        for name, unsaved in saved.items():
            if self._waiting.get(name) is unsaved:
                del self._waiting[name]
            if unsaved.stack is self._stack:
                self._saved = unsaved.mine
                self.saving_changed.emit("Reviews saved")
                self._on_reviews_changed()  # what was changed meanwhile

    def _on_failed(self, error: Exception) -> None:
        self.saving_changed.emit("Reviews not saved")
        self.failed.emit(error)
        self._timer.start(_RETRY_MS)
