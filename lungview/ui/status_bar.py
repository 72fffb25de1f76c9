"""The bottom row: the notice, what is running, what was saved, what is odd, and which model answers."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QStatusBar, QToolButton, QWidget

from lungview.ui import theme
from lungview.ui.theme import Space

if TYPE_CHECKING:
    from lungview.ui.jobs import Job, JobRunner

NOTICE = "For research. Not for diagnosis."
_PROGRESS_WIDTH = 120


class StatusBar(QStatusBar):
    """Shows the newest loud job with its progress and a way to stop it."""

    report_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self._runner: JobRunner | None = None
        self._job: Job[object] | None = None
        self._notice = _label(NOTICE, "notice")
        self._doing = _label("", "small")
        self._progress = QProgressBar()
        self._progress.setFixedWidth(_PROGRESS_WIDTH)
        self._progress.setTextVisible(False)
        self._cancel = QToolButton()
        self._cancel.setToolTip("Stop this")
        self._cancel.clicked.connect(self._on_cancel)
        self._counts = QPushButton()
        self._counts.setProperty("role", "link")
        self._counts.setToolTip("Open the geometry and files report")
        self._counts.clicked.connect(self.report_wanted)
        self._saved = _label("", "small")
        self._model = _label("", "small")
        self._lay_out()
        self._show_job(None)

    def watch(self, runner: "JobRunner") -> None:
        """Show what this runner does."""
        self._runner = runner
        runner.started.connect(self._on_started)

    @property
    def doing(self) -> str:
        """What the bar says is running, "" for nothing."""
        return self._doing.text() if self._job is not None else ""

    def set_counts(self, text: str) -> None:
        """Tell how many files or annotations found no place, "" for none."""
        self._counts.setText(text)
        self._counts.setVisible(bool(text))

    @property
    def counts(self) -> str:
        """What is told of files without a place."""
        return self._counts.text()

    def set_saved(self, text: str) -> None:
        """Tell the state of saving."""
        self._saved.setText(text)

    def set_model(self, text: str) -> None:
        """Tell which model answers, and where it runs."""
        self._model.setText(text)

    @property
    def model(self) -> str:
        """What is told of the model."""
        return self._model.text()

    def dress(self) -> None:
        """Draw the icon in the colours in use; not at the first paint, which must not wait for the font of icons."""
        from lungview.ui import icons

        self._cancel.setIcon(icons.icon("x", theme.current_palette(), 12))

    def _lay_out(self) -> None:
        self.setContentsMargins(Space.INSIDE, 0, Space.INSIDE, 0)
        self.addWidget(self._notice)
        for widget in (self._doing, self._progress, self._cancel, self._counts, self._saved, self._model):
            self.addPermanentWidget(widget)
        for label in (self._saved, self._model):
            label.setContentsMargins(Space.AROUND, 0, 0, 0)
        self._counts.hide()

    def _on_started(self, job: "Job[object]") -> None:
        if not job.is_quiet:
            job.progressed.connect(lambda done, total: self._on_progressed(job, done, total))
            job.finished.connect(self._show_newest)
            self._show_job(job)

    def _show_newest(self) -> None:
        jobs = self._runner.jobs if self._runner is not None else ()
        loud = [job for job in jobs if not job.is_quiet and not job.is_finished]
        self._show_job(loud[-1] if loud else None)

    def _show_job(self, job: "Job[object] | None") -> None:
        self._job = job
        for widget in (self._doing, self._progress, self._cancel):
            widget.setVisible(job is not None)
        if job is not None:
            self._on_progressed(job, *job.progress)

    def _on_progressed(self, job: "Job[object]", done: int, total: int) -> None:
        if job is not self._job:
            return
        self._progress.setRange(0, total)
        self._progress.setValue(done)
        self._doing.setText(in_words(job.label, done, total, job.remaining_s))

    def _on_cancel(self) -> None:
        if self._job is not None:
            self._job.cancel()


def in_words(label: str, done: int, total: int, remaining_s: float | None) -> str:
    """What a job does, how far it is, and how long it will take."""
    far = f" {done} of {total}" if total > 0 else (f" {done}" if done > 0 else "")
    if remaining_s is None or remaining_s < 2:
        return f"{label}{far}"
    left = f"{remaining_s:.0f} s" if remaining_s < 90 else f"{remaining_s / 60:.0f} min"
    return f"{label}{far}, about {left} left"


def _label(text: str, role: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", role)
    return label
