"""Thin-slab maximum intensity projection."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lungview.domain.geometry import VolumeGeometry
from lungview.domain.geometry_report import GeometryReport, OrderRule
from lungview.domain.study import Stack, StackKind
from lungview.domain.volume import Volume
from lungview.imaging.slab import maximum_intensity, slab_slices


def volume_at(positions_mm: list[float], voxels: NDArray[np.int16] | NDArray[np.uint8]) -> Volume:
    origins = np.zeros((len(positions_mm), 3))
    origins[:, 2] = positions_mm
    geometry = VolumeGeometry(origins, (1, 0, 0), (0, 1, 0), (1.0, 1.0), voxels.shape[1], voxels.shape[2])
    report = GeometryReport(OrderRule.POSITION, None, 0.0)
    stack = Stack("1", "1.2", "", StackKind.VOLUME, "CT", (), report)
    return Volume(stack, voxels, geometry, np.ones(len(positions_mm), dtype=np.bool_))


def test_a_slab_reaches_as_far_as_its_millimetres_not_its_slices() -> None:
    voxels = np.zeros((6, 4, 4), dtype=np.int16)
    voxels[[0, 5]] = 100
    volume = volume_at([0.0, 4.0, 5.0, 6.0, 9.0, 30.0], voxels)
    assert slab_slices(volume.geometry, 2, 10.0).tolist() == [0, 1, 2, 3, 4]
    assert (maximum_intensity(volume, 2) == 100).all()
    assert (maximum_intensity(volume, 3, 4.0) == 0).all()


def test_a_slab_is_the_maximum_pixel_by_pixel() -> None:
    voxels = np.random.default_rng(0).integers(-1000, 1000, (7, 5, 6)).astype(np.int16)
    volume = volume_at([2.5 * k for k in range(7)], voxels)
    assert np.array_equal(maximum_intensity(volume, 3), voxels[1:6].max(axis=0))
    assert np.array_equal(maximum_intensity(volume, 0), voxels[:3].max(axis=0))


def test_slices_still_to_be_read_are_left_out() -> None:
    voxels = np.zeros((3, 2, 2), dtype=np.int16)
    voxels[1] = -500
    volume = volume_at([0.0, 1.0, 2.0], voxels)
    volume.is_read[[0, 2]] = False
    assert (maximum_intensity(volume, 1) == -500).all()
    volume.is_read[[0, 1, 2]] = (True, False, True)
    assert (maximum_intensity(volume, 1) == 0).all()


@pytest.mark.parametrize("index", [0, 1])
def test_colour_slices_stay_as_they_are(index: int) -> None:
    voxels = np.random.default_rng(0).integers(0, 255, (2, 4, 4, 3)).astype(np.uint8)
    assert np.array_equal(maximum_intensity(volume_at([0.0, 1.0], voxels), index), voxels[index])
