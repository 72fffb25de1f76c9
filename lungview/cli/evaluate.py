"""`lungview evaluate`: a model measured on labelled scans, as a report for people and one for scripts."""

import argparse
from collections.abc import Mapping
from pathlib import Path

from lungview.cli.arguments import DEVICES, add_annotations, add_thorough, existing_path, output_folder
from lungview.cli.exit_codes import ExitCode

HELP = "Measure a model on the labelled scans of PATH and write report.json and report.html."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this sub-command's arguments."""
    parser.add_argument(
        "path", metavar="PATH", type=existing_path, help="a folder of pictures with boxes.csv, or DICOM with XML"
    )
    add_annotations(parser)
    parser.add_argument(
        "--model", metavar="NAME|FILE", default="", help="a model of `lungview models`, or a weights file"
    )
    parser.add_argument(
        "--device", choices=DEVICES, default="auto", help="where the network runs (default: %(default)s)"
    )
    add_thorough(parser)
    parser.add_argument("--out", metavar="DIR", type=output_folder, required=True, help="folder for the two reports")


def run(arguments: argparse.Namespace) -> int:
    """Measure, write, and say in some lines what came out."""
    from lungview.app import load_detector
    from lungview.cli.progress import Progress, cancelling
    from lungview_training.evaluation.run import evaluate_folder

    progress = Progress("Loading the model")
    with cancelling(progress.task):
        detector = load_detector(arguments.model, arguments.device, is_cached=False, is_thorough=arguments.thorough)
        progress.begin("Slices looked at")
        weights = Path(arguments.model).expanduser() if arguments.model else None
        document = evaluate_folder(
            arguments.path,
            detector,
            arguments.out,
            progress.task,
            annotations=arguments.annotations,
            weights=weights,
            on_counting=lambda: progress.begin("Drawing patients for the intervals"),
        )
        progress.end()
    if document["warning"]:
        progress.tell(f"WARNING: {document['warning']}")
    for name in ("best_box_iou", "map50", "map", "cpm", "negatives_fp"):
        print(f"{name}: {_words(document[name])}")
    progress.tell(f"Written to {arguments.out.name}: report.html, report.json.")
    return ExitCode.OK


def _words(figure: object) -> str:
    """A figure with its interval."""
    if not isinstance(figure, Mapping) or figure["value"] is None:
        return "cannot be told"
    interval = figure["interval_95"]
    span = "" if interval is None else f" (95 % interval {interval[0]:.3f}–{interval[1]:.3f})"
    return f"{figure['value']:.3f}{span}"
