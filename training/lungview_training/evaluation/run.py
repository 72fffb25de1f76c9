"""From a folder of labelled scans and a model to report.json and report.html."""

import json
from collections.abc import Callable
from pathlib import Path

from lungview.domain.detection import Detector
from lungview.errors import LungViewError
from lungview.files import write_atomically
from lungview.task import Task
from lungview_training.evaluation.document import Plain, build_document
from lungview_training.evaluation.measure import measure_folder
from lungview_training.evaluation.origin import seen_before
from lungview_training.evaluation.page import build_page


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
    """Measure a detector and write both reports into the folder out; returns what report.json holds.

    weights: the file the model came from, beside which its card may lie. on_counting: called once all is looked at.
    """
    measured = measure_folder(path, annotations, detector, task)
    on_counting()
    seen = seen_before(detector.info, weights, (each.patient for each in measured.slices))
    document = build_document(measured, detector.info, detector.device, seen)
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    page = build_page(document, measured)
    try:
        write_atomically(out / "report.json", text.encode("utf-8"))
        write_atomically(out / "report.html", page.encode("utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LungViewError(
            f"The report could not be written ({reason}); free space, or name another folder."
        ) from error
    return document
