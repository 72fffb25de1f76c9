"""`lungview export`: a copy of a case without what tells whose it is."""

import argparse
from pathlib import Path

from lungview.cli.arguments import add_annotations, add_path
from lungview.cli.exit_codes import ExitCode

HELP = "Copy the images of PATH into a new folder, de-identified by the Basic Profile of DICOM PS3.15 Annex E."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this sub-command's arguments."""
    add_path(parser)
    add_annotations(parser)
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        required=True,
        help="a folder that is new or empty; nothing is overwritten",
    )
    parser.add_argument(
        "--deidentified",
        action="store_true",
        required=True,
        help="remove names, numbers, dates, places and private attributes (the only way to export there is)",
    )
    parser.add_argument(
        "--shift-dates",
        action="store_true",
        help="move a patient's dates by one unknown number of days, rather than remove them",
    )
    parser.add_argument("--no-boxes", action="store_true", help="leave the readers' boxes out")
    parser.add_argument(
        "--captures", action="store_true", help="copy pictures of screens too; look whether a name stands in them"
    )


def run(arguments: argparse.Namespace) -> int:
    """Copy, and say what was left out."""
    from lungview.app import open_case
    from lungview.cli.progress import Progress, cancelling
    from lungview.deidentify.export import export
    from lungview.deidentify.values import Options

    progress = Progress("Looking through files")
    with cancelling(progress.task):
        case = open_case(arguments.path, progress.task, arguments.annotations)
        progress.begin("De-identifying")
        options = Options(arguments.shift_dates, not arguments.no_boxes, arguments.captures)
        exported = export(case, arguments.out, options, progress.task)
    progress.end()
    print("\n".join(exported.in_words()))
    return ExitCode.OK
