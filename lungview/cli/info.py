"""`lungview info`: what a path holds, before anything is read or shown."""

import argparse
import json

from lungview.cli.arguments import add_annotations, add_json, add_path
from lungview.cli.exit_codes import ExitCode

HELP = "Tell what PATH holds: series, how slices were ordered and what is odd, readers' boxes and what was not linked."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this sub-command's arguments."""
    add_path(parser)
    add_annotations(parser)
    add_json(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print what was found."""
    from lungview.cli.info_document import info_document
    from lungview.cli.info_text import info_lines
    from lungview.cli.progress import Progress, cancelling
    from lungview.reading.case import open_case

    progress = Progress("Looking through files")
    with cancelling(progress.task):
        case = open_case(arguments.path, progress.task, arguments.annotations)
    progress.end()
    if arguments.json:
        print(json.dumps(info_document(case), indent=2))
    else:
        print("\n".join(info_lines(case)))
    return ExitCode.OK if case.scan.stacks else ExitCode.NOTHING_FOUND
