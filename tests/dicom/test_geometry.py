"""Where voxels lie, and in which order slices stand."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungview.dicom.geometry import volume_geometry
from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.geometry_report import OrderRule
from lungview.domain.study import Stack
from lungview.task import Task
from tests.support.dicom_series import AXIAL, Recipe, random_stored, write_series


def rotation(seed: int) -> tuple[float, float, float, float, float, float]:
    """Two directions at a right angle, any way up."""
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    a, b, c, d, e, f = (float(part) for part in (*q[0], *q[1]))
    return a, b, c, d, e, f


def only_stack(folder: Path) -> Stack:
    (stack,) = scan(folder, Task()).stacks
    return stack


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    steps=st.lists(st.sampled_from((0.6, 1.25, 5.0, 30.0)), min_size=1, max_size=6),
    spacing=st.tuples(st.floats(0.3, 2.0), st.floats(0.3, 2.0)),
    shuffle=st.randoms(use_true_random=False),
)
def test_a_marked_voxel_is_found_at_its_patient_point_whatever_the_orientation(
    seed: int, steps: list[float], spacing: tuple[float, float], shuffle: object
) -> None:
    positions = np.concatenate([[0.0], np.cumsum(steps)]) - 40.0
    order = np.random.default_rng(seed).permutation(len(positions))
    stored = random_stored(len(positions))
    recipe = Recipe(
        stored, positions_mm=[float(p) for p in positions[order]], orientation=rotation(seed), pixel_spacing_mm=spacing
    )
    with TemporaryDirectory() as name:
        write_series(Path(name), recipe)
        stack = only_stack(Path(name))
        volume = load_volume(stack, Task())
    assert stack.report.order_rule is OrderRule.POSITION
    np.testing.assert_allclose(
        volume.geometry.positions_mm, np.sort(recipe.normal @ recipe.corner + positions), atol=1e-4
    )
    k, j, i = len(positions) - 1, 3, 2
    np.testing.assert_array_equal(volume.voxels[k], stored[int(np.argsort(positions[order])[k])] - 1024)
    slice_of = int(np.argsort(positions[order])[k])
    row, column = np.array(recipe.orientation[:3]), np.array(recipe.orientation[3:])
    point = np.array(recipe.place(slice_of)) + j * spacing[0] * column + i * spacing[1] * row
    np.testing.assert_allclose(volume.geometry.to_patient(np.array([[k, j, i]])), [point], atol=1e-3)
    np.testing.assert_allclose(volume.geometry.to_voxels(np.array([point])), [[k, j, i]], atol=1e-2)


def test_slices_are_ordered_by_position_not_by_instance_number_or_name(tmp_path: Path) -> None:
    def count_down(dataset: object, k: int) -> None:
        dataset.InstanceNumber = 100 - k  # type: ignore[attr-defined]

    recipe = Recipe(random_stored(5), edit=count_down)
    write_series(tmp_path, recipe, ["9", "b.dcm", "10", "a", "1.ima"])
    stack = only_stack(tmp_path)
    assert [one.sop_instance_uid for one in stack.instances] == [recipe.sop_uid(k) for k in range(5)]
    assert [one.instance_number for one in stack.instances] == [100, 99, 98, 97, 96]


def test_slice_0_is_nearest_the_feet_for_axial_slices(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(random_stored(4), positions_mm=(30.0, 10.0, 40.0, 20.0)))
    geometry = volume_geometry(only_stack(tmp_path))
    np.testing.assert_allclose(geometry.origins[:, 2], [10, 20, 30, 40])
    np.testing.assert_allclose(geometry.normal, [0, 0, 1])


def test_files_without_position_are_laid_out_by_slice_location(tmp_path: Path) -> None:
    def strip(dataset: object, k: int) -> None:
        del dataset.ImagePositionPatient  # type: ignore[attr-defined]
        del dataset.ImageOrientationPatient  # type: ignore[attr-defined]
        dataset.SliceLocation = (7.5, 2.5, 5.0)[k]  # type: ignore[attr-defined]

    write_series(tmp_path, Recipe(random_stored(3), edit=strip))
    stack = only_stack(tmp_path)
    geometry = volume_geometry(stack)
    assert stack.report.order_rule is OrderRule.SLICE_LOCATION
    np.testing.assert_allclose(geometry.positions_mm, [2.5, 5.0, 7.5])
    assert not geometry.is_known


def test_files_that_say_nothing_of_place_get_unit_voxels_and_say_so(tmp_path: Path) -> None:
    def strip(dataset: object, k: int) -> None:
        del dataset.ImagePositionPatient, dataset.PixelSpacing  # type: ignore[attr-defined]

    write_series(tmp_path, Recipe(random_stored(3), edit=strip))
    geometry = volume_geometry(only_stack(tmp_path))
    assert not geometry.is_known
    np.testing.assert_allclose(geometry.to_patient(np.array([[2, 1, 1]])), [[1, 1, 2]])


@pytest.mark.parametrize("orientation", [AXIAL, (1.0, 0.0, 0.0, 0.0, 0.0, -1.0), (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)])
def test_positions_ascend_along_the_normal_in_every_plane(
    tmp_path: Path, orientation: tuple[float, float, float, float, float, float]
) -> None:
    write_series(tmp_path, Recipe(random_stored(4), positions_mm=(3.0, 1.0, 4.0, 2.0), orientation=orientation))
    assert (np.diff(volume_geometry(only_stack(tmp_path)).positions_mm) > 0).all()
