"""`lungview demo`: the demo patient in the window, or in a folder where there is no display."""

import argparse
import os
from pathlib import Path

from lungview.cli.exit_codes import ExitCode

HELP = "Show the synthetic demo patient; without a display, render it into ./lungview-demo."

_FOLDER = Path("lungview-demo")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this sub-command's arguments."""
    parser.add_argument(
        "--folder",
        metavar="DIR",
        type=Path,
        help="write the patient, a screenshot and the detections there instead of opening the window",
    )


def run(arguments: argparse.Namespace) -> int:
    """Open the window on the demo patient where there is a display, else render it."""
    from lungview.app import has_display, run_window

    if arguments.folder is None and has_display():
        return run_window(is_demo=True)
    if arguments.folder is None:
        print("No display was found, so the demo is rendered into a folder.")
    return _render_into(arguments.folder or _writable_folder())


def _render_into(folder: Path) -> ExitCode:
    from lungview.app import open_case, render, write_demo
    from lungview.cli.detection_run import Asked, detect_all
    from lungview.cli.progress import Progress, cancelling
    from lungview.ui.snapshot import View

    progress = Progress("Making the demo patient")
    with cancelling(progress.task):
        patient = write_demo(folder / "patient", progress.task)
        progress.begin("Looking through files")
        case = open_case(patient, progress.task)
        detect_all(case, Asked(folder / "detections.json"), progress)
        render(View(patient), folder / "screenshot.png", progress.task, progress.tell_step)
        progress.end()
    print(f"In {folder.resolve()}:")
    print("  patient/         the demo patient, as DICOM files and readers' XML")
    print("  detections.json  the network's boxes and lesions beside the readers'")
    print("  screenshot.png   the window")
    return ExitCode.OK


def _writable_folder() -> Path:
    """The demo's folder here, or in the user's cache where nothing may be written here."""
    from lungview.places import cache_folder

    return _FOLDER if os.access(Path.cwd(), os.W_OK) else cache_folder() / _FOLDER
