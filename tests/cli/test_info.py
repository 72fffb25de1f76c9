"""`lungview info` on everything at hand."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lungview.cli.main import main
from tests.support.shared_data import shared

_FOLDERS = {
    "ct-3slice-seg": 0,
    "ct-abdomen-j2k-totalseg": 0,
    "ct-chest-cptac": 0,
    "ct-tilt-phantom-philips": 0,
    "ct-tiny-legacy-enhanced": 0,
    "deeplesion-lung-sample": 3,
    "dicomdir-tiny": 0,
    "lidc-nodule-crops": 3,
    "lung-pet-ct-dx-boxed": 0,
    "lung-pet-ct-dx-slicelabels": 0,
    "lung-pet-ct-dx-tables": 3,
    "msd-lung-256": 3,
    "torture-charset": 0,
    "torture-structure": 0,
    "torture-transfer-syntax": 0,
}
"""Each folder of real data, and the exit code: 3 where it holds no DICOM image."""


def info(path: Path, capsys: pytest.CaptureFixture[str], code: int = 0) -> Mapping[str, Any]:
    """What `info --json` prints of a path."""
    assert main(["info", str(path), "--json"]) == code
    document: Mapping[str, Any] = json.loads(capsys.readouterr().out)
    return document


def stacks(document: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """All stacks of a document."""
    return [
        stack
        for patient in document["patients"]
        for study in patient["studies"]
        for series in study["series"]
        for stack in series["stacks"]
    ]


@pytest.mark.parametrize(("name", "code"), _FOLDERS.items())
def test_every_real_folder_is_told_without_a_traceback(
    name: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    document = info(shared(name), capsys, code)
    assert bool(stacks(document)) == (code == 0)


def test_no_real_folder_is_left_out() -> None:
    assert {path.name for path in shared(".").iterdir() if path.is_dir()} == set(_FOLDERS)


def test_all_boxes_of_the_boxed_patient_are_linked(capsys: pytest.CaptureFixture[str]) -> None:
    document = info(shared("lung-pet-ct-dx-boxed"), capsys)
    assert document["annotations"]["linked"] == 20
    assert document["annotations"]["unmatched"] == []
    assert [(stack["slices"], stack["boxed_slices"]) for stack in stacks(document)] == [(64, 11), (11, 9)]


def test_a_zip_is_opened_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    (stack,) = stacks(info(shared("ct-chest-cptac", "ct-chest-cptac.zip"), capsys))
    assert stack["slices"] == 99
    assert stack["geometry"]["order_rule"] == "position along the normal"


def test_text_names_series_order_and_boxes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(shared("lung-pet-ct-dx-boxed"))]) == 0
    told = capsys.readouterr().out
    assert (
        "64 slices of 512 x 512, 5 mm apart, ordered by position along the normal; readers' boxes on 11 slices" in told
    )


def test_an_empty_folder_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "nothing").mkdir()
    assert main(["info", str(tmp_path / "nothing")]) == 3
    assert "nothing is empty" in capsys.readouterr().out


def test_a_folder_of_texts_is_told_with_their_names(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("no image", encoding="utf-8")
    assert main(["info", str(tmp_path)]) == 3
    assert "a.txt, b.txt" in capsys.readouterr().out


def test_a_name_does_not_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "\x9b2Jscan.txt").write_text("no image", encoding="utf-8")
    assert main(["info", str(tmp_path)]) == 3
    told = capsys.readouterr().out
    assert "\x9b" not in told
    assert "2Jscan.txt" in told
