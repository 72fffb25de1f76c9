"""Pixels of other kinds than 16-bit HU open with their true values, and under their own unit."""

from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from tests.support.dicom_series import Recipe, random_stored, write_series
from tests.support.opening import opened, without_meta

STORED = random_stored(3, 40, 36)
HU = STORED - 1024


@pytest.mark.parametrize(
    ("keyword", "dtype", "bits"), [("FloatPixelData", "<f4", 32), ("DoubleFloatPixelData", "<f8", 64)]
)
@pytest.mark.parametrize("has_preamble", [True, False])
def test_pixels_that_are_real_numbers_open(
    tmp_path: Path, keyword: str, dtype: str, bits: int, has_preamble: bool
) -> None:
    def edit(dataset: Dataset, k: int) -> None:
        del dataset.PixelData, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation
        dataset.BitsAllocated = bits
        setattr(dataset, keyword, STORED[k].astype(dtype).tobytes())

    for path in write_series(tmp_path, Recipe(STORED, edit=edit)):
        if not has_preamble:
            without_meta(path)
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels, HU)


@pytest.mark.parametrize("dtype", ["<u4", "<i4"])
def test_pixels_of_32_bits_open(tmp_path: Path, dtype: str) -> None:
    def edit(dataset: Dataset, k: int) -> None:
        dataset.BitsAllocated = dataset.BitsStored = 32
        dataset.HighBit, dataset.PixelRepresentation = 31, int(dtype == "<i4")
        dataset.PixelData = STORED[k].astype(dtype).tobytes()

    write_series(tmp_path, Recipe(STORED, edit=edit))
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels, HU)


def test_pixels_of_one_bit_open(tmp_path: Path) -> None:
    mask = STORED[0] > 1500

    def edit(dataset: Dataset, _: int) -> None:
        dataset.SOPClassUID = SecondaryCaptureImageStorage
        dataset.BitsAllocated = dataset.BitsStored = 1
        dataset.HighBit = dataset.PixelRepresentation = 0
        dataset.RescaleIntercept = "0"
        dataset.PixelData = np.packbits(mask, bitorder="little").tobytes()

    write_series(tmp_path, Recipe(STORED[:1], edit=edit))
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels[0], mask)


@pytest.mark.parametrize(("rescale_type", "unit"), [("HU", "HU"), ("US", "HU"), ("Z_EFF", "Z_EFF"), ("MGML", "MGML")])
def test_values_that_are_no_hu_are_not_called_so(tmp_path: Path, rescale_type: str, unit: str) -> None:
    def edit(dataset: Dataset, _: int) -> None:
        dataset.RescaleType = rescale_type

    write_series(tmp_path, Recipe(STORED, edit=edit))
    stack, _ = opened(tmp_path)
    assert stack.unit == unit
    assert stack.is_detectable == (unit == "HU")
