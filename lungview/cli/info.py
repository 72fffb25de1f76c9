"""`lungview info`: what a path holds, before anything is read or shown."""

import argparse
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from lungview.cli.arguments import add_annotations, add_json, add_path
from lungview.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from lungview.cli.file_table import FileLine
    from lungview.reading.case import Case

HELP = "Tell what PATH holds: series, how slices were ordered and what is odd, readers' boxes and what was not linked."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this sub-command's arguments."""
    add_path(parser)
    add_annotations(parser)
    add_json(parser)
    parser.add_argument(
        "--files",
        action="store_true",
        help="read every file's pixels too, and tell file by file whether it opens, or why not",
    )


def run(arguments: argparse.Namespace) -> int:
    """Print what was found."""
    from lungview.cli.file_table import table_text
    from lungview.cli.info_document import info_document
    from lungview.cli.info_text import info_lines
    from lungview.cli.progress import Progress, cancelling
    from lungview.cli.wording import plain
    from lungview.reading.case import open_case

    progress = Progress("Looking through files")
    with cancelling(progress.task):
        case = open_case(arguments.path, progress.task, arguments.annotations)
    progress.end()
    files = _files(case) if arguments.files else []
    if arguments.json:
        document = info_document(case)
        if arguments.files:
            document["files"] = [asdict(line) for line in files]
        print(json.dumps(document, indent=2))
    else:
        print("\n".join(plain(line) for line in table_text(files)) if arguments.files else "\n".join(info_lines(case)))
    return ExitCode.OK if case.scan.stacks else ExitCode.NOTHING_FOUND


def _files(case: "Case") -> "list[FileLine]":
    from lungview.cli.file_table import file_table
    from lungview.cli.progress import Progress, cancelling

    progress = Progress("Reading files")
    with cancelling(progress.task):
        lines = file_table(case.scan, progress.task)
    progress.end()
    return lines
