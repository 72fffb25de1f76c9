"""Train on phantoms in child processes that are killed at random moments; for test_keeping.py."""

import os
import random
import signal
import sys
import time
from pathlib import Path

import torch

from lungview_training.checkpoint import load_weights
from lungview_training.engine import train
from lungview_training.learners.choose import make_learner
from lungview_training.run_files import LAST_FILE, STATE_FILE
from tests.training.phantoms import phantom_config, phantom_data

STEPS = 12


def main(output: str, rounds: str) -> None:
    """Start, kill and look at what is left, so many times; then let the run end."""
    torch.set_num_threads(1)
    folder, chance = Path(output), random.Random(5)
    for _ in range(int(rounds)):
        child = os.fork()
        if child == 0:
            _train(folder)
            os._exit(0)
        # Often in the midst of a checkpoint: each step writes one, and it takes longer than the step.
        time.sleep(chance.uniform(0.3, 2.5))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        _require_whole(folder)
    _train(folder)


def _train(folder: Path) -> None:
    config = phantom_config(folder, STEPS)
    object.__setattr__(config, "checkpoint_every", 1)
    object.__setattr__(config, "batch_size", 2)
    train(config, lambda _: None, lambda: False, phantom_data(validation=0))


def _require_whole(folder: Path) -> None:
    if (folder / STATE_FILE).exists():
        state = torch.load(folder / STATE_FILE, weights_only=True)
        sys.stdout.write(f"{state['step']}\n")
    if (folder / LAST_FILE).exists():
        load_weights(folder / LAST_FILE, make_learner(phantom_config(folder, STEPS)).make_network())


if __name__ == "__main__":
    main(*sys.argv[1:])
