"""Runs kept on disk so that a kill, a full disk or a power cut leaves the last whole state."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from lungview.errors import TrainingError

STATE_FILE, LAST_FILE, BEST_FILE = "state.pt", "last.safetensors", "best.safetensors"


@dataclass(slots=True)
class RunState:
    """What a run needs to go on: weights, their average, the optimiser's memory, the step and the best score so far."""

    step: int
    network: dict[str, Tensor]
    average: dict[str, Tensor]
    optimizer: dict[str, object]
    best_score: float
    fingerprint: str


def save_state(folder: Path, state: RunState) -> None:
    """Replace the run's state in one move."""
    values = {name: getattr(state, name) for name in RunState.__slots__}
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


def _replace(path: Path, write: Callable[[Path], object]) -> None:
    """Write beside the target, make sure it is on the disk, then swap."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
