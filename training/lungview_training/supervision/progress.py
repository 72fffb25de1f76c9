"""What is known of a run so far, gathered from its events: what a window draws, also when it is opened later."""

from dataclasses import dataclass, field
from pathlib import Path

from lungview_training.events import (
    CheckpointFailed,
    CheckpointSaved,
    DeviceChanged,
    EvaluationDone,
    Event,
    ExamplesSaved,
    Heartbeat,
    MemoryRanOut,
    Phase,
    RunPaused,
    RunResumed,
    RunStarted,
    StepDone,
    read_events,
)
from lungview_training.record.history import Series
from lungview_training.run_files import LOG_FILE
from lungview_training.supervision.endings import Ending
from lungview_training.supervision.supervisor import News, WorkerEnded, WorkerHeard, WorkerSilent, WorkerStarted


@dataclass(slots=True)
class Curve:
    """Values by step, thinned out where there are many."""

    _series: Series = field(default_factory=Series)
    _last: float = -1.0

    @property
    def steps(self) -> list[float]:
        """Where its points are."""
        return [step for step, _ in self._series.points]

    @property
    def values(self) -> list[float]:
        """What they are."""
        return [value for _, value in self._series.points]

    def add(self, step: int, value: float) -> None:
        """Add a point; steps that were taken again after a crash replace those they repeat."""
        if step <= self._last:
            self._series.cut(step - 1)
        self._last = step
        self._series.add(step, value)


@dataclass(slots=True)
class Progress:
    """A run as it stands. phase: None until the worker speaks. left_s: None where unknown. remarks: newest last."""

    started: RunStarted | None = None
    phase: Phase | None = None
    step: int = 0
    steps: int = 0
    pid: int = 0
    saved_step: int = 0
    best_step: int = 0
    left_s: float | None = None
    silent_s: float | None = None
    loss: Curve = field(default_factory=Curve)
    validation_loss: Curve = field(default_factory=Curve)
    learning_rate: Curve = field(default_factory=Curve)
    iou: Curve = field(default_factory=Curve)
    sensitivity: Curve = field(default_factory=Curve)
    evaluation: EvaluationDone | None = None
    examples: tuple[Path, ...] = ()
    examples_step: int = 0
    remarks: list[str] = field(default_factory=list)
    ending: Ending | None = None

    @property
    def is_paused(self) -> bool:
        """Whether it waits for the reader."""
        return self.phase is Phase.PAUSED

    @property
    def share(self) -> float:
        """Steps done, in [0, 1]."""
        return self.step / self.steps if self.steps else 0.0

    def take(self, news: News) -> None:
        """Add a piece of news."""
        if isinstance(news, WorkerStarted):
            self.pid, self.ending, self.silent_s, self.phase = news.pid, None, None, None
        elif isinstance(news, WorkerSilent):
            self.silent_s = news.seconds
        elif isinstance(news, WorkerHeard):
            self.silent_s = None
        elif isinstance(news, WorkerEnded):
            self.ending, self.silent_s, self.left_s, self.pid = news.ending, None, None, 0
        else:
            self._take_event(news)

    def _take_event(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self.started, self.step, self.steps = event, event.first_step, event.steps
            self.saved_step, self.phase = event.first_step, Phase.TRAINING
        elif isinstance(event, StepDone):
            self._take_step(event)
        elif isinstance(event, EvaluationDone):
            self._take_evaluation(event)
        elif isinstance(event, Heartbeat):
            self.left_s, self.phase = event.left_s, event.phase
        elif isinstance(event, RunPaused):
            self.phase = Phase.PAUSED
        elif isinstance(event, RunResumed):
            self.phase = Phase.TRAINING
        else:
            self._take_file(event)

    def _take_step(self, event: StepDone) -> None:
        self.step = event.step
        if not self.is_paused:
            self.phase = Phase.TRAINING
        self.loss.add(event.step, event.loss)
        self.learning_rate.add(event.step, event.learning_rate)

    def _take_evaluation(self, event: EvaluationDone) -> None:
        self.evaluation = event
        if event.loss is not None:
            self.validation_loss.add(event.step, event.loss)
        self.iou.add(event.step, event.mean_iou)
        self.sensitivity.add(event.step, event.sensitivity_at_one)

    def _take_file(self, event: Event) -> None:
        if isinstance(event, CheckpointSaved):
            if event.is_best:
                self.best_step = event.step
            else:
                self.saved_step = event.step
        elif isinstance(event, ExamplesSaved):
            self.examples, self.examples_step = tuple(Path(path) for path in event.paths), event.step
        elif isinstance(event, CheckpointFailed | MemoryRanOut | DeviceChanged):
            self.remarks.append(event.message)


def progress_of(output: Path) -> Progress:
    """What a run's log tells of it; an empty progress where there is none."""
    progress = Progress()
    for event in read_events(output / LOG_FILE):
        progress.take(event)
    progress.phase = None
    return progress
