"""Command line of training: lungview-train check | trial | run | evaluate | bundle | study | compare | phantoms."""

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from lungview.errors import LungViewError, TrainingError
from lungview_training.config import TrainingConfig, load_config
from lungview_training.experiments import add_to, run_experiment
from lungview_training.preflight.command import add_check, add_trial, run_check, run_trial
from lungview_training.run_command import add_run, in_fold, run_training

_EPILOG = """\
examples
  lungview-train check training/configs/bundled.toml       look at the data first: what would be learned from, what is
                                                           left out and why, what is missing; also of a mere folder
  lungview-train run training/configs/bundled.toml         train, or go on where it stopped; `run --help` tells of
                                                           pausing, fine-tuning, several GPUs, and every file written
  lungview-train evaluate training/configs/bundled.toml    patients not learned from, with 95 % intervals
  lungview-train bundle training/configs/bundled.toml --to models/
                                                           weights and their cards, as LungView's model menu takes them
  lungview-train study training/configs/thesis.toml        the study's experiment, its table with ours beside it
  lungview-train compare my.toml --networks all            every network on one split and budget, in one table
  lungview detect PATIENT --model runs/mine/best.safetensors
                                                           use weights at once

a settings file
  name = "mine"                        # every other setting has a default: see lungview_training/config.py
  output = "../../runs/mine"           # from the file's own folder; one folder a run
  network = "compact"
  steps = 4000
  patience = 10                        # stop when validation patients have not got better for ten evaluations
  [[sources]]
  kind = "images"                      # a folder of pictures with boxes.csv; training/README.md lists the kinds
  path = "../../data/mine"

exit status: 0 done, 1 failed with a sentence on standard error, 2 wrong usage, 130 Ctrl-C twice
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 1 with a sentence on stderr on failure, 2 on wrong usage."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    try:
        if "experiment" in options:
            print(run_experiment(options), end="")
            return 0
        if options.command == "check":
            text, status = run_check(options)
            print(text, end="")
            return status
        if options.command == "trial":
            print(run_trial(options), end="")
            return 0
        config = load_config(options.config)
        if options.command == "run":
            return run_training(in_fold(config, *options.fold) if options.fold else config)
        if options.command == "bundle":
            return _bundle(config, options)
        return _evaluate(config, options)
    except LungViewError as error:
        print(f"lungview-train: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lungview-train",
        description="Train LungView's networks on chest CT with readers' boxes, and measure them. For research only.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    add_check(commands)
    add_trial(commands)
    add_run(commands)
    evaluate = commands.add_parser(
        "evaluate",
        help="measure weights on the test patients",
        description="Measure weights on patients that the run did not learn from.",
    )
    evaluate.add_argument("config", type=Path, help="the TOML file the run was started with")
    evaluate.add_argument("--json", action="store_true", help="print JSON instead of a table")
    bundle = commands.add_parser(
        "bundle",
        help="measure weights and write them with their cards",
        description="Write <name>.safetensors, .json and .md, as resources/models holds them.",
    )
    bundle.add_argument("config", type=Path, help="the TOML file the run was started with")
    bundle.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="folder to write into")
    bundle.add_argument("--notes", type=Path, help="Markdown on where the model fails, put into its card")
    for command in (evaluate, bundle):
        command.add_argument("--weights", type=Path, help="safetensors file; the run's best weights by default")
        command.add_argument(
            "--folds",
            type=Path,
            nargs="+",
            default=[],
            metavar="RUN",
            help="folders of runs that each held other patients out: figures, calibration and thresholds come from "
            "every patient by the run that did not learn from it",
        )
    add_to(commands)
    return parser


def _evaluate(config: TrainingConfig, options: argparse.Namespace) -> int:
    from lungview_training.report import evaluate_folds, evaluate_run, to_table  # torch only when needed

    weights = options.weights
    report = evaluate_folds(config, options.folds, weights) if options.folds else evaluate_run(config, weights)
    print(json.dumps(report, indent=2) if options.json else to_table(report))
    return 0


def _bundle(config: TrainingConfig, options: argparse.Namespace) -> int:
    from lungview_training.bundle import bundle  # torch only when needed

    try:
        notes = options.notes.read_text(encoding="utf-8") if options.notes else ""
        path = bundle(config, options.to, notes, options.weights, options.folds)
    except OSError as error:
        raise TrainingError(f"{error.filename or options.to} cannot be used: {error.strerror}.") from error
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
