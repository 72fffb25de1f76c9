"""Assembling volumes: values, order of reading, failures."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.pixels.utils import set_pixel_data
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from lungview.dicom import load
from lungview.dicom.load import load_volume, outward
from lungview.dicom.scan import scan
from lungview.domain.study import Stack
from lungview.domain.volume import Volume
from lungview.errors import DicomError, InconsistentSeriesError
from lungview.task import Cancelled, Task
from tests.support.dicom_series import Recipe, compress, random_stored, write_multiframe, write_series


def stack_of(folder: Path, recipe: Recipe) -> Stack:
    write_series(folder, recipe)
    (stack,) = scan(folder, Task()).stacks
    return stack


@pytest.mark.parametrize("is_implicit", [False, True])
def test_voxels_are_stored_values_rescaled_in_slice_order(tmp_path: Path, is_implicit: bool) -> None:
    recipe = Recipe(random_stored(5), positions_mm=(20.0, 0.0, 10.0, 40.0, 30.0), is_implicit=is_implicit)
    volume = load_volume(stack_of(tmp_path, recipe), Task())
    np.testing.assert_array_equal(volume.voxels, recipe.stored[[1, 2, 0, 4, 3]] - 1024)
    assert volume.voxels.dtype == np.int16
    assert volume.is_read.all()
    assert volume.unreadable == ()


def test_each_slice_keeps_its_own_rescale(tmp_path: Path) -> None:
    def edit(dataset: Dataset, k: int) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = ("1", "2", "0.5")[k], ("-1024", "-1000", "0")[k]

    recipe = Recipe(random_stored(3), edit=edit)
    volume = load_volume(stack_of(tmp_path, recipe), Task())
    s = recipe.stored.astype(float)
    expected = np.rint(np.stack([s[0] - 1024, 2 * s[1] - 1000, 0.5 * s[2]]))
    np.testing.assert_array_equal(volume.voxels, expected)


@pytest.mark.parametrize("padding", [-2000, None])
def test_what_lies_outside_the_measured_circle_is_air(tmp_path: Path, padding: int | None) -> None:
    stored = random_stored(3)
    stored[:, :2] = -2000
    volume = load_volume(stack_of(tmp_path, Recipe(stored, padding=padding)), Task())
    assert (volume.voxels[:, :2] == -1024).all()
    np.testing.assert_array_equal(volume.voxels[:, 2:], stored[:, 2:] - 1024)


def test_dark_but_measured_values_are_kept(tmp_path: Path) -> None:
    stored = random_stored(1)
    stored[0, 0] = -100
    volume = load_volume(stack_of(tmp_path, Recipe(stored, padding=-2000)), Task())
    assert (volume.voxels[0, 0] == -1124).all()


def test_unsigned_padding_is_air_though_it_would_be_bone(tmp_path: Path) -> None:
    stored = random_stored(2).astype(np.uint16)
    stored[:, 0] = 63536
    volume = load_volume(stack_of(tmp_path, Recipe(stored, padding=63536)), Task())
    assert (volume.voxels[:, 0] == -1024).all()
    assert volume.notes == ()


def test_bits_above_those_stored_are_ignored(tmp_path: Path) -> None:
    stored = random_stored(2).astype(np.uint16)
    overlaid = stored | np.uint16(0x8000)
    volume = load_volume(stack_of(tmp_path, Recipe(overlaid, bits_stored=12)), Task())
    np.testing.assert_array_equal(volume.voxels, stored.astype(np.int16) - 1024)


def test_signed_values_of_twelve_bits_are_extended(tmp_path: Path) -> None:
    stored = (random_stored(2) - 1500).astype(np.int16)
    cut = stored & np.int16(0x0FFF)
    volume = load_volume(stack_of(tmp_path, Recipe(cut, bits_stored=12, intercept=0.0)), Task())
    np.testing.assert_array_equal(volume.voxels, stored)


def test_values_stored_in_the_upper_bits_are_brought_down(tmp_path: Path) -> None:
    stored = random_stored(2).astype(np.uint16)

    def raise_high_bit(dataset: Dataset, k: int) -> None:
        dataset.HighBit = 15

    recipe = Recipe((stored << 4).astype(np.uint16), bits_stored=12, edit=raise_high_bit)
    volume = load_volume(stack_of(tmp_path, recipe), Task())
    np.testing.assert_array_equal(volume.voxels, stored.astype(np.int16) - 1024)


def test_monochrome1_ct_has_the_same_hu(tmp_path: Path) -> None:
    recipe = Recipe(random_stored(2), photometric="MONOCHROME1")
    volume = load_volume(stack_of(tmp_path, recipe), Task())
    np.testing.assert_array_equal(volume.voxels, recipe.stored - 1024)


def test_values_beyond_int16_are_held_and_noted(tmp_path: Path) -> None:
    recipe = Recipe(np.full((2, 4, 4), 60000, np.uint16))
    volume = load_volume(stack_of(tmp_path, recipe), Task())
    assert (volume.voxels == 32767).all()
    (sentence,) = volume.notes
    assert sentence.startswith("2 slices hold values beyond")


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless, JPEGLosslessSV1])
def test_compressed_slices_equal_plain_ones(tmp_path: Path, syntax: str) -> None:
    recipe = Recipe(random_stored(4, 32, 32))
    for path in write_series(tmp_path, recipe)[::2]:
        compress(path, syntax)
    (stack,) = scan(tmp_path, Task()).stacks
    np.testing.assert_array_equal(load_volume(stack, Task()).voxels, recipe.stored - 1024)


def test_colour_stays_colour(tmp_path: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (2, 8, 6, 3)).astype(np.uint8)

    def paint(dataset: Dataset, k: int) -> None:
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
        set_pixel_data(dataset, colours[k], "RGB", 8)

    volume = load_volume(stack_of(tmp_path, Recipe(random_stored(2), edit=paint)), Task())
    assert volume.is_colour
    np.testing.assert_array_equal(volume.voxels, colours)


def test_reading_goes_outward_from_the_slice_asked_for(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, Recipe(random_stored(7)))
    seen: list[int] = []

    def note(volume: Volume, k: int) -> None:
        assert volume.is_read[k]
        assert int(volume.is_read.sum()) == len(seen) + 1
        seen.append(k)

    load_volume(stack, Task(), first=5, on_slice=note)
    assert seen == [5, 6, 4, 3, 2, 1, 0]
    seen.clear()
    load_volume(stack, Task(), on_slice=note)
    assert seen[0] == 3
    assert outward(0, 3) == [0, 1, 2]


def test_a_slice_told_as_read_is_final(tmp_path: Path) -> None:
    recipe = Recipe(random_stored(9))
    load_volume(
        stack_of(tmp_path, recipe),
        Task(),
        on_slice=lambda volume, k: np.testing.assert_array_equal(volume.voxels[k], recipe.stored[k] - 1024),
    )


@pytest.mark.parametrize("is_compressed", [False, True])
def test_loading_stops_when_asked(tmp_path: Path, is_compressed: bool) -> None:
    paths = write_series(tmp_path, Recipe(random_stored(30, 16, 16)))
    for path in paths if is_compressed else ():
        compress(path, RLELossless)
    (stack,) = scan(tmp_path, Task()).stacks
    task = Task()
    seen: list[int] = []

    def stop(volume: Volume, k: int) -> None:
        seen.append(k)
        task.cancel()

    with pytest.raises(Cancelled):
        load_volume(stack, task, on_slice=stop)
    assert len(seen) == 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("slices")]


def test_a_long_stack_is_read_once_each_the_asked_slice_first(tmp_path: Path) -> None:
    recipe = Recipe(random_stored(150), positions_mm=[float(150 - k) for k in range(150)])
    stack = stack_of(tmp_path, recipe)
    (tmp_path / "100.dcm").unlink()
    seen: list[int] = []
    volume = load_volume(stack, Task(), first=20, on_slice=lambda _, k: seen.append(k))
    assert seen[0] == 20
    assert sorted(seen) == list(range(150))
    assert [k for k, _ in volume.unreadable] == [49]
    whole = np.delete(volume.voxels, 49, axis=0)
    np.testing.assert_array_equal(whole, np.delete(recipe.stored[::-1], 49, axis=0) - 1024)


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _spoil(path: Path) -> None:
    compress(path, JPEG2000Lossless)
    dataset = pydicom.dcmread(path)
    dataset.PixelData = pydicom.encaps.encapsulate([b"\xff\x4f\xff\x51 no such stream"])
    dataset.save_as(path)


@pytest.mark.parametrize("harm", [_cut_short, Path.unlink])
def test_files_that_change_after_the_scan_become_air_and_are_named(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    recipe = Recipe(random_stored(5))
    stack = stack_of(tmp_path, recipe)
    harm(tmp_path / "003.dcm")
    volume = load_volume(stack, Task())
    ((k, sentence),) = volume.unreadable
    assert (k, sentence.split()[0]) == (3, "003.dcm")
    assert sentence.endswith(".")
    assert (volume.voxels[3] == -1024).all()
    np.testing.assert_array_equal(volume.voxels[:3], recipe.stored[:3] - 1024)
    assert volume.is_read.all()


def test_a_slice_that_cannot_be_decoded_leaves_the_others(tmp_path: Path) -> None:
    recipe = Recipe(random_stored(4, 32, 32))
    _spoil(write_series(tmp_path, recipe)[1])
    (stack,) = scan(tmp_path, Task()).stacks
    volume = load_volume(stack, Task())
    ((k, sentence),) = volume.unreadable
    assert k == 1
    assert sentence == "001.dcm holds pixels that cannot be decoded. Copy it again."
    np.testing.assert_array_equal(volume.voxels[2:], recipe.stored[2:] - 1024)


def test_a_stack_of_which_nothing_can_be_decoded_is_refused(tmp_path: Path) -> None:
    for path in write_series(tmp_path, Recipe(random_stored(2, 32, 32))):
        _spoil(path)
    (stack,) = scan(tmp_path, Task()).stacks
    with pytest.raises(DicomError, match=r"^000\.dcm holds pixels that cannot be decoded"):
        load_volume(stack, Task())


def test_a_volume_beyond_bounds_is_refused_with_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = stack_of(tmp_path, Recipe(random_stored(4)))
    monkeypatch.setattr(load, "MAX_VOLUME_BYTES", 100)
    with pytest.raises(InconsistentSeriesError, match=r"^synthetic would need .* memory"):
        load_volume(stack, Task())


def test_a_header_that_claims_giant_compressed_slices_is_refused(tmp_path: Path) -> None:
    path = write_series(tmp_path, Recipe(random_stored(1, 16, 16)))[0]
    compress(path, RLELossless)
    dataset = pydicom.dcmread(path)
    dataset.Rows, dataset.Columns, dataset.NumberOfFrames = 30000, 30000, 20
    dataset.save_as(path)
    result = scan(tmp_path, Task())
    assert result.stacks == ()
    assert "impossible size of 30000 x 30000 pixels" in result.problems[0].message


def test_slices_of_different_sizes_make_no_volume(tmp_path: Path) -> None:
    stack = stack_of(tmp_path, Recipe(random_stored(2)))
    odd = replace(stack.instances[0], pixels=replace(stack.instances[0].pixels, rows=4))
    with pytest.raises(InconsistentSeriesError, match="differ in size"):
        load_volume(replace(stack, instances=(odd, stack.instances[1])), Task())


def test_frames_of_a_compressed_file_are_each_their_own(tmp_path: Path) -> None:
    recipe = Recipe(random_stored(4, 32, 32))
    path = write_multiframe(tmp_path / "multi.dcm", recipe)
    compress(path, RLELossless)
    (stack,) = scan(tmp_path, Task()).stacks
    np.testing.assert_array_equal(load_volume(stack, Task()).voxels, recipe.stored - 1024)
