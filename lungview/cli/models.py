"""`lungview models`: what --model may name."""

import argparse
import json
from typing import TYPE_CHECKING

from lungview.cli.arguments import add_json
from lungview.cli.exit_codes import ExitCode

if TYPE_CHECKING:  # costs numpy's import, which --help of another command need not pay
    from lungview.domain.detection import ModelInfo, OperatingPoint

HELP = "List the models that detect lesions; the first is the default."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this sub-command's arguments."""
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the models."""
    from lungview.app import available_models

    models = available_models()
    if arguments.json:
        print(json.dumps([_document(model) for model in models], indent=2))
        return ExitCode.OK
    for model in models:
        print(f"{model.name}: {model.title} ({model.architecture}, {model.parameters:,} weights)")
        if model.summary:
            print(f"  {model.summary}")
        for point in model.operating_points:
            print(f"  {_stop(point)}")
    return ExitCode.OK


def _document(model: "ModelInfo") -> dict[str, object]:
    return {
        "name": model.name,
        "title": model.title,
        "architecture": model.architecture,
        "weights_sha256": model.weights_sha256,
        "parameters": model.parameters,
        "has_score": model.has_score,
        "has_attention": model.has_attention,
        "summary": model.summary,
        "operating_points": [
            {
                "name": point.name,
                "score_threshold": point.score_threshold,
                "sensitivity": point.sensitivity,
                "false_marks_per_scan": point.false_marks_per_scan,
            }
            for point in model.operating_points
        ],
    }


def _stop(point: "OperatingPoint") -> str:
    """One named stop of the score threshold in words."""
    known = []
    if point.sensitivity is not None:
        known.append(f"sensitivity {point.sensitivity:.0%}")
    if point.false_marks_per_scan is not None:
        known.append(f"{point.false_marks_per_scan:.1f} false marks per scan")
    measured = f": {', '.join(known)} on validation patients" if known else ""
    return f"{point.name}, score from {point.score_threshold:.2f}{measured}"
