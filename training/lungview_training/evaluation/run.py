"""From a folder of labelled scans and one model or two to reports for people and for scripts."""

import json
from collections.abc import Callable
from pathlib import Path

from lungview.domain.detection import Detector
from lungview.errors import LungViewError
from lungview.files import write_atomically
from lungview.task import Task
from lungview_training.evaluation.comparison import Comparison, compare_models, comparison_document
from lungview_training.evaluation.comparison_page import build_comparison_page
from lungview_training.evaluation.document import Plain, build_document
from lungview_training.evaluation.measure import measure_folder
from lungview_training.evaluation.origin import new_to_both, seen_before
from lungview_training.evaluation.page import build_page

TEST_PART = "test part, new to both"


def evaluate_folder(
    path: Path,
    detector: Detector,
    out: Path,
    task: Task,
    *,
    annotations: Path | None = None,
    weights: Path | None = None,
    on_counting: Callable[[], None] = lambda: None,
) -> Plain:
    """Measure a detector and write report.json and report.html into the folder out; returns what report.json holds.

    weights: the file the model came from, beside which its card may lie. on_counting: called once all is looked at.
    """
    measured = measure_folder(path, annotations, detector, task)
    on_counting()
    seen = seen_before(detector.info, weights, (each.patient for each in measured.slices))
    document = build_document(measured, detector.info, detector.device, seen)
    write_report(out, "report", document, build_page(document, measured))
    return document


def compare_folder(
    path: Path,
    before: Detector,
    after: Detector,
    out: Path,
    task: Task,
    *,
    annotations: Path | None = None,
    weights: tuple[Path | None, Path | None] = (None, None),
    on_counting: Callable[[], None] = lambda: None,
) -> tuple[Comparison, Plain]:
    """Measure two detectors on the same slices and write comparison.json and comparison.html into the folder out.

    weights: the files the models came from, beside which their cards may lie. Figures are told for the entire set, and
    for the later model's test patients, less those the earlier one learned from, where the cards of both tell.
    """
    unseen = new_to_both(before.info, after.info, weights)
    parts = {} if unseen is None else {TEST_PART: unseen}
    comparison = compare_models(
        path, before, after, task, annotations=annotations, parts=parts, on_counting=on_counting
    )
    document = comparison_document(comparison)
    document["warnings"] = {
        name: seen_before(info, file, (each.patient for each in comparison.before.slices)).warning
        for name, info, file in zip(("before", "after"), comparison.models, weights, strict=True)
    }
    write_report(out, "comparison", document, build_comparison_page(comparison))
    return comparison, document


def write_report(out: Path, name: str, document: Plain, page: str) -> None:
    """Write <name>.json and <name>.html into the folder out."""
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        write_atomically(out / f"{name}.json", text.encode("utf-8"))
        write_atomically(out / f"{name}.html", page.encode("utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LungViewError(
            f"The report could not be written ({reason}); free space, or name another folder."
        ) from error
