"""Files packed as a whole, by gzip or as a deflated data set: read without unpacking more than is asked for."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from lungview.dicom import inflate
from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.study import ProblemKind
from lungview.task import Task
from tests.support.dicom_series import Recipe, random_stored, write_series
from tests.support.opening import deflate, opened

STORED = random_stored(4, 200, 180)


def pack(path: Path) -> None:
    path.write_bytes(gzip.compress(path.read_bytes()))


def pack_deflated(path: Path) -> None:
    deflate(path)
    pack(path)


PACKED = pytest.mark.parametrize("change", [deflate, pack, pack_deflated])


@PACKED
def test_a_scan_unpacks_headers_and_no_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    for path in write_series(tmp_path, Recipe(STORED)):
        change(path)
    with monkeypatch.context() as patch:
        patch.setattr(inflate, "_decompress", lambda *_: pytest.fail("a whole file was unpacked"))
        assert scan(tmp_path, Task()).stacks[0].slice_count == 4
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels, STORED - 1024)


@PACKED
def test_pixels_that_are_cut_short_are_told_and_the_others_shown(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    paths = write_series(tmp_path, Recipe(STORED))
    for path in paths:
        change(path)
    whole = paths[2].read_bytes()
    paths[2].write_bytes(whole[: len(whole) * 2 // 3])
    (stack,) = scan(tmp_path, Task()).stacks
    volume = load_volume(stack, Task())
    assert [(k, "cut short" in text, paths[2].name in text) for k, text in volume.unreadable] == [(2, True, True)]
    np.testing.assert_array_equal(volume.voxels[[0, 1, 3]], STORED[[0, 1, 3]] - 1024)


@PACKED
def test_a_header_longer_than_what_is_unpacked_first_is_read_all_the_same(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    def lengthen(dataset: pydicom.Dataset, k: int) -> None:
        noise = np.random.default_rng(k).integers(0, 256, 200_000, dtype=np.uint8).tobytes()
        dataset.private_block(0x0009, "TEST", create=True).add_new(0x01, "OB", noise)

    for path in write_series(tmp_path, Recipe(STORED, edit=lengthen)):
        change(path)
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels, STORED - 1024)


def test_a_packed_header_that_promises_far_too_much_is_refused(tmp_path: Path) -> None:
    def boast(dataset: pydicom.Dataset, _: int) -> None:
        dataset.Rows = dataset.Columns = 30_000

    for path in write_series(tmp_path, Recipe(STORED[:1, :20, :20], edit=boast)):
        pack(path)
    (problem,) = scan(tmp_path, Task()).problems
    assert problem.kind is ProblemKind.BROKEN
    assert "30000 x 30000" in problem.message
