"""Saving a run: the weights as they are used, and the state to go on from."""

import time
from collections.abc import Callable
from pathlib import Path

import torch

from lungview_training.checkpoint import CheckpointError, save_state, save_weights
from lungview_training.events import CheckpointFailed, CheckpointSaved, Event
from lungview_training.preparing import Run, state_of
from lungview_training.run_files import BEST_FILE, LAST_FILE
from lungview_training.update.stepping import NotANumberError


class Keeper:
    """Writes into a run's folder; only the process that is_main does."""

    def __init__(
        self, folder: Path, name: str, tell: Callable[[Event], None], began: float, *, is_main: bool = True
    ) -> None:
        self._folder, self._name, self._tell, self._began, self._is_main = folder, name, tell, began, is_main

    def save(self, run: Run, *, must_save: bool) -> None:
        """Write the averaged weights and the state; a failure is told, and raised where no later save would mend it."""
        if not self._is_main:
            return
        _require_sound(run)
        is_written = self._write(run, LAST_FILE)
        try:
            save_state(self._folder, state_of(run, time.monotonic() - self._began))
        except CheckpointError as error:
            if must_save:
                raise
            self._tell(CheckpointFailed(run.step, str(error)))
            return
        run.saved_step = run.step
        if is_written:
            self._tell(CheckpointSaved(run.step, str(self._folder / LAST_FILE), is_best=False))

    def save_best(self, run: Run) -> bool:
        """Write the averaged weights as the best so far; False where that failed."""
        if not self._is_main:
            return True
        if not self._write(run, BEST_FILE):
            return False
        self._tell(CheckpointSaved(run.step, str(self._folder / BEST_FILE), is_best=True))
        return True

    def _write(self, run: Run, name: str) -> bool:
        metadata = {"architecture": run.learner.key, "name": self._name, "step": str(run.step)}
        try:
            save_weights(self._folder / name, run.average.state_dict(), metadata)
        except CheckpointError as error:
            self._tell(CheckpointFailed(run.step, str(error)))
            return False
        return True


def _require_sound(run: Run) -> None:
    """Refuse to keep weights that are no numbers."""
    values = [*run.network.state_dict().values(), *run.average.state_dict().values()]
    if not all(bool(torch.isfinite(value).all()) for value in values if value.dtype.is_floating_point):
        raise NotANumberError("The weights are no numbers")
