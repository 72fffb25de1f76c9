"""The command that trains: lungview-train run."""

import argparse
import contextlib
import logging
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from lungview_training.config import TrainingConfig
from lungview_training.control import Command, Listener
from lungview_training.events import Event, to_line
from lungview_training.stopping import stopped_by_signals

log = logging.getLogger(__name__)

_LAST_RESORT_S = 900.0
"""After nobody listens any more; a step, an evaluation and a save take less."""

EPILOG = """\
while it runs
  A line on standard input, or a signal, is heeded after the step being done:
    pause        save, and wait          resume      go on after a pause
    stop         save, and end; the same command goes on from there (so do Ctrl-C and SIGTERM; a second Ctrl-C
                 ends at once, and what was saved before is whole)
    keep-best    evaluate once more, save, and be content with the best weights so far
  Events come out on standard output, one JSON object a line: RunStarted, StepDone, EvaluationDone, ExamplesSaved,
  PlotsSaved, CheckpointSaved, CheckpointFailed, MemoryRanOut, DeviceChanged, RunPaused, RunResumed, RunFailed,
  RunEnded, and a Heartbeat every ten seconds. Words for people go to standard error.

what is written into the output folder
  best.safetensors   averaged weights that did best on validation patients; last.safetensors those of the last save
  state.pt           what going on needs: a run that was stopped, killed or lost its power ends as if it had not been
  split.csv          which patient is in which part; kept once made
  run.json           settings, hash of the data, seed, versions, each start      run.jsonl   every event
  run.html           the run on one page: curves, examples, evaluations, settings (no network needed)
  curves.svg, curves.csv, examples/*.png   the same to use elsewhere

settings that keep a run going
  micro_batch = 4          slices a pass, where a batch does not fit; halved by itself when memory runs out
  patience = 10            end after so many evaluations without a gain of min_delta
  start_from = "w.safetensors", freeze = 3    fine-tune, the first three stages held still
  mixed_precision = false  keep to single precision on a GPU

more than one GPU or machine
  torchrun --standalone --nproc-per-node=2 --max-restarts=3 -m lungview_training.cli run my.toml
  torchrun --nnodes=2 --nproc-per-node=4 --rdzv-backend=c10d --rdzv-endpoint=HOST:29400 --max-restarts=3 \\
      -m lungview_training.cli run my.toml                                   (on each machine)
  batch_size is shared out, so the result is that of one process up to rounding. The first process writes; when a
  worker is lost, all start again from its last checkpoint. On several machines give all the same output folder, or
  keep the first process on the same machine.

exit status
  0  over: the last step, early stopping, stop or keep-best      1  failed, with a sentence on standard error
  2  wrong usage                                               130  Ctrl-C twice
"""


def add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to a parser."""
    run = commands.add_parser(
        "run",
        help="train, or go on with a training",
        description="Train as the TOML file says, or go on where the run in its output folder was left.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("config", type=Path, help="TOML file with the settings, as training/configs/bundled.toml")
    run.add_argument(
        "--fold",
        type=_fold,
        metavar="K/N",
        help="hold part K of N (from 0) of the patients out as test part, and write into OUTPUT-foldK: one run of a "
        "cross-validation, which evaluate and bundle take with --folds",
    )


def in_fold(config: TrainingConfig, fold: int, folds: int) -> TrainingConfig:
    """The settings of one run of a cross-validation: part number fold (from 0) of folds is its test part."""
    output = config.output.with_name(f"{config.output.name}-fold{fold}")
    return replace(config, folds=folds, fold=fold, output=output)


def _fold(text: str) -> tuple[int, int]:
    """K/N as (K, N)."""
    fold, _, folds = text.partition("/")
    if not (fold.isdecimal() and folds.isdecimal() and int(fold) < int(folds) and int(folds) >= 2):
        raise argparse.ArgumentTypeError("must be K/N, K from 0 and below N, as 0/5")
    return int(fold), int(folds)


def run_training(config: TrainingConfig) -> int:
    """Train; 0 once it is over, 130 where it was cut off."""
    from lungview_training.engine import train  # torch only once the settings are known to be sound

    listener = Listener()
    is_main = os.environ.get("RANK", "0") == "0"
    if is_main:
        listener.listen()
    else:
        logging.getLogger().setLevel(logging.WARNING)
    try:
        with stopped_by_signals(listener):
            train(config, _printer(listener), listener)
    except KeyboardInterrupt:
        return 130
    return 0


def _end_in(seconds: float) -> None:
    """End the process for good where it hangs and so never comes to stop; what it saved before is whole."""
    last_resort = threading.Timer(seconds, os._exit, (1,))
    last_resort.daemon = True
    last_resort.start()


def _printer(listener: Listener) -> Callable[[Event], None]:
    """Print events until nobody listens any more; then the run is stopped, for nobody could stop it later."""
    is_heard = True

    def emit(event: Event) -> None:
        nonlocal is_heard
        if not is_heard:
            return
        try:
            sys.stdout.write(to_line(event) + "\n")
            sys.stdout.flush()
        except OSError:
            is_heard = False
            listener.tell(Command.STOP)
            _end_in(_LAST_RESORT_S)
            log.warning("nobody reads the events any more: the run is saved and stopped")
            # Or the interpreter would try to flush what nobody reads, and end with a failure.
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    return emit
