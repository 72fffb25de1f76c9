"""The synthetic chest."""

from functools import cache

import numpy as np
import pytest

from lungview.demo.lesions import DEFAULT_KINDS, LesionKind
from lungview.demo.noise import Kernel
from lungview.demo.phantom import Phantom, build, quick
from lungview.task import Cancelled, Task
from tests.support.demo import quick_phantom


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    return quick_phantom()


@cache
def small(seed: int = 5, *, kernel: Kernel = Kernel.SOFT, has_contrast: bool = True) -> Phantom:
    return build(seed, slices=6, size=64, spacing_mm=16.0, kernel=kernel, has_contrast=has_contrast)


def test_the_same_seed_gives_the_same_bytes() -> None:
    first, second = small(), small.__wrapped__()
    assert first.voxels.tobytes() == second.voxels.tobytes()
    assert first.labels.tobytes() == second.labels.tobytes()
    assert first.lesions == second.lesions


def test_another_seed_is_another_patient() -> None:
    assert small(5).voxels.tobytes() != small(6).voxels.tobytes()


def test_each_box_just_bounds_its_lesions_mask(phantom: Phantom) -> None:
    for number, lesion in enumerate(phantom.lesions, start=1):
        marked = phantom.labels == number
        assert sorted(lesion.boxes) == np.flatnonzero(marked.any(axis=(1, 2))).tolist()
        for k, box in lesion.boxes.items():
            rows, columns = np.nonzero(marked[k])
            assert box.as_tuple() == (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)


@pytest.mark.parametrize("seed", [1, 7919])
def test_every_seed_has_each_kind_of_lesion_on_several_slices(seed: int) -> None:
    found = quick(seed).lesions
    assert {lesion.kind for lesion in found} == set(DEFAULT_KINDS)
    assert all(len(lesion.boxes) >= 2 for lesion in found)


def test_a_lesion_is_as_large_as_told(phantom: Phantom) -> None:
    mass = phantom.lesions[0]
    assert mass.kind is LesionKind.SPICULATED_MASS
    row_mm, column_mm = phantom.geometry.pixel_spacing_mm
    widest = max(max(box.width * column_mm, box.height * row_mm) for box in mass.boxes.values())
    assert widest == pytest.approx(mass.diameter_mm, rel=0.35)
    through = (max(mass.boxes) - min(mass.boxes) + 1) * phantom.geometry.slice_spacing_mm
    assert through == pytest.approx(mass.diameter_mm, rel=0.45)


def test_tissues_have_the_hounsfield_units_of_ct(phantom: Phantom) -> None:
    middle = np.asarray(phantom.voxels[12])
    assert np.median(middle[:8]) == pytest.approx(-1000, abs=15)
    in_lung = middle[(middle > -950) & (middle < -700)]
    assert in_lung.size > 1500
    assert np.median(in_lung) == pytest.approx(-850, abs=35)
    assert np.percentile(phantom.voxels, 99.9) > 500
    soft = middle[(middle > -20) & (middle < 120)]
    assert soft.size > 1000


def test_solid_lesions_are_soft_tissue_and_ground_glass_lies_between_lung_and_tissue() -> None:
    found = build(3, slices=24, size=128, spacing_mm=5.0, kinds=(LesionKind.SPICULATED_MASS, LesionKind.GROUND_GLASS))
    solid, glass = (np.median(found.voxels[found.labels == number]) for number in (1, 2))
    assert 0 < solid < 110
    assert -780 < glass < -450


def test_a_cavity_is_air_within_a_wall_of_tissue_and_its_box_goes_round_both() -> None:
    found = build(9001, slices=12, size=256, spacing_mm=5.0, kinds=(LesionKind.CAVITY,))
    (cavity,) = found.lesions
    k, box = max(cavity.boxes.items(), key=lambda each: each[1].area)
    row, column = (round((low + high) / 2) for low, high in ((box.ymin, box.ymax), (box.xmin, box.xmax)))
    assert found.labels[k, row, column] == 1
    assert found.voxels[k, row, column] < -800
    along = found.voxels[k, row, int(box.xmin) : int(box.xmax)]
    half = along.size // 2
    assert along[:half].max() > -200
    assert along[half:].max() > -200


def test_contrast_makes_the_aorta_bright() -> None:
    with_contrast, without = (small(has_contrast=has) for has in (True, False))
    bright = [int(((made.voxels > 130) & (made.voxels < 200)).sum()) for made in (with_contrast, without)]
    assert bright[0] > 2 * bright[1]


def test_a_lung_kernel_is_noisier_than_a_soft_one() -> None:
    stray = [float(small(kernel=kernel).voxels[:, :6].std()) for kernel in (Kernel.LUNG, Kernel.SOFT)]
    assert stray[0] > 1.5 * stray[1]


def test_noise_differs_from_slice_to_slice(phantom: Phantom) -> None:
    air = phantom.voxels[:, :10].astype(np.float64).reshape(24, -1)
    together = np.asarray(np.corrcoef(air))[~np.eye(24, dtype=np.bool_)]
    assert abs(together.mean()) < 0.2


def test_voxels_lie_in_the_patient_where_the_geometry_says(phantom: Phantom) -> None:
    assert phantom.voxels.shape == phantom.geometry.shape == (24, 128, 128)
    assert phantom.geometry.slice_spacing_mm == pytest.approx(5.0)
    assert np.diff(phantom.geometry.positions_mm) == pytest.approx(5.0)


def test_building_can_be_cancelled_between_slices() -> None:
    seen: list[int] = []
    task = Task(lambda done, total: seen.append(done))
    task.cancel()
    with pytest.raises(Cancelled):
        build(1, slices=6, size=64, spacing_mm=16.0, task=task)
    assert seen == []


@pytest.mark.slow
def test_the_usual_phantom_is_a_whole_chest_of_120_slices() -> None:
    made = build()
    assert made.voxels.shape == (120, 512, 512)
    assert all(len(lesion.boxes) >= 4 for lesion in made.lesions)
