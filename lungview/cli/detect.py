"""`lungview detect`: boxes and lesions of every CT series, into a file."""

import argparse

from lungview.cli.arguments import add_annotations, add_model, add_path, add_thorough, output_path
from lungview.errors import NothingFoundError

HELP = "Look for lesions in every CT series of PATH and write boxes, lesions and the readers' boxes to a file."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this sub-command's arguments."""
    add_path(parser)
    add_annotations(parser)
    add_model(parser)
    add_thorough(parser)
    parser.add_argument(
        "--score-threshold", metavar="S", type=_share, help="lowest score of a box that counts (default: the model's)"
    )
    parser.add_argument(
        "--out", metavar="FILE", type=output_path(".json", ".csv"), required=True, help="where to write: .json or .csv"
    )


def run(arguments: argparse.Namespace) -> int:
    """Detect, write, and say in a line what was found."""
    from lungview.app import open_case
    from lungview.cli.detection_run import Asked, detect_all
    from lungview.cli.progress import Progress, cancelling
    from lungview.cli.wording import plain, problem_lines

    progress = Progress("Looking through files")
    with cancelling(progress.task):
        case = open_case(arguments.path, progress.task, arguments.annotations)
        for line in (*problem_lines(case.scan.problems), *(note.message for note in case.annotations.problems)):
            progress.tell(plain(line))
        if not any(stack.is_detectable for stack in case.scan.stacks):
            reason = case.summary_problem() or f"{case.scan.root.name} holds images, but no CT slices to look at."
            raise NothingFoundError(reason)
        asked = Asked(
            out=arguments.out,
            model=arguments.model,
            device=arguments.device,
            is_cached=not arguments.no_cache,
            is_thorough=arguments.thorough,
            score_threshold=arguments.score_threshold,
        )
        return detect_all(case, asked, progress)


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return value
