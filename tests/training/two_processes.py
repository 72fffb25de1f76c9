"""Train on phantoms in double precision; started by itself, or twice by torchrun."""

import dataclasses
import os
import signal
import sys
import time
from pathlib import Path

import torch
from torch import nn

from lungview_training.engine import train
from lungview_training.learners.lesion import LesionLearner
from lungview_training.sampling import Batch, Sampler
from tests.training.phantoms import phantom_config, phantom_data

DIES_AT = 3


def main(output: str, steps: str, dies_once: str) -> None:
    """Train; where dies_once is "dies", the second process kills itself before its fourth step, the first time."""
    torch.set_num_threads(1)
    _doubled()
    mark = Path(output).with_suffix(".died")
    if dies_once == "dies" and os.environ.get("RANK") == "1":
        if mark.exists():
            time.sleep(2)  # so that the other would find what the process before this one left, if it looked there
        else:
            _doomed(mark)
    config = dataclasses.replace(phantom_config(Path(output), int(steps)), learning_rate=1e-3)
    train(config, lambda _: None, lambda: False, phantom_data(validation=0))


def _doubled() -> None:
    """Keep to float64: in float32 the order of sums alone parts two runs, for Adam goes by a gradient's sign."""
    make, draw = LesionLearner.make_network, Sampler.batch

    def make_double(self: LesionLearner) -> nn.Module:
        return make(self).double()

    def draw_double(self: Sampler, step: int) -> Batch:
        batch = draw(self, step)
        names = ("inputs", "mask", "knows_mask", "knows_presence")
        return dataclasses.replace(batch, **{name: getattr(batch, name).double() for name in names})

    torch.set_default_dtype(torch.float64)
    LesionLearner.make_network = make_double  # type: ignore[method-assign]
    Sampler.batch = draw_double  # type: ignore[method-assign]


def _doomed(mark: Path) -> None:
    draw = Sampler.batch

    def fatal(self: Sampler, step: int) -> Batch:
        if step == DIES_AT:
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return draw(self, step)

    Sampler.batch = fatal  # type: ignore[method-assign]


if __name__ == "__main__":
    main(*sys.argv[1:])
