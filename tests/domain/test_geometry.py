"""Voxels to the patient and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview.domain.geometry import Point, VolumeGeometry, letters_for, orientation_letters


def _geometry(angle: float, tilt: float, gaps: list[float], spacing: tuple[float, float]) -> VolumeGeometry:
    """An axial stack turned about z by angle, with a table moving along z while the gantry is tilted about x."""
    row = (float(np.cos(angle)), float(np.sin(angle)), 0.0)
    down = np.array([-np.sin(angle) * np.cos(tilt), np.cos(angle) * np.cos(tilt), -np.sin(tilt)])
    z = np.concatenate([[0.0], np.cumsum(gaps)])
    origins = np.stack([np.full_like(z, -200.0), np.full_like(z, -180.0), z - 100.0], axis=1)
    return VolumeGeometry(origins, row, (float(down[0]), float(down[1]), float(down[2])), spacing, 64, 80)


geometries = st.builds(
    _geometry,
    st.floats(-1.5, 1.5),
    st.floats(-0.5, 0.5),
    st.lists(st.floats(0.3, 12), min_size=1, max_size=12),
    st.tuples(st.floats(0.2, 2), st.floats(0.2, 2)),
)


@given(geometries, st.lists(st.tuples(st.floats(0, 1), st.floats(-5, 70), st.floats(-5, 90)), min_size=1, max_size=6))
def test_voxels_come_back_from_the_patient(
    geometry: VolumeGeometry, fractions: list[tuple[float, float, float]]
) -> None:
    voxels = np.array(fractions, dtype=np.float64)
    voxels[:, 0] *= geometry.slices - 1
    there_and_back = geometry.to_voxels(geometry.to_patient(voxels))
    np.testing.assert_allclose(there_and_back, voxels, atol=1e-6)


@given(geometries)
def test_a_slices_first_pixel_is_its_origin(geometry: VolumeGeometry) -> None:
    first = np.zeros((geometry.slices, 3), dtype=np.float64)
    first[:, 0] = np.arange(geometry.slices)
    np.testing.assert_allclose(geometry.to_patient(first), geometry.origins, atol=1e-9)


def test_a_tilted_stack_is_measured_along_its_normal() -> None:
    geometry = _geometry(0.0, 0.3, [5.0, 5.0], (0.7, 0.7))
    assert geometry.slice_spacing_mm == pytest.approx(5.0 * np.cos(0.3))


def test_a_point_beyond_the_stack_belongs_to_its_last_slice() -> None:
    geometry = _geometry(0.0, 0.0, [5.0, 5.0], (1.0, 1.0))
    assert geometry.to_voxels(np.array([[0.0, 0.0, 900.0]]))[0, 0] == 2
    assert geometry.nearest_slice(-96.0) == 1


def test_an_axial_slice_shows_the_patients_right_at_its_left_edge() -> None:
    letters = orientation_letters(_geometry(0.0, 0.0, [5.0], (1.0, 1.0)))
    assert (letters.left, letters.right, letters.top, letters.bottom) == ("R", "L", "A", "P")


@pytest.mark.parametrize(
    ("direction", "letters"), [((0.0, 0.0, 1.0), "H"), ((0.0, 0.0, -1.0), "F"), ((0.6, -0.8, 0.0), "AL")]
)
def test_a_direction_is_named_by_its_largest_parts(direction: Point, letters: str) -> None:
    assert letters_for(direction) == letters
