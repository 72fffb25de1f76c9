"""`lungview info --files`: file by file, opened or refused with a sentence."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import RLELossless

from lungview.cli.main import main
from lungview.dicom.walk import is_skipped
from tests.support.dicom_series import Recipe, compress, random_stored, write_multiframe, write_series
from tests.support.shared_data import shared

Line = Mapping[str, Any]

OPENED = {
    "ct-3slice-seg": 3,
    "ct-abdomen-j2k-totalseg": 20,
    "ct-chest-cptac": 99,
    "ct-tilt-phantom-philips": 12,
    "ct-tiny-legacy-enhanced": 4,
    "deeplesion-lung-sample": 0,
    "dicomdir-tiny": 31,
    "lidc-nodule-crops": 0,
    "lung-pet-ct-dx-boxed": 75,
    "lung-pet-ct-dx-slicelabels": 17,
    "lung-pet-ct-dx-tables": 0,
    "msd-lung-256": 0,
    "torture-charset": 9,
    "torture-structure": 18,
    "torture-transfer-syntax": 9,
}
"""Each folder of real data, and how many of its files are shown."""


def files(path: Path, capsys: pytest.CaptureFixture[str]) -> Sequence[Line]:
    """The table of a path."""
    assert main(["info", str(path), "--files", "--json"]) in {0, 3}
    lines: Sequence[Line] = json.loads(capsys.readouterr().out)["files"]
    return lines


@pytest.mark.slow
@pytest.mark.parametrize("name", OPENED)
def test_every_file_of_the_real_data_opens_or_is_refused_with_a_sentence(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = files(shared(name), capsys)
    for line in lines:
        assert line["is_opened"] or line["text"].startswith(Path(line["file"]).name), line
        assert line["is_opened"] or line["text"].endswith("."), line
    assert sum(line["is_opened"] for line in lines) == OPENED[name]
    listed = {line["file"] for line in lines}
    for path in shared(name).rglob("*"):
        if path.is_file() and not is_skipped(path.name) and path.suffix != ".zip":
            assert path.relative_to(shared(name)).as_posix() in listed


def test_the_table_tells_what_opens_and_why_another_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = write_series(tmp_path / "series", Recipe(random_stored(3, 8, 6)))
    compress(paths[1], RLELossless)
    cut = write_multiframe(tmp_path / "cut.dcm", Recipe(random_stored(2, 8, 6), series=2))
    cut.write_bytes(cut.read_bytes()[:-10])
    (tmp_path / "notes.txt").write_text("no image")
    assert main(["info", str(tmp_path), "--files"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "cut.dcm         opened   2 slices of 6 x 8 in HU, explicit little endian, volume. 1 slice unread:"
        " cut.dcm is cut short and does not hold frame 2 of 2. Copy it again.",
        "notes.txt       refused  notes.txt is no DICOM file and was left out."
        " If it should be an image, export it as DICOM again.",
        "series/000.dcm  opened   1 slice of 6 x 8 in HU, explicit little endian, volume",
        "series/001.dcm  opened   1 slice of 6 x 8 in HU, RLE, volume",
        "series/002.dcm  opened   1 slice of 6 x 8 in HU, explicit little endian, volume",
        "5 files: 4 opened, 1 refused",
    ]
