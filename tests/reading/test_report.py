"""The document that detect writes."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from lungview.annotations.values import Annotations
from lungview.domain.box import Box
from lungview.domain.finding import Finding
from lungview.domain.study import FileSource, StackKind
from lungview.errors import LungViewError
from lungview.reading.case import Case
from lungview.reading.report import StackResult, build_report
from lungview.reading.report_entries import Report
from lungview.reading.report_files import report_csv, report_json, write_report
from tests.support.detectors import MODEL, ScriptedDetector
from tests.support.volumes import make_geometry, make_scan, make_stack, uid

HERE = Box(10, 10, 30, 30)
STACK = make_stack(6)
CAPTURE = replace(make_stack(2, key="capture", kind=StackKind.CAPTURE), instances=())
MODEL_BOXES = {2: [(HERE, 0.9), (Box(1, 1, 9, 9), 0.2)], 3: [(Box(10, 10, 30, 26), 0.8)]}


def _report() -> Report:
    annotations = Annotations(
        findings={uid(3): (Finding(uid(3), HERE, "A"),)},
        linked=(FileSource(Path(f"{uid(3)}.xml")),),
        unmatched=(FileSource(Path("9.9.9.xml")),),
        unboxed={"stack": ("000.dcm",) * 5},
    )
    case = Case(make_scan(STACK, CAPTURE), annotations)
    detector = ScriptedDetector(MODEL_BOXES)
    result = StackResult(STACK, make_geometry(STACK), {index: detector.answer(index) for index in range(6)})
    return build_report(case, [result], MODEL, "cpu", created=datetime(2026, 11, 24, 10, tzinfo=UTC))


def test_the_document_has_the_agreed_shape() -> None:
    report = json.loads(report_json(_report()))
    assert report["model"]["name"] == "scripted"
    assert report["score_threshold"] == 0.5
    (series,) = report["series"]
    assert (series["uid"], series["patient"]) == (STACK.series_uid, "P1")
    assert series["order"] == "position along the normal"
    assert [entry["index"] for entry in series["slices"]] == list(range(6))
    assert series["slices"][3] == {
        "index": 3,
        "sop_uid": uid(3),
        "frame": 0,
        "position_mm": 15.0,
        "boxes": [{"box": [10, 10, 30, 26], "score": 0.8}],
        "reader_boxes": [{"box": [10, 10, 30, 30], "label": "A", "author": "", "time": ""}],
        "iou": 0.8,
    }
    (lesion,) = series["lesions"]
    assert lesion["slices"] == [2, 3]
    assert lesion["score"] == 0.9
    assert lesion["size_mm"] == [20, 20, 10]
    assert [box["index"] for box in lesion["boxes"]] == [2, 3]
    assert lesion["iou"] == pytest.approx(320 / (400 + 320 + 400 - 320))


def test_boxes_below_the_threshold_stay_out() -> None:
    (series,) = _report()["series"]
    assert [len(entry["boxes"]) for entry in series["slices"]] == [0, 0, 1, 1, 0, 0]


def test_what_was_not_looked_at_and_not_linked_is_told() -> None:
    report = _report()
    assert [(entry["stack"], entry["kind"]) for entry in report["skipped"]] == [("axial", "capture")]
    assert report["annotations"]["linked"] == 1
    assert report["annotations"]["unmatched"] == ["9.9.9.xml"]
    assert report["annotations"]["unboxed_slices"] == 5


def test_slices_the_model_never_saw_have_no_iou() -> None:
    case = Case(make_scan(STACK), Annotations(findings={uid(3): (Finding(uid(3), HERE),)}))
    report = build_report(case, [StackResult(STACK, make_geometry(STACK), {})], MODEL, "cpu")
    assert report["series"][0]["slices"][3]["iou"] is None


def test_unknown_geometry_gives_null_and_never_nan() -> None:
    geometry = replace(make_geometry(STACK), origins=np.full((6, 3), np.nan), is_known=False)
    detector = ScriptedDetector({2: [(HERE, 0.9)]})
    known = make_geometry(STACK)
    result = StackResult(STACK, replace(known, is_known=False), {2: detector.answer(2)})
    report = build_report(Case(make_scan(STACK)), [result], MODEL, "cpu")
    assert report["series"][0]["slices"][2]["position_mm"] is None
    assert report["series"][0]["lesions"][0]["size_mm"] is None
    assert "NaN" not in report_json(report)
    odd = build_report(Case(make_scan(STACK)), [StackResult(STACK, geometry, {})], MODEL, "cpu")
    assert "NaN" not in report_json(odd)


def test_the_table_has_a_line_for_every_box() -> None:
    lines = list(csv.DictReader(io.StringIO(report_csv(_report()))))
    assert [(line["slice_index"], line["source"]) for line in lines] == [("2", "ai"), ("3", "ai"), ("3", "reader")]
    assert lines[1]["slice_iou"] == "0.8"
    assert len({line["lesion_id"] for line in lines}) == 1
    assert lines[2]["label"] == "A"


def test_text_from_files_is_no_formula_in_a_spreadsheet() -> None:
    report = _report()
    report["series"][0]["patient"] = "=1+1"
    assert report_csv(report).splitlines()[1].startswith("'=1+1,")


@pytest.mark.parametrize("name", ["found.json", "FOUND.CSV"])
def test_the_files_name_chooses_its_kind(tmp_path: Path, name: str) -> None:
    write_report(tmp_path / "new folder" / name, _report())
    text = (tmp_path / "new folder" / name).read_text(encoding="utf-8")
    assert text.startswith("{" if name.endswith("json") else "patient,")
    assert [path.name for path in (tmp_path / "new folder").iterdir()] == [name]


def test_another_kind_of_file_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(LungViewError, match=r"found\.xlsx is neither \.json nor \.csv"):
        write_report(tmp_path / "found.xlsx", _report())


def test_a_place_that_cannot_be_written_is_told_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(LungViewError, match=r"found\.json could not be written"):
        write_report(tmp_path / "file" / "found.json", _report())
