"""The `detect` document on disk: JSON, or a CSV table with a line per box."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

from lungview.errors import LungViewError
from lungview.files import write_atomically
from lungview.reading.report_entries import Report, SeriesEntry, SliceEntry

SUFFIXES = (".json", ".csv")

COLUMNS = (
    "patient", "series_uid", "stack", "slice_index", "sop_uid", "frame", "position_mm", "source", "label",
    "xmin", "ymin", "xmax", "ymax", "score", "slice_iou", "lesion_id",
)  # fmt: skip
"""Of the CSV table; slice_index counts from 0, source is "ai" or "reader", slice_iou as in the JSON document."""


def write_report(path: Path, report: Report) -> None:
    """Write the document as JSON or CSV, as the file's name asks for; atomic.

    Raises LungViewError for another kind of name, or where the file can't be written.
    """
    require_known_suffix(path)
    text = report_json(report) if path.suffix.lower() == ".json" else report_csv(report)
    try:
        write_atomically(path, text.encode("utf-8"))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LungViewError(
            f"{path.name} could not be written ({reason}); free space, or name a file in another folder."
        ) from error


def require_known_suffix(path: Path) -> None:
    """Raise LungViewError unless the file's name ends in .json or .csv; worth asking before hours of work."""
    if path.suffix.lower() not in SUFFIXES:
        raise LungViewError(f"{path.name} is neither .json nor .csv; name the file after one of the two.")


def report_json(report: Report) -> str:
    """The document as JSON, indented, without NaN."""
    return json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def report_csv(report: Report) -> str:
    """A table with a line for every box of model and readers; slices without boxes have none."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for series in report["series"]:
        lesion_ids = _lesion_ids(series)
        for entry in series["slices"]:
            writer.writerows(map(_cell, line) for line in _lines(series, entry, lesion_ids))
    return text.getvalue()


_BoxKey = tuple[str, int, tuple[float, ...]]


def _lesion_ids(series: SeriesEntry) -> dict[_BoxKey, str]:
    """Which lesion each box belongs to."""
    return {
        (source, box["index"], tuple(box["box"])): lesion["id"]
        for source, lesions in (("ai", series["lesions"]), ("reader", series["reader_lesions"]))
        for lesion in lesions
        for box in lesion["boxes"]
    }


def _lines(series: SeriesEntry, entry: SliceEntry, lesion_ids: dict[_BoxKey, str]) -> Iterator[list[object]]:
    start = [
        series["patient"], series["uid"], series["stack"],
        entry["index"], entry["sop_uid"], entry["frame"], entry["position_mm"],
    ]  # fmt: skip
    boxes = [("ai", "", box["box"], box["score"]) for box in entry["boxes"]]
    boxes += [("reader", box["label"], box["box"], None) for box in entry["reader_boxes"]]
    for source, label, corners, score in boxes:
        lesion = lesion_ids.get((source, entry["index"], tuple(corners)), "")
        yield [*start, source, label, *corners, score, entry["iou"], lesion]


def _cell(value: object) -> object:
    """Text that a spreadsheet would take for a formula is quoted: a patient ID comes from a file nobody checked."""
    return f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
