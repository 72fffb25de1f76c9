"""Folders of pictures that mean harm: each is refused with a sentence, and nothing outside the folder is read."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lungview.errors import LungViewError, TrainingError
from lungview_training.config import load_config
from lungview_training.dataset import read_images
from lungview_training.picture_files import ColouredPictureError, PictureFileError, grey_size, read_grey
from lungview_training.pictures import read_pictures, read_settings


def _table(folder: Path, row: str) -> Path:
    (folder / "boxes.csv").write_text(f"subject,slice,xmin,ymin,xmax,ymax\n{row}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "row",
    ["../../secret,1,1,1,2,2", "A,../1,1,1,2,2", "..,1,1,1,2,2", "/etc,passwd,,,,", "A\0B,1,1,1,2,2",
     "A,\\\\host\\share,,,,",
     f"{'A' * 5000},1,1,1,2,2", f"{'A' * 200_000},1,1,1,2,2", "A,1,nan,1,2,2", "A,1,inf,1,2,2", "A,1,1e9,1,2,2",
     f"A,1,{'9' * 5000},1,2,2", "A,1,99999999999,1,2,2", "A", ",,,,,", '"A,1,1,1,2'],
)  # fmt: skip
def test_a_list_with_hostile_fields_is_refused(tmp_path: Path, row: str) -> None:
    with pytest.raises(TrainingError, match=r"boxes\.csv cannot be read: .*\.$") as refusal:
        read_pictures(_table(tmp_path, row))
    assert len(str(refusal.value)) < 300
    assert str(tmp_path) not in str(refusal.value)


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 20_000, "rotate = nan", 'values = ["hu"]', "offset = 1e400", "\ufeff\0", "rotate = {}"]
)
def test_settings_with_hostile_values_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.toml").write_text(text, encoding="utf-8")
    with pytest.raises(LungViewError, match=r"\.$"):
        read_settings(tmp_path)
    with pytest.raises(LungViewError, match=r"\.$"):
        load_config(tmp_path / "dataset.toml")


def _png(columns: int, rows: int, data: bytes, colour: int = 0) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    head = struct.pack(">IIBBBBB", columns, rows, 8, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [9_000, 65_535, 2_000_000_000])
def test_a_picture_far_larger_than_a_slice_is_refused_undecoded(tmp_path: Path, side: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_png(side, side, zlib.compress(bytes(1 << 20))))
    for read in (grey_size, read_grey):
        with pytest.raises(PictureFileError):
            read(path)


def test_only_png_is_opened_whatever_the_name_says(tmp_path: Path) -> None:
    path = tmp_path / "1.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
    with pytest.raises(PictureFileError):
        read_grey(path)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path, "gif")
    with pytest.raises(PictureFileError):
        grey_size(path)


def test_grey_is_told_from_colour_and_read_as_stored(tmp_path: Path) -> None:
    deep = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000
    Image.fromarray(deep).save(tmp_path / "deep.png")
    assert np.array_equal(read_grey(tmp_path / "deep.png"), deep)
    assert grey_size(tmp_path / "deep.png") == (8, 8)
    Image.fromarray(deep > 9000).save(tmp_path / "bits.png")
    assert read_grey(tmp_path / "bits.png").dtype == np.bool_
    Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "colour.png")
    with pytest.raises(ColouredPictureError):
        read_grey(tmp_path / "colour.png")


def test_a_broken_picture_does_not_keep_the_others_back(tmp_path: Path) -> None:
    images = tmp_path / "images" / "A"
    images.mkdir(parents=True)
    Image.fromarray(np.full((40, 40), 9, np.uint8)).save(images / "1.png")
    (images / "2.png").write_bytes(_png(40, 40, b"no zlib"))
    (images / "3.png").write_bytes(b"")
    _table(tmp_path, "A,1,2,2,9,9\nA,2,2,2,9,9\nA,3,2,2,9,9")
    (tmp_path / "dataset.toml").write_text('values = "grey"\n')
    left_out: list[str] = []
    samples = read_images(tmp_path, lambda *told: left_out.append(str(told)))
    assert len(samples) == 1
    assert left_out


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e300", "99999999999999999999999", "true"])
@pytest.mark.parametrize("setting", ["steps", "learning_rate", "seed"])
def test_a_training_takes_no_numbers_that_are_none(tmp_path: Path, setting: str, value: str) -> None:
    path = tmp_path / "t.toml"
    path.write_text(f'name = "t"\noutput = "o"\n{setting} = {value}\n[[sources]]\nkind = "images"\npath = "p"\n')
    with pytest.raises(LungViewError, match=setting):
        load_config(path)
