"""What the training windows ask the rest of the program for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lungview.task import Task
    from lungview_training.config import TrainingConfig
    from lungview_training.preflight.report import Remark
    from lungview_training.supervision.plan import BaseModel
    from lungview_training.supervision.proof import Proof


@dataclass(frozen=True, slots=True)
class TrainingServices:
    """Callables for job threads; they may import torch.

    base_models: what a training can go on from, the default first. devices: that this computer has, best first.
    check: what a look at everything that a run of these settings would read has found. prove: base (a name) and new
    weights on the same slices. keep: copies weights under a name among the reader's models, and returns that name.
    command: how the worker is started, None for the usual way.
    """

    base_models: "Callable[[], tuple[BaseModel, ...]]"
    devices: Callable[[], tuple[str, ...]]
    check: "Callable[[TrainingConfig, Task], tuple[Remark, ...]]"
    prove: "Callable[[TrainingConfig, str, Path, Task], Proof]"
    keep: "Callable[[TrainingConfig, str, Path, str, Proof | None], str] | None" = None
    command: Callable[[Path], Sequence[str]] | None = None
    folder: Path | None = None
