"""What a training run tells while it goes on; knows no torch, so that a window may listen."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from lungview.errors import TrainingError


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The data are read and the network is built; counts of patients, and of slices in the training part."""

    name: str
    device: str
    parameters: int
    steps: int
    first_step: int
    train_patients: int
    validation_patients: int
    test_patients: int
    train_slices: int


@dataclass(frozen=True, slots=True)
class StepDone:
    """One weight update; losses as they went into the sum."""

    step: int
    loss: float
    heat: float
    box: float
    mask: float
    presence: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True, slots=True)
class EvaluationDone:
    """How the averaged weights do on validation patients; shares in [0, 1]."""

    step: int
    mean_iou: float
    ap50: float
    sensitivity_at_one: float
    flagged: float


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """The run can be gone on with from here. is_best: the weights beat all before on validation patients."""

    step: int
    path: str
    is_best: bool


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run is over; stopped: asked to, before its last step."""

    step: int
    weights: str
    stopped: bool
    seconds: float


Event = RunStarted | StepDone | EvaluationDone | CheckpointSaved | RunEnded
_KINDS = {kind.__name__: kind for kind in (RunStarted, StepDone, EvaluationDone, CheckpointSaved, RunEnded)}


def to_line(event: Event) -> str:
    """One line of JSON, its kind under "event"."""
    return json.dumps({"event": type(event).__name__, **asdict(event)})


def from_line(line: str) -> Event:
    """Read back what to_line wrote."""
    try:
        values = json.loads(line)
        kind = _KINDS[values.pop("event")]
        known = {field.name for field in fields(kind)}
        return kind(**{name: value for name, value in values.items() if name in known})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(f"A line of the training log is no event: {line[:80]!r}.") from error


def append_line(path: Path, event: Event) -> None:
    """Add an event to a run's log."""
    with path.open("a", encoding="utf-8") as log:
        log.write(to_line(event) + "\n")
