"""A run's figures by step, however long it is: what the curves are drawn from."""

from dataclasses import dataclass, field
from pathlib import Path

from lungview_training.events import EvaluationDone, Event, RunStarted, StepDone, read_events

MOST_POINTS = 2000


@dataclass(slots=True)
class Series:
    """Points (step, value); once there are too many, neighbours are averaged, so that memory stays bounded."""

    points: list[tuple[float, float]] = field(default_factory=list)
    _stride: int = 1
    _steps: float = 0.0
    _sum: float = 0.0
    _count: int = 0

    def add(self, step: int, value: float) -> None:
        """Append a value of a later step."""
        self._steps, self._sum, self._count = self._steps + step, self._sum + value, self._count + 1
        if self._count < self._stride:
            return
        self.points.append((self._steps / self._count, self._sum / self._count))
        self._steps, self._sum, self._count = 0.0, 0.0, 0
        if len(self.points) >= MOST_POINTS:
            pairs = zip(self.points[::2], self.points[1::2], strict=True)
            self.points = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in pairs]
            self._stride *= 2

    def cut(self, step: int) -> None:
        """Forget what came after a step."""
        self.points = [point for point in self.points if point[0] <= step]
        self._steps, self._sum, self._count = 0.0, 0.0, 0


@dataclass(slots=True)
class History:
    """loss, its parts and the learning rate by step, and every evaluation."""

    loss: Series = field(default_factory=Series)
    learning_rate: Series = field(default_factory=Series)
    parts: dict[str, Series] = field(default_factory=dict)
    evaluations: list[EvaluationDone] = field(default_factory=list)

    @property
    def validation_loss(self) -> list[tuple[float, float]]:
        """Points (step, loss) of those evaluations that measured it."""
        return [(float(each.step), each.loss) for each in self.evaluations if each.loss is not None]

    def add(self, event: Event) -> None:
        """Take what an event tells; a run that starts again forgets what it is about to do anew."""
        if isinstance(event, StepDone):
            self.loss.add(event.step, event.loss)
            self.learning_rate.add(event.step, event.learning_rate)
            for name, value in event.parts.items():
                self.parts.setdefault(name, Series()).add(event.step, value)
        elif isinstance(event, EvaluationDone):
            self.evaluations.append(event)
        elif isinstance(event, RunStarted):
            for series in (self.loss, self.learning_rate, *self.parts.values()):
                series.cut(event.first_step)
            self.evaluations = [each for each in self.evaluations if each.step <= event.first_step]


def read_history(log: Path) -> History:
    """What a run's log tells."""
    history = History()
    for event in read_events(log):
        history.add(event)
    return history
