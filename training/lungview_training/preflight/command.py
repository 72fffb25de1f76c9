"""`lungview-train check`: the look before a training, for people and for scripts."""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

from lungview_training.config import SourceConfig, SourceKind, TrainingConfig, load_config
from lungview_training.pictures import is_picture_folder
from lungview_training.preflight.check import check
from lungview_training.preflight.report import PreflightReport, Remark, Severity, Topic
from lungview_training.preflight.text import to_text


def add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command."""
    parser = commands.add_parser(
        "check",
        help="look at the data before a training",
        description="Say what a training would learn from, what is left out and why, and what it needs. Nothing is "
        "written. Exit status 1 where training cannot start.",
    )
    parser.add_argument(
        "config", type=Path, metavar="CONFIG|FOLDER", help="a TOML file with settings, or a folder with data"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--seconds-per-step", type=float, metavar="S", help="to estimate how long training takes")
    parser.add_argument(
        "--dry-batch", action="store_true", help="decode a few slices, take a step, and estimate the time from it"
    )


def add_trial(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the sub-command of the trial step alone."""
    parser = commands.add_parser(
        "trial",
        help="take one step on a few slices, and print as JSON how long it takes and what memory it needs",
        description="Take a step as `run` would, on a few slices, and print JSON. Nothing is kept.",
    )
    parser.add_argument("config", type=Path, metavar="CONFIG|FOLDER")


def run_trial(options: argparse.Namespace) -> str:
    """What to print; raises DryBatchError with a sentence where no step can be taken."""
    from lungview_training.preflight.dry import dry_batch  # torch only where asked for

    return json.dumps(asdict(dry_batch(config_for(options.config)))) + "\n"


def run_check(options: argparse.Namespace) -> tuple[str, int]:
    """What to print, and the exit status."""
    config = config_for(options.config)
    report = check(config, options.seconds_per_step)
    if options.dry_batch and report.can_train:
        report = _with_dry_batch(config, report)
    text = json.dumps(report.as_plain(), indent=1) + "\n" if options.json else to_text(report)
    return text, 0 if report.can_train else 1


def config_for(path: Path) -> TrainingConfig:
    """The settings of a file, or those that a folder with data would be trained with."""
    if not path.is_dir():
        return load_config(path)
    name = path.resolve().name or "data"
    return TrainingConfig(name=name, output=Path("runs") / name, sources=(SourceConfig(kind_of(path), path),))


def kind_of(folder: Path) -> SourceKind:
    """Which kind of source a folder looks like; of pictures it cannot be seen whether they are crops."""
    return SourceKind.IMAGES if is_picture_folder(folder) else SourceKind.FOLDER


def _with_dry_batch(config: TrainingConfig, report: PreflightReport) -> PreflightReport:
    from lungview_training.preflight.dry import DryBatchError, dry_batch  # torch only where asked for

    try:
        seconds = dry_batch(config).seconds
    except DryBatchError as error:
        return replace(report, remarks=(Remark(Severity.STOP, Topic.DRY_BATCH, str(error)), *report.remarks))
    return replace(report, seconds=seconds * config.steps)
