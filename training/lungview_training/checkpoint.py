"""Runs kept on disk so that a kill, a full disk or a power cut leaves the last whole state."""

import contextlib
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from lungview.errors import TrainingError
from lungview.files import sync_folder
from lungview_training.run_files import STATE_FILE


class CheckpointError(TrainingError):
    """A checkpoint could not be written; the one before is untouched."""


@dataclass(slots=True)
class RunState:
    """What a run needs to go on: weights, their average, the optimiser's memory, and where it stood.

    Batches, dropout and the learning rate follow from the seed and the step alone, so the step says where they stand.
    reference, waited: what early stopping compares with, and for how many evaluations nothing has beaten it.
    micro_batch: slices a pass, 0 for the whole batch. scaler: the gradient scaler's, of mixed precision.
    """

    step: int
    network: dict[str, Tensor]
    average: dict[str, Tensor]
    optimizer: dict[str, object]
    best_score: float
    fingerprint: str
    best_step: int = 0
    reference: float = -math.inf
    waited: int = 0
    micro_batch: int = 0
    seconds: float = 0.0
    scaler: dict[str, object] = field(default_factory=dict)


def save_state(folder: Path, state: RunState) -> None:
    """Replace the run's state in one move."""
    values = {each.name: getattr(state, each.name) for each in fields(RunState)}
    _replace(folder / STATE_FILE, lambda path: torch.save(values, path))


def load_state(folder: Path, fingerprint: str) -> RunState | None:
    """The state to go on from, None for a run that has not begun; refuses one of other settings."""
    path = folder / STATE_FILE
    if not path.is_file():
        return None
    try:
        state = RunState(**torch.load(path, map_location="cpu", weights_only=True))
    except Exception as error:
        raise TrainingError(f"{path.name} of this run cannot be read: delete it to start anew.") from error
    if state.fingerprint != fingerprint:
        raise TrainingError(f"{path.name} belongs to other settings or data: choose another output folder.")
    return state


def save_weights(path: Path, weights: Mapping[str, Tensor], metadata: Mapping[str, str]) -> None:
    """Write safetensors in one move."""
    plain = {name: value.detach().to("cpu").contiguous() for name, value in weights.items()}
    _replace(path, lambda temporary: save_file(plain, temporary, dict(metadata)))


def load_weights(path: Path, network: nn.Module) -> None:
    """Fill a network with weights that save_weights wrote."""
    network.load_state_dict(load_file(path))


def clear_remains(folder: Path) -> None:
    """Remove what a run that was killed while writing has left half written."""
    for path in folder.glob("*.part"):
        with contextlib.suppress(OSError):
            path.unlink()


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the target, make sure it is on the disk, then swap."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
        sync_folder(path.parent)
    except (OSError, RuntimeError, SafetensorError) as error:  # torch tells a full disk as a RuntimeError
        raise CheckpointError(
            f"{path.name} could not be written ({_cause(error)}): free space in the run's folder, or make it writable. "
            "What was saved before is kept."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def _cause(error: Exception) -> str:
    """Few words; never the path, which may name a patient."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "the disk is full or the folder is gone"
