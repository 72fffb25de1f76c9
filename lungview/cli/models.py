"""`lungview models`: what --model may name."""

import argparse
import json
from typing import TYPE_CHECKING

from lungview.cli.arguments import add_json
from lungview.cli.exit_codes import ExitCode

if TYPE_CHECKING:  # costs numpy's import, which --help of another command need not pay
    from lungview.domain.detection import OperatingPoint

HELP = "List the models that detect lesions; the first is the default."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this sub-command's arguments."""
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the models."""
    if arguments.json:
        from lungview.detection.models_info import describe_models

        print(json.dumps(describe_models(), indent=2))
        return ExitCode.OK
    from lungview.app import available_models

    for model in available_models():
        print(f"{model.name}: {model.title} ({model.architecture}, {model.parameters:,} weights)")
        if model.summary:
            print(f"  {model.summary}")
        for point in model.operating_points:
            print(f"  {_stop(point)}")
    _print_architectures()
    return ExitCode.OK


def _print_architectures() -> None:
    """Tell which networks' own weights may be given as a file."""
    from lungview.detection.models_info import ARCHITECTURES

    print("\nWeights of your own for these networks can be given with --model FILE:")
    for architecture in ARCHITECTURES:
        print(f"  {architecture.key}: {architecture.title} ({architecture.parameters:,} weights)")


def _stop(point: "OperatingPoint") -> str:
    """One named stop of the score threshold in words."""
    known = []
    if point.sensitivity is not None:
        known.append(f"sensitivity {point.sensitivity:.0%}")
    if point.false_marks_per_scan is not None:
        known.append(f"{point.false_marks_per_scan:.1f} false marks per scan")
    measured = f": {', '.join(known)} on validation patients" if known else ""
    return f"{point.name}, score from {point.score_threshold:.2f}{measured}"
