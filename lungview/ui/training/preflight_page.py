"""Second page: every problem in plain words, what will be left out, and what the run will be."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from lungview.errors import LungViewError
from lungview.task import Task
from lungview.ui import icons, theme
from lungview.ui.jobs import JobRunner
from lungview.ui.scrolling import scrolled
from lungview.ui.theme import Mark, Space
from lungview.ui.training.busy_page import BusyPage
from lungview.ui.training.services import TrainingServices
from lungview.ui.training.trial_bar import TrialBar
from lungview.ui.training.words import trial_words
from lungview_training.config import SourceConfig, SplitKind, TrainingConfig
from lungview_training.opened_once import OpenCase, OpenedOnce
from lungview_training.preflight.report import DryBatch, Remark, Severity
from lungview_training.supervision.folder_look import FolderLook, room_problems
from lungview_training.supervision.plan import Choices, plan

_MOST_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Preflight:
    """What was found, and the settings it was found with; config is None where nothing can be trained."""

    look: FolderLook
    problems: tuple[str, ...]
    config: TrainingConfig | None
    remarks: tuple[Remark, ...] = ()

    @property
    def part(self) -> tuple[SourceConfig, ...]:
        """Enough of the data for a trial step."""
        whole = self.config.sources if self.config is not None else ()
        return (self.look.part,) if self.look.part is not None else whole

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is lost, or will be measured badly; each thing once."""
        told = {remark.topic for remark in self.remarks}
        return (*self._said(Severity.WARNING), *(each.message for each in self.look.warnings if each.topic not in told))

    @property
    def notes(self) -> tuple[str, ...]:
        """What is good to know."""
        return self._said(Severity.NOTE)

    def _said(self, severity: Severity) -> tuple[str, ...]:
        return tuple(remark.message for remark in self.remarks if remark.severity is severity)


class PreflightPage(BusyPage[Preflight]):
    """Checks in a job, which can be cancelled."""

    checked = Signal(bool)
    """Over; whether training may begin."""

    def __init__(self, runner: JobRunner, services: TrainingServices, place: Path) -> None:
        super().__init__(runner, "Checking…")
        self._services, self._place = services, place
        self.found: Preflight | None = None
        self.dry_batch: DryBatch | None = None
        """What the trial step took, None before it is taken."""
        self.trial = TrialBar(runner, services)
        self.trial.taken.connect(self._on_tried)
        self.trial.failed.connect(self._on_not_tried)
        self._inner = QWidget()
        self._lines = QVBoxLayout(self._inner)
        self._lines.setContentsMargins(0, 0, Space.INSIDE, 0)
        self._lines.setSpacing(Space.INSIDE)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.BETWEEN)
        for widget in (self._doing, self._progress):
            column.addWidget(widget)
        column.addWidget(scrolled(self._inner), 1)
        column.addWidget(self.trial)

    @property
    def sentences(self) -> list[str]:
        """All that is shown."""
        return [label.text() for label in self._inner.findChildren(QLabel) if label.objectName() == "sentence"]

    def cancel(self) -> None:
        """Stop what is being done, the trial step too."""
        super().cancel()
        self.trial.cancel()

    def check(self, look_at_it: Callable[[Task, OpenCase], FolderLook], choices: Choices) -> None:
        """Look at everything anew. look_at_it: at all that is to be learned from."""
        self._clear()
        self.found = self.dry_batch = None
        services, place = self._services, self._place

        def work(task: Task) -> Preflight:
            opened = OpenedOnce()
            look = look_at_it(task, opened)
            problems = (*look.problems, *room_problems(place))
            if problems:
                return Preflight(look, problems, None)
            try:
                config = plan(look, choices, place / "unused")
            except LungViewError as error:
                return Preflight(look, (str(error),), None)
            remarks = services.check(config, task, opened)
            met = tuple(remark.message for remark in remarks if remark.severity is Severity.STOP)
            return Preflight(look, met, None if met else config, remarks)

        self._begin("Checking what will be learned from", work, is_quiet=True)

    def _end(self) -> None:
        self.checked.emit(self.found is not None and self.found.config is not None)

    def _take(self, found: Preflight) -> None:
        self.found = found
        self._show(found)
        if found.config is not None:
            self.trial.try_out(found.config, found.part)

    def _on_tried(self, dry_batch: DryBatch) -> None:
        self.dry_batch = dry_batch
        if self.found is not None:
            self._show(self.found)

    def _on_not_tried(self, error: object) -> None:
        """A step that cannot be taken now cannot be taken in a training."""
        told = str(error) if isinstance(error, LungViewError) else f"A trial step failed: {type(error).__name__}."
        if self.found is not None:
            self.found = replace(self.found, problems=(told,), config=None)
            self._show(self.found)
        self.checked.emit(False)

    def _show(self, found: Preflight) -> None:
        self._clear()
        if found.config is None:
            self._heading("This cannot be trained yet")
            self._add(found.problems, "warning-circle", Mark.TROUBLE)
        else:
            self._heading("Ready to train")
            self._add((found.look.in_words() + ".", *_run_in_words(found.config)), "check", Mark.ACCEPTED)
            if self.dry_batch is not None:
                self._add(trial_words(self.dry_batch, found.config.steps), "clock", Mark.ACCEPTED)
        self._add(found.warnings if found.config is not None else (), "warning", Mark.AI)
        self._add(found.notes, "info", theme.current_palette().secondary_text)
        if found.look.left_out:
            self._heading(f"Left out ({len(found.look.left_out)})")
            self._add(found.look.left_out, "minus", theme.current_palette().secondary_text)
        self._lines.addStretch(1)

    def _heading(self, text: str) -> None:
        label = QLabel(text)
        label.setProperty("role", "title")
        self._lines.addWidget(label)

    def _add(self, sentences: Sequence[str], icon: str, colour: str) -> None:
        for sentence in sentences[:_MOST_SHOWN]:
            self._lines.addWidget(_line(sentence, icon, colour))
        if len(sentences) > _MOST_SHOWN:
            self._lines.addWidget(_line(f"… and {len(sentences) - _MOST_SHOWN} more.", "", colour))

    def _clear(self) -> None:
        while (item := self._lines.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.setParent(None)
                widget.deleteLater()


def _run_in_words(config: TrainingConfig) -> tuple[str, ...]:
    """What will be done."""
    by = "patients" if config.split is SplitKind.PATIENT else "slices"
    chosen, proved = (round(100 * share) for share in (config.validation_share, config.test_share))
    return (
        f"{config.steps} steps of {config.batch_size} slices; it ends sooner when validation gets no better.",
        f"About {chosen} % of the {by} choose the best weights, {proved} % prove them.",
        "The model in use stays as it is; the new one becomes another beside it.",
    )


def _line(sentence: str, icon: str, colour: str) -> QWidget:
    from PySide6.QtWidgets import QHBoxLayout

    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(Space.INSIDE)
    mark = QLabel()
    mark.setFixedWidth(20)
    if icon:
        mark.setPixmap(icons.pixmap(icon, theme.legible(colour), 16))
    label = QLabel(sentence)
    label.setObjectName("sentence")
    label.setWordWrap(True)
    layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
    layout.addWidget(label, 1)
    return row
