"""`lungview evaluate`: both reports and the figures in words."""

import json
from pathlib import Path

import numpy as np
import pytest

from lungview.cli.main import main
from tests.support.annotations import write_voc
from tests.support.dicom_series import Recipe, write_series


@pytest.fixture
def recipe() -> Recipe:
    """Three slices of soft tissue, 64 x 64."""
    return Recipe(np.full((3, 64, 64), 1064, dtype=np.int16))


def test_reports_are_written_and_figures_printed(
    tmp_path: Path, recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    write_series(tmp_path / "images", recipe)
    write_voc(tmp_path / "boxes", recipe.sop_uid(1), (10, 12, 30, 28))
    out = tmp_path / "out" / "new"
    words = ["--annotations", str(tmp_path / "boxes"), "--device", "cpu", "--out", str(out)]
    assert main(["evaluate", str(tmp_path / "images"), *words]) == 0
    document = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert {"best_box_iou", "map50", "map", "froc", "cpm", "negatives_fp"} <= set(document)
    assert (document["data"]["patients"], document["data"]["boxes"]) == (1, 1)
    assert (out / "report.html").is_file()
    assert "best_box_iou: " in capsys.readouterr().out


def test_a_folder_without_boxes_ends_with_nothing_found(tmp_path: Path, recipe: Recipe) -> None:
    write_series(tmp_path / "images", recipe)
    assert main(["evaluate", str(tmp_path / "images"), "--device", "cpu", "--out", str(tmp_path / "out")]) == 3
    assert not (tmp_path / "out").exists()


def test_a_file_is_no_folder_to_write_into(tmp_path: Path, recipe: Recipe) -> None:
    write_series(tmp_path / "images", recipe)
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["evaluate", str(tmp_path / "images"), "--out", str(tmp_path / "file")]) == 2
