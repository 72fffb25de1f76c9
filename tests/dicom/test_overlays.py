"""Graphics that files lay over their slices: all that is drawn, where it belongs, within bounds."""

from collections.abc import Callable, Mapping
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless

from lungview.dicom.overlays import read_overlays
from lungview.dicom.scan import scan
from lungview.domain.arrays import BoolArray
from lungview.domain.graphics import SliceGraphics
from lungview.domain.study import Stack
from lungview.task import Cancelled, Task
from tests.support.dicom_series import Recipe, compress, random_stored, write_multiframe, write_series
from tests.support.opening import deflate, opened, turn_big_endian
from tests.support.overlays import add_overlay
from tests.support.overlays import drawing as points_at_random
from tests.support.shared_data import shared

ROWS, COLUMNS = 40, 36
STORED = random_stored(3, ROWS, COLUMNS)


def drawing(rows: int = ROWS, columns: int = COLUMNS, seed: int = 0) -> BoolArray:
    """Points at random, as many as a slice here has unless told otherwise."""
    return points_at_random(rows, columns, seed)


def with_overlay(points: NDArray[np.bool_], on: int = 1, **options: object) -> Recipe:
    """A series of three slices, one of which has an overlay."""

    def edit(dataset: Dataset, k: int) -> None:
        if k == on:
            add_overlay(dataset, points, **options)  # type: ignore[arg-type]

    return Recipe(STORED, edit=edit)


def read(stack: Stack) -> tuple[Mapping[int, BoolArray], tuple[str, ...]]:
    """What lies over the slices, and what failed."""
    found: dict[int, SliceGraphics] = {}
    failures = read_overlays(stack, Task(), first=0, on_read=found.__setitem__)
    return {k: graphics.mask for k, graphics in found.items()}, failures


def drawn(path: Path) -> Mapping[int, BoolArray]:
    """What lies over the slices of the one stack of a path."""
    (stack,) = scan(path, Task()).stacks
    found, failures = read(stack)
    assert failures == ()
    return found


@pytest.mark.parametrize(
    "parts",
    [
        ("torture-structure", "examples_overlay.dcm"),
        ("ct-tilt-phantom-philips", "S4010_secondary", "I10"),
    ],
)
def test_real_overlays_are_as_pydicom_unpacks_them(parts: tuple[str, ...]) -> None:
    path = shared(*parts)
    (found,) = drawn(path).values()
    expected = pydicom.dcmread(path).overlay_array(0x6000)
    assert expected.any()
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("group", [0x6000, 0x6002, 0x601E])
def test_slices_with_graphics_in_any_group_are_found_and_read(tmp_path: Path, group: int) -> None:
    write_series(tmp_path, with_overlay(drawing(), group=group))
    found = drawn(tmp_path)
    assert list(found) == [1]
    np.testing.assert_array_equal(found[1], drawing())


def test_overlays_of_one_slice_lie_on_each_other(tmp_path: Path) -> None:
    def edit(dataset: Dataset, _k: int) -> None:
        add_overlay(dataset, drawing(seed=1))
        add_overlay(dataset, drawing(seed=2), group=0x6004)

    write_series(tmp_path, Recipe(STORED[:1], edit=edit))
    np.testing.assert_array_equal(drawn(tmp_path)[0], drawing(seed=1) | drawing(seed=2))


def _implicit(folder: Path) -> None:
    for path in folder.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
        dataset.save_as(path)


def _compressed(folder: Path) -> None:
    for path in folder.iterdir():
        compress(path, JPEG2000Lossless)


def _deflated(folder: Path) -> None:
    for path in folder.iterdir():
        deflate(path)


def _zipped(folder: Path) -> None:
    paths = sorted(folder.iterdir())
    with ZipFile(folder / "all.zip", "w") as archive:
        for path in paths:
            archive.write(path, path.name)
            path.unlink()


def _big_endian(folder: Path) -> None:
    for path in folder.iterdir():
        turn_big_endian(path)


@pytest.mark.parametrize("change", [_implicit, _compressed, _deflated, _zipped, _big_endian])
def test_graphics_are_the_same_in_every_encoding(tmp_path: Path, change: Callable[[Path], None]) -> None:
    write_series(tmp_path, with_overlay(drawing()))
    change(tmp_path)
    found = drawn(tmp_path)
    assert list(found) == [1]
    np.testing.assert_array_equal(found[1], drawing())


@given(rows=st.integers(1, 60), columns=st.integers(1, 60), top=st.integers(-60, 60), left=st.integers(-60, 60))
def test_an_overlay_lies_where_its_origin_says_and_is_cut_at_the_edges(
    tmp_path_factory: pytest.TempPathFactory, rows: int, columns: int, top: int, left: int
) -> None:
    folder, points = tmp_path_factory.mktemp("overlay"), drawing(rows, columns)
    write_series(folder, with_overlay(points, origin=(top + 1, left + 1)))
    expected = np.zeros((ROWS, COLUMNS), np.bool_)
    for row, column in np.argwhere(points):
        if 0 <= row + top < ROWS and 0 <= column + left < COLUMNS:
            expected[row + top, column + left] = True
    np.testing.assert_array_equal(drawn(folder)[1], expected)


def test_without_an_origin_it_begins_at_the_first_pixel(tmp_path: Path) -> None:
    write_series(tmp_path, with_overlay(drawing(), origin=None))
    np.testing.assert_array_equal(drawn(tmp_path)[1], drawing())


def test_frames_of_an_overlay_lie_over_the_frames_that_it_names(tmp_path: Path) -> None:
    points = np.stack([drawing(seed=1), drawing(seed=2)])

    def edit(dataset: Dataset, _k: int) -> None:
        add_overlay(dataset, points)
        dataset.add_new((0x6000, 0x51), "US", 2)

    write_multiframe(tmp_path / "multi.dcm", Recipe(STORED, edit=edit))
    found = drawn(tmp_path)
    assert not found[0].any()
    np.testing.assert_array_equal(found[1], points[0])
    np.testing.assert_array_equal(found[2], points[1])


def test_an_overlay_without_frames_lies_over_all_of_them(tmp_path: Path) -> None:
    write_multiframe(tmp_path / "multi.dcm", Recipe(STORED, edit=lambda dataset, _k: add_overlay(dataset, drawing())))
    found = drawn(tmp_path)
    assert sorted(found) == [0, 1, 2]
    for mask in found.values():
        np.testing.assert_array_equal(mask, drawing())


def test_graphics_in_unused_bits_of_the_pixels_are_drawn_and_the_values_stay_true(tmp_path: Path) -> None:
    stored = STORED.astype(np.uint16)

    def edit(dataset: Dataset, k: int) -> None:
        cells = stored[k] | (drawing(seed=k) * np.uint16(1 << 13))
        dataset.PixelData = cells.astype("<u2").tobytes()
        for element, vr, value in ((0x10, "US", ROWS), (0x11, "US", COLUMNS), (0x50, "SS", [1, 1]),
                                   (0x100, "US", 16), (0x102, "US", 13)):  # fmt: skip
            dataset.add_new((0x6000, element), vr, value)

    write_series(tmp_path, Recipe(stored, bits_stored=12, edit=edit))
    _, volume = opened(tmp_path)
    np.testing.assert_array_equal(volume.voxels, STORED - 1024)
    found = drawn(tmp_path)
    for k in range(3):
        np.testing.assert_array_equal(found[k], drawing(seed=k))


def _cut_short(dataset: Dataset) -> None:
    dataset[0x6000, 0x3000].value = dataset[0x6000, 0x3000].value[:-20]


def _claim_the_sky(dataset: Dataset) -> None:
    dataset[0x6000, 0x10].value = dataset[0x6000, 0x11].value = 65535


def _claim_frames(dataset: Dataset) -> None:
    dataset.add_new((0x6000, 0x15), "IS", 2_000_000_000)


def _say_no_size(dataset: Dataset) -> None:
    del dataset[0x6000, 0x11]


def _say_one_place(dataset: Dataset) -> None:
    dataset[0x6000, 0x50].value = [1]


def _point_into_the_pixels(dataset: Dataset) -> None:
    del dataset[0x6000, 0x3000]
    dataset[0x6000, 0x100].value = 16
    dataset[0x6000, 0x102].value = 3


DAMAGES = [_cut_short, _claim_the_sky, _claim_frames, _say_no_size, _say_one_place, _point_into_the_pixels]


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_graphics_cost_their_slice_its_graphics_and_nothing_else(
    tmp_path: Path, damage: Callable[[Dataset], None]
) -> None:
    def edit(dataset: Dataset, k: int) -> None:
        add_overlay(dataset, drawing(seed=k))
        if k == 1:
            damage(dataset)

    write_series(tmp_path, Recipe(STORED, edit=edit))
    stack, volume = opened(tmp_path)
    np.testing.assert_array_equal(volume.voxels, STORED - 1024)
    found, failures = read(stack)
    assert failures == ("001.dcm holds graphics that cannot be read. Copy it again.",)
    assert sorted(found) == [0, 2]
    np.testing.assert_array_equal(found[2], drawing(seed=2))


def test_a_file_that_has_gone_since_is_named(tmp_path: Path) -> None:
    paths = write_series(tmp_path, with_overlay(drawing()))
    (stack,) = scan(tmp_path, Task()).stacks
    paths[1].unlink()
    found, failures = read(stack)
    assert found == {}
    assert failures == ("001.dcm can no longer be read. Check its disk, then open it again.",)


def test_series_without_graphics_are_not_read_again(tmp_path: Path) -> None:
    for path in write_series(tmp_path, Recipe(STORED)):
        (stack,) = scan(path, Task()).stacks
        path.unlink()
        assert not stack.has_overlays
        assert read(stack) == ({}, ())


def test_reading_graphics_can_be_cancelled(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(STORED, edit=lambda dataset, _k: add_overlay(dataset, drawing())))
    (stack,) = scan(tmp_path, Task()).stacks
    task, found = Task(), []

    def stop(k: int, _graphics: SliceGraphics) -> None:
        found.append(k)
        task.cancel()

    with pytest.raises(Cancelled):
        read_overlays(stack, task, first=1, on_read=stop)
    assert found[0] == 1


@given(mask=st.tuples(st.integers(1, 9), st.integers(1, 40), st.integers(0, 9)))
def test_packing_keeps_every_point(mask: tuple[int, int, int]) -> None:
    points = drawing(*mask)
    graphics = SliceGraphics.of(points)
    assert (graphics.rows, graphics.columns) == points.shape
    np.testing.assert_array_equal(graphics.mask, points)
