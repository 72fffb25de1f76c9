"""What a training run tells while it goes on; knows no torch, so that a window may listen."""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import get_args

from lungview.errors import TrainingError
from lungview.files import parse_json


class Reason(StrEnum):
    """Why a run is over."""

    FINISHED = "finished"
    """The last step is done."""
    STOPPED = "stopped"
    """Asked to; it can be gone on with."""
    KEPT_BEST = "kept best"
    """Asked to be content with the best weights so far."""
    NO_GAIN = "no gain"
    """Early stopping: validation has not got better for as many evaluations as the settings allow."""


class Phase(StrEnum):
    """What a run is busy with."""

    READING = "reading"
    TRAINING = "training"
    EVALUATING = "evaluating"
    SAVING = "saving"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The data are read and the network is built; counts of patients, and of slices in the training part.

    processes: that share each batch. mixed_precision: whether half precision is used where it is safe. trainable:
    parameters that are not frozen.
    """

    name: str
    device: str
    parameters: int
    steps: int
    first_step: int
    train_patients: int
    validation_patients: int
    test_patients: int
    train_slices: int
    trainable: int = 0
    batch_size: int = 0
    micro_batch: int = 0
    processes: int = 1
    mixed_precision: bool = False
    data_hash: str = ""


@dataclass(frozen=True, slots=True)
class StepDone:
    """One weight update. parts: the losses by name as they went into their sum, loss."""

    step: int
    loss: float
    learning_rate: float
    seconds: float
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EvaluationDone:
    """How the averaged weights do on validation patients; shares in [0, 1].

    score: what the best weights are chosen by. waited: evaluations without a gain, of the settings' patience.
    loss: on validation slices without augmentation, as losses go into a step's; None where it was not measured.
    """

    step: int
    mean_iou: float
    ap50: float
    sensitivity_at_one: float
    flagged: float
    score: float = 0.0
    waited: int = 0
    loss: float | None = None


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """The run can be gone on with from here. is_best: the weights beat all before on validation patients."""

    step: int
    path: str
    is_best: bool


@dataclass(frozen=True, slots=True)
class CheckpointFailed:
    """Nothing could be saved; the run goes on, and what was saved before is whole. message: cause and remedy."""

    step: int
    message: str


@dataclass(frozen=True, slots=True)
class MemoryRanOut:
    """A step did not fit into the device's memory and is done again in passes of micro_batch slices."""

    step: int
    micro_batch: int
    message: str


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """The run uses another device than the best one, of its own accord. message: why, and the remedy."""

    device: str
    message: str


@dataclass(frozen=True, slots=True)
class ExamplesSaved:
    """Pictures of validation slices: readers' boxes, the model's, and the attention map."""

    step: int
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlotsSaved:
    """Curves, page and table of the run so far have been written anew."""

    step: int
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life every few seconds, also while nothing else is told. left_s: estimated, None where unknown."""

    step: int
    phase: Phase
    seconds: float
    left_s: float | None = None


@dataclass(frozen=True, slots=True)
class RunPaused:
    """Asked to wait; a checkpoint is on the disk."""

    step: int


@dataclass(frozen=True, slots=True)
class RunResumed:
    """Goes on after a pause."""

    step: int


@dataclass(frozen=True, slots=True)
class RunEnded:
    """The run is over; stopped: before its last step. weights: the best ones where patients were held back.

    seconds: spent on the run, however often it was stopped and gone on with.
    """

    step: int
    weights: str
    stopped: bool
    seconds: float
    reason: Reason = Reason.FINISHED
    best_step: int = 0


@dataclass(frozen=True, slots=True)
class RunFailed:
    """The run cannot go on. message: cause and remedy; checkpoint_step: the last one saved, 0 for none."""

    step: int
    message: str
    checkpoint_step: int


Event = (
    RunStarted
    | StepDone
    | EvaluationDone
    | CheckpointSaved
    | CheckpointFailed
    | MemoryRanOut
    | DeviceChanged
    | ExamplesSaved
    | PlotsSaved
    | Heartbeat
    | RunPaused
    | RunResumed
    | RunEnded
    | RunFailed
)
_KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(Event)}


def to_line(event: Event) -> str:
    """One line of JSON, its kind under "event"."""
    return json.dumps({"event": type(event).__name__, **asdict(event)})


def from_line(line: str) -> Event:
    """Read back what to_line wrote."""
    try:
        values = parse_json(line, is_nan_fine=True)
        kind = _KINDS[values.pop("event")]
        known = {each.name for each in fields(kind)}
        event: Event = kind(**{name: _read(name, value) for name, value in values.items() if name in known})
        return event
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TrainingError(f"A line of the training log is no event: {line[:80]!r}.") from error


def read_events(path: Path) -> Iterator[Event]:
    """What a run's log tells, nothing where there is none; a last line cut short by a kill is passed over."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                with contextlib.suppress(TrainingError):
                    yield from_line(line)
    except OSError:
        return


def append_line(path: Path, event: Event) -> None:
    """Add an event to a run's log; a line that a kill has cut off is ended first, so that it spoils no other."""
    with path.open("a+b") as log:
        log.seek(-1 if log.tell() else 0, os.SEEK_END)
        is_cut = log.read(1) not in (b"", b"\n")
        log.write(b"\n" * is_cut + to_line(event).encode() + b"\n")


def _read(name: str, value: object) -> object:
    """What JSON has no form for."""
    if isinstance(value, list):
        return tuple(value)
    closed = {"reason": Reason, "phase": Phase}.get(name)
    return value if closed is None else closed(str(value))
