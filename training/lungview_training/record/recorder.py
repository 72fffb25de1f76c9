"""Keeps a run's log and plots, and tells its events on."""

import csv
import io
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from lungview.files import write_atomically
from lungview_training.config import TrainingConfig
from lungview_training.events import Event, ExamplesSaved, Heartbeat, PlotsSaved, RunStarted, append_line
from lungview_training.record.about import read_about, write_about
from lungview_training.record.curves import plots, stacked
from lungview_training.record.history import History, read_history
from lungview_training.record.page import build_page
from lungview_training.run_files import ABOUT_FILE, CURVES_FILE, LOG_FILE, PAGE_FILE, TABLE_FILE

log = logging.getLogger(__name__)


class Recorder:
    """Called with each event, from whichever thread: logs it, keeps its figures, tells it on.

    A log or plot that cannot be written is no reason to lose a training: that is warned of once, and the run goes on.
    """

    def __init__(self, config: TrainingConfig, tell: Callable[[Event], None]) -> None:
        self._config, self._tell = config, tell
        self._lock = threading.Lock()
        self._history = read_history(config.output / LOG_FILE)
        self._examples: tuple[Path, ...] = ()
        self._is_warned = False

    def __call__(self, event: Event) -> None:
        """Signs of life are told but not kept."""
        with self._lock:
            if not isinstance(event, Heartbeat):
                self._keep(lambda: append_line(self._config.output / LOG_FILE, event))
                self._history.add(event)
            if isinstance(event, ExamplesSaved):
                self._examples = tuple(Path(path) for path in event.paths)
            self._tell(event)

    def about(self, started: RunStarted, fingerprint: str) -> None:
        """Write down what the run is made with."""
        self._keep(lambda: write_about(self._config, started, fingerprint))

    def draw(self, step: int, status: str) -> None:
        """Write curves, table and page anew."""
        folder = self._config.output
        drawn = plots(self._history)
        about = read_about(folder / ABOUT_FILE)
        page = build_page(self._config.name, status, about, self._history, drawn, self._examples)
        files = {CURVES_FILE: stacked(drawn), TABLE_FILE: _table(self._history), PAGE_FILE: page}

        def write() -> None:
            for name, text in files.items():
                write_atomically(folder / name, text.encode())

        if self._keep(write):
            self(PlotsSaved(step, tuple(str(folder / name) for name in files)))

    def _keep(self, write: Callable[[], object]) -> bool:
        try:
            write()
        except OSError as error:
            if not self._is_warned:
                log.warning("the run's log and plots cannot be written: %s", error.strerror)
            self._is_warned = True
            return False
        return True


def _table(history: History) -> str:
    """Losses and learning rate by step, neighbouring steps averaged in long runs; validation beside them."""
    names = list(history.parts)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    columns = ("loss", *names, "learning_rate", "validation_loss", "mean_iou", "ap50", "sensitivity_at_one", "flagged")
    writer.writerow(["step", *columns])
    rows: dict[float, dict[str, float]] = {}
    curves = {"loss": history.loss, "learning_rate": history.learning_rate, **history.parts}
    for name, series in curves.items():
        for step, value in series.points:
            rows.setdefault(step, {})[name] = value
    for each in history.evaluations:
        found = {"mean_iou": each.mean_iou, "ap50": each.ap50}
        found |= {"sensitivity_at_one": each.sensitivity_at_one, "flagged": each.flagged}
        found |= {} if each.loss is None else {"validation_loss": each.loss}
        rows.setdefault(float(each.step), {}).update(found)
    for step in sorted(rows):
        writer.writerow([f"{step:g}", *(f"{rows[step][key]:.6g}" if key in rows[step] else "" for key in columns)])
    return text.getvalue()
