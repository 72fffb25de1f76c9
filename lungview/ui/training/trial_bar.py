"""The trial step below the preflight's findings: told while it is taken, and what came of it."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout

from lungview.task import Task
from lungview.ui.jobs import JobRunner
from lungview.ui.theme import Space
from lungview.ui.training.busy_page import BusyPage
from lungview.ui.training.services import TrainingServices
from lungview_training.config import SourceConfig, TrainingConfig
from lungview_training.preflight.report import DryBatch


class TrialBar(BusyPage[DryBatch]):
    """Takes one step in a job, which can be cancelled; failed tells why none can be taken."""

    taken = Signal(object)
    """A DryBatch."""

    def __init__(self, runner: JobRunner, services: TrainingServices) -> None:
        super().__init__(runner, "Taking a trial step on a few slices, to tell how long it will take…")
        self._services = services
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.INSIDE)
        column.addWidget(self._doing)
        column.addWidget(self._progress)
        self._show_busy(False)

    def try_out(self, config: TrainingConfig, part: Sequence[SourceConfig]) -> None:
        """Take a step with these settings on a part of the data."""
        services = self._services

        def work(task: Task) -> DryBatch:
            return services.trial(config, part, task)

        self._begin("Taking a trial step", work, is_quiet=True)

    def _take(self, found: DryBatch) -> None:
        self.taken.emit(found)

    def _end(self) -> None:
        pass

    def _show_busy(self, is_busy: bool) -> None:
        super()._show_busy(is_busy)
        self.setVisible(is_busy)
