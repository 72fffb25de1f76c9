"""`lungview screenshot`: the window as a picture, drawn without a display."""

import argparse
import re

from lungview.cli.arguments import add_annotations, add_model, add_path, output_path
from lungview.cli.exit_codes import ExitCode

HELP = "Draw the window on PATH into a PNG once its series is read and looked at; no display is needed."

LAYOUTS = ("reading", "comparison")
WINDOWS = ("lung", "soft-tissue", "mediastinum", "bone", "abdomen", "liver", "brain")
"""In the order of the window's presets."""

_SIZE = re.compile(r"(\d{3,4})x(\d{3,4})")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this sub-command's arguments."""
    add_path(parser)
    add_annotations(parser)
    add_model(parser)
    parser.add_argument("--out", metavar="FILE", type=output_path(".png"), required=True, help="where to write: .png")
    parser.add_argument("--series", metavar="S", default="", help="number, UID or description of the series to show")
    parser.add_argument(
        "--slice", metavar="N", type=int, help="slice from 1, as the window counts (default: that of the first finding)"
    )
    parser.add_argument("--layout", choices=LAYOUTS, default=LAYOUTS[0], help="which panes (default: %(default)s)")
    parser.add_argument("--window", choices=WINDOWS, help="grey window (default: the one the series opens in)")
    parser.add_argument("--size", metavar="WxH", type=_size, default=(1440, 900), help="in px (default: 1440x900)")
    parser.add_argument("--attention", action="store_true", help="lay the attention map over the slice")
    parser.add_argument("--no-corner-text", action="store_true", help="leave patient and slice out of the corners")


def run(arguments: argparse.Namespace) -> int:
    """Draw the window and write it."""
    from lungview.app import render
    from lungview.cli.progress import Progress, cancelling
    from lungview.ui.settings import Layout
    from lungview.ui.snapshot import View

    view = View(
        path=arguments.path,
        annotations=arguments.annotations,
        series=arguments.series,
        slice_number=arguments.slice,
        layout=Layout(arguments.layout),
        preset=WINDOWS.index(arguments.window) + 1 if arguments.window else None,
        shows_attention=arguments.attention,
        shows_corner_text=not arguments.no_corner_text,
        size=arguments.size,
    )
    progress = Progress()
    with cancelling(progress.task):
        render(
            view,
            arguments.out,
            progress.task,
            progress.tell_step,
            model=arguments.model,
            device=arguments.device,
            is_cached=not arguments.no_cache,
        )
    progress.tell(f"Written to {arguments.out.name}.")
    return ExitCode.OK


def _size(text: str) -> tuple[int, int]:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size such as 1440x900")
    return int(match[1]), int(match[2])
