"""Command line of training: lungview-train run | evaluate | bundle | study | compare | phantoms."""

import argparse
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lungview.errors import LungViewError, TrainingError
from lungview_training.config import TrainingConfig, load_config
from lungview_training.events import Event, append_line, to_line
from lungview_training.experiments import add_to, run_experiment

LOG_FILE = "run.jsonl"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 1 with a sentence on stderr on failure, 2 on wrong usage."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    try:
        if "experiment" in options:
            print(run_experiment(options), end="")
            return 0
        config = load_config(options.config)
        if options.command == "run":
            return _run(config)
        if options.command == "bundle":
            return _bundle(config, options)
        return _evaluate(config, options)
    except LungViewError as error:
        print(f"lungview-train: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lungview-train", description="Train and evaluate LungView's own network.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="train, or go on with a training",
        description="Train as the TOML file says. Events come out as JSON lines; "
        "'stop' on standard input (or Ctrl-C) ends at the next step with a checkpoint.",
    )
    run.add_argument("config", type=Path, help="TOML file with the settings, as training/configs/bundled.toml")
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


def _run(config: TrainingConfig) -> int:
    from lungview_training.engine import train  # torch only once the settings are known to be sound

    config.output.mkdir(parents=True, exist_ok=True)
    log_path = config.output / LOG_FILE

    def emit(event: Event) -> None:
        append_line(log_path, event)
        print(to_line(event), flush=True)

    with _stop_asked() as should_stop:
        train(config, emit, should_stop)
    return 0


@contextmanager
def _stop_asked() -> Iterator[Callable[[], bool]]:
    """Listen on standard input for "stop", and to Ctrl-C, without keeping the loop waiting."""
    asked = threading.Event()

    def listen() -> None:
        for line in sys.stdin:
            if line.strip() == "stop":
                asked.set()

    threading.Thread(target=listen, name="stop-listener", daemon=True).start()
    before = signal.signal(signal.SIGINT, lambda *_: asked.set())
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


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
