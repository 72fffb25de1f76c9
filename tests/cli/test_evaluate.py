"""`lungview evaluate`: both reports and the figures in words."""

import json
from pathlib import Path

import numpy as np
import pytest

from lungview.cli.main import main
from tests.support.annotations import write_voc
from tests.support.dicom_series import Recipe, write_series
from tests.support.weights import compact_file


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


def test_two_models_are_set_side_by_side(tmp_path: Path, recipe: Recipe, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(tmp_path / "images", recipe)
    write_voc(tmp_path / "boxes", recipe.sop_uid(1), (10, 12, 30, 28))
    weights = compact_file(tmp_path, centre_bias=1.0)
    models = ["--model", "compact", "--model", str(weights)]
    words = ["--annotations", str(tmp_path / "boxes"), "--device", "cpu", "--out", str(tmp_path / "out"), *models]
    assert main(["evaluate", str(tmp_path / "images"), *words]) == 0
    told = capsys.readouterr()
    assert "entire set:" in told.out
    assert "WARNING, model after: These weights have no card" in told.err
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"comparison.html", "comparison.json"}


def test_a_third_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(tmp_path), "--out", str(tmp_path), *["--model", "compact"] * 3]) == 2
    assert "twice at most" in capsys.readouterr().err
