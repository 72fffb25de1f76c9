"""`lungview detect`: the document a script reads, and bad input that never stops the rest."""

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import Dataset

from lungview.cli.main import main
from tests.support.annotations import write_voc
from tests.support.dicom_series import Recipe, write_series
from tests.support.shared_data import shared

_SLICES = 3


@pytest.fixture
def recipe() -> Recipe:
    """Three slices of soft tissue, 64 x 64."""
    return Recipe(np.full((_SLICES, 64, 64), 1064, dtype=np.int16))


@pytest.fixture
def patient(tmp_path: Path, recipe: Recipe) -> Path:
    """A folder with the series, and one reader's box on its middle slice."""
    folder = tmp_path / "patient"
    write_series(folder / "images", recipe)
    write_voc(folder / "Annotation" / "PHANTOM", recipe.sop_uid(1), (10, 12, 30, 28))
    return folder


def detect(path: Path, out: Path, *words: str, code: int = 0) -> Mapping[str, Any]:
    """The document that `detect` writes."""
    assert main(["detect", str(path), "--out", str(out), "--device", "cpu", *words]) == code
    document: Mapping[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    return document


def test_every_slice_stands_in_the_document_with_the_readers_boxes(patient: Path, tmp_path: Path) -> None:
    document = detect(patient, tmp_path / "out.json")
    (series,) = document["series"]
    assert series["patient"] == "PHANTOM"
    assert [entry["index"] for entry in series["slices"]] == [0, 1, 2]
    assert [entry["position_mm"] for entry in series["slices"]] == [0.0, 5.0, 10.0]
    (box,) = series["slices"][1]["reader_boxes"]
    assert box["box"] == [10, 12, 30, 28]
    assert series["slices"][0]["iou"] is None
    assert 0 <= series["slices"][1]["iou"] <= 1


def test_the_document_says_which_model_and_threshold_it_rests_on(patient: Path, tmp_path: Path) -> None:
    document = detect(patient, tmp_path / "out.json", "--score-threshold", "0.75")
    assert document["score_threshold"] == 0.75
    assert len(document["model"]["weights_sha256"]) == 64
    assert document["device"] == "cpu"


def test_a_table_has_a_line_for_each_box(patient: Path, tmp_path: Path) -> None:
    assert main(["detect", str(patient), "--out", str(tmp_path / "out.csv")]) == 0
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["source"] == "reader"]
    assert [(line["patient"], line["slice_index"], line["xmin"]) for line in lines] == [("PHANTOM", "1", "10.0")]


def test_a_thorough_look_is_kept_apart_from_a_quick_one(patient: Path, tmp_path: Path, home: Path) -> None:
    for words, count in (((), 1), (("--thorough",), 2), (("--thorough",), 2)):
        document = detect(patient, tmp_path / "out.json", *words)
        assert len(document["series"][0]["slices"]) == _SLICES
        assert len(list((home / "cache").rglob("*.npz"))) == count


def test_slices_without_positions_are_looked_at_too(tmp_path: Path, recipe: Recipe) -> None:
    def strip(dataset: Dataset, k: int) -> None:
        del dataset.ImagePositionPatient

    write_series(tmp_path / "images", replace(recipe, edit=strip))
    (series,) = detect(tmp_path / "images", tmp_path / "out.json")["series"]
    assert [entry["index"] for entry in series["slices"]] == [0, 1, 2]
    assert [entry["position_mm"] for entry in series["slices"]] == [None] * _SLICES
    assert all(lesion["size_mm"] is None for lesion in series["lesions"])


def test_a_second_run_answers_from_what_was_kept(patient: Path, tmp_path: Path, home: Path) -> None:
    first = detect(patient, tmp_path / "first.json")
    kept = list((home / "cache").rglob("*.*"))
    assert kept
    assert detect(patient, tmp_path / "second.json")["series"] == first["series"]


def test_nothing_is_kept_where_it_was_not_to_be(patient: Path, tmp_path: Path, home: Path) -> None:
    detect(patient, tmp_path / "out.json", "--no-cache")
    assert not (home / "cache").exists()


def test_progress_goes_to_standard_error(patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detect(patient, tmp_path / "out.json")
    told = capsys.readouterr()
    assert told.out == ""
    assert f"Looking for lesions in series 1 of 1: {_SLICES} of {_SLICES}" in told.err


def test_a_truncated_file_is_named_and_the_good_ones_are_looked_at(
    patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = patient / "images" / "000.dcm"
    cut.write_bytes(cut.read_bytes()[:3000])
    document = detect(patient, tmp_path / "out.json")
    assert len(document["series"][0]["slices"]) == _SLICES - 1
    assert [problem["file"] for problem in document["problems"]] == ["000.dcm"]
    assert "000.dcm is cut short" in capsys.readouterr().err


def test_an_annotation_that_does_not_parse_is_named_and_the_others_are_used(
    patient: Path, tmp_path: Path, recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    name = f"{recipe.sop_uid(0)}.xml"
    (patient / "Annotation" / "PHANTOM" / name).write_text("<annotation><object>", encoding="utf-8")
    document = detect(patient, tmp_path / "out.json")
    assert document["annotations"]["linked"] == 1
    assert name in capsys.readouterr().err


def test_a_box_outside_the_image_is_named(
    patient: Path, tmp_path: Path, recipe: Recipe, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_voc(patient / "Annotation" / "PHANTOM", recipe.sop_uid(0), (100, 100, 120, 130))
    document = detect(patient, tmp_path / "out.json")
    assert [problem["kind"] for problem in document["annotations"]["problems"]] == ["outside"]
    assert path.name in capsys.readouterr().err


def test_weights_that_are_none_are_named(patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = tmp_path / "lookalike.safetensors"
    weights.write_text("no weights", encoding="utf-8")
    assert main(["detect", str(patient), "--out", str(tmp_path / "out.json"), "--model", str(weights)]) == 1
    told = capsys.readouterr().err
    assert "lookalike.safetensors" in told
    assert "Traceback" not in told
    assert not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("texts", [(), ("a.txt", "b.txt")])
def test_a_folder_without_images_ends_in_three(
    texts: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in texts:
        (folder / name).write_text("no image", encoding="utf-8")
    assert main(["detect", str(folder), "--out", str(tmp_path / "out.json")]) == 3
    assert "scans" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()


def test_the_boxed_patient_is_reported_with_all_its_files(tmp_path: Path) -> None:
    document = detect(shared("lung-pet-ct-dx-boxed"), tmp_path / "out.json")
    assert document["annotations"]["linked"] == 20
    assert [len(series["slices"]) for series in document["series"]] == [64, 11]
    assert [sum(entry["iou"] is not None for entry in series["slices"]) for series in document["series"]] == [11, 9]
    assert all(lesion["slices"][0] <= lesion["slices"][1] for lesion in document["series"][0]["lesions"])


def test_a_whole_chest_is_reported_from_its_zip(tmp_path: Path) -> None:
    document = detect(shared("ct-chest-cptac", "ct-chest-cptac.zip"), tmp_path / "out.json")
    (series,) = document["series"]
    assert len(series["slices"]) == 99
