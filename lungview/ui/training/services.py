"""What the training windows ask the rest of the program for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lungview.task import Task
    from lungview_training.config import SourceConfig, TrainingConfig
    from lungview_training.opened_once import OpenCase
    from lungview_training.preflight.report import DryBatch, Remark
    from lungview_training.supervision.plan import BaseModel
    from lungview_training.supervision.proof import Proof


@dataclass(frozen=True, slots=True)
class TrainingServices:
    """Callables for job threads; they may import torch.

    base_models: what a training can go on from, the default first. devices: that this computer has, best first.
    check: what a look at everything that a run of these settings would read has found. trial: what a step of such a
    run takes, tried on a part of the data. prove: base (a name) and new weights on the same slices. keep: copies
    weights under a name among the reader's models, and returns that name. command: how the worker is started, None
    for the usual way.
    """

    base_models: "Callable[[], tuple[BaseModel, ...]]"
    devices: Callable[[], tuple[str, ...]]
    check: "Callable[[TrainingConfig, Task, OpenCase], tuple[Remark, ...]]"
    trial: "Callable[[TrainingConfig, Sequence[SourceConfig], Task], DryBatch]"
    prove: "Callable[[TrainingConfig, str, Path, Task], Proof]"
    keep: "Callable[[TrainingConfig, str, Path, str, Proof | None], str] | None" = None
    command: Callable[[Path], Sequence[str]] | None = None
    folder: Path | None = None
