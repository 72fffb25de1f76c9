"""`lungview evaluate`: a model measured on labelled scans, as a report for people and one for scripts."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lungview.cli.arguments import DEVICES, add_annotations, add_thorough, existing_path, output_folder
from lungview.cli.exit_codes import ExitCode

if TYPE_CHECKING:  # costs imports that --help need not pay
    from lungview.cli.progress import Progress
    from lungview.domain.detection import Detector

_DRAWING = "Drawing patients for the intervals"
_FIGURES = ("best_box_iou", "map50", "map")

HELP = "Measure a model, or two side by side, on the labelled scans of PATH, and write the report as HTML and JSON."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this sub-command's arguments."""
    parser.add_argument(
        "path", metavar="PATH", type=existing_path, help="a folder of pictures with boxes.csv, or DICOM with XML"
    )
    add_annotations(parser)
    parser.add_argument(
        "--model",
        metavar="NAME|FILE",
        action=_UpToTwo,
        default=[],
        help="a model of `lungview models`, or a weights file; given twice, the second is compared with the first",
    )
    parser.add_argument(
        "--device", choices=DEVICES, default="auto", help="where the network runs (default: %(default)s)"
    )
    add_thorough(parser)
    parser.add_argument("--out", metavar="DIR", type=output_folder, required=True, help="folder for the two reports")


def run(arguments: argparse.Namespace) -> int:
    """Measure, write, and say in some lines what came out."""
    from lungview.cli.progress import Progress, cancelling

    progress = Progress("Loading the model")
    with cancelling(progress.task):
        lines, name = _compared(arguments, progress) if len(arguments.model) > 1 else _measured(arguments, progress)
        progress.end()
    for line in lines:
        print(line)
    progress.tell(f"Written to {arguments.out.name}: {name}.html, {name}.json.")
    return ExitCode.OK


class _UpToTwo(argparse.Action):
    """Gathers models, and refuses a third."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        option_string: str | None = None,
    ) -> None:
        """Take one more."""
        given = [*getattr(namespace, self.dest), values]
        if len(given) > 2:
            parser.error("--model can be given twice at most: one model is compared with one other")
        setattr(namespace, self.dest, given)


def _measured(arguments: argparse.Namespace, progress: "Progress") -> tuple[list[str], str]:
    from lungview_training.evaluation.run import evaluate_folder

    model = arguments.model[0] if arguments.model else ""
    detector = _loaded(arguments, model)
    progress.begin("Slices looked at")
    document = evaluate_folder(
        arguments.path,
        detector,
        arguments.out,
        progress.task,
        annotations=arguments.annotations,
        weights=_file(model),
        on_counting=lambda: progress.begin(_DRAWING),
    )
    if document["warning"]:
        progress.tell(f"WARNING: {document['warning']}")
    return [f"{name}: {_words(document[name])}" for name in (*_FIGURES, "cpm", "negatives_fp")], "report"


def _compared(arguments: argparse.Namespace, progress: "Progress") -> tuple[list[str], str]:
    from lungview_training.evaluation.run import compare_folder

    before, after = (_loaded(arguments, model) for model in arguments.model)
    progress.begin("Slices looked at")
    comparison, document = compare_folder(
        arguments.path,
        before,
        after,
        arguments.out,
        progress.task,
        annotations=arguments.annotations,
        weights=(_file(arguments.model[0]), _file(arguments.model[1])),
        on_counting=lambda: progress.begin(_DRAWING),
    )
    warnings, parts = document["warnings"], document["parts"]
    assert isinstance(warnings, Mapping)
    assert isinstance(parts, Mapping)
    for when, words in warnings.items():
        if words:
            progress.tell(f"WARNING, model {when}: {words}")
    lines = []
    for part, figures in parts.items():
        lines.append(f"{part}:")
        for name in (*_FIGURES, "cpm", "negatives_fp"):
            if name in figures:
                told = (f"{when} {_words(figures[name][when])}" for when in ("before", "after", "difference"))
                lines.append(f"  {name}: {', '.join(told)}")
    lines.append(f"lesions gained {len(comparison.gained)}, lost {len(comparison.lost)}")
    return lines, "comparison"


def _loaded(arguments: argparse.Namespace, model: str) -> "Detector":
    from lungview.app import load_detector

    return load_detector(model, arguments.device, is_cached=False, is_thorough=arguments.thorough)


def _file(model: str) -> Path | None:
    return Path(model).expanduser() if model else None


def _words(figure: object) -> str:
    """A figure with its interval."""
    if not isinstance(figure, Mapping) or figure["value"] is None:
        return "cannot be told"
    interval = figure["interval_95"]
    span = "" if interval is None else f" (95 % interval {interval[0]:.3f}–{interval[1]:.3f})"
    return f"{figure['value']:.3f}{span}"
