"""`lungview [PATH]`: the window."""

import argparse

from lungview.cli.arguments import add_annotations, existing_path

HELP = "Open the window, on PATH where one is given."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this sub-command's arguments."""
    parser.add_argument(
        "path", metavar="PATH", type=existing_path, nargs="?", help="a folder, DICOM file, DICOMDIR or zip"
    )
    add_annotations(parser)


def run(arguments: argparse.Namespace) -> int:
    """Open the window and stay until it is closed."""
    from lungview.app import run_window

    return run_window(arguments.path, arguments.annotations)
