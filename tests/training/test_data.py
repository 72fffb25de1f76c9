"""What is learned from: splits, grey turned into HU, folders of pictures, batches."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_dilation
from skimage.io import imsave

from lungview.errors import TrainingError
from lungview_training.case_dataset import read_case
from lungview_training.context import with_neighbours
from lungview_training.dataset import read_crops, read_images, turned_boxes
from lungview_training.grey import estimate_hu, estimate_range
from lungview_training.pasting import lung_places, paste, sheet
from lungview_training.samples import boxes_of, ellipses
from lungview_training.sampling import Sampler
from lungview_training.split import Shares, read_split, save_split, split_patients
from tests.support.shared_data import shared
from tests.training.phantoms import nodule, phantom, phantom_config, phantom_data


@given(
    st.sets(st.text("abc012", min_size=1), max_size=40),
    st.sets(st.text("abc", min_size=1), max_size=5),
    st.integers(0, 99),
)
def test_no_patient_is_in_two_parts_and_none_is_lost(shared: set[str], only: set[str], seed: int) -> None:
    split = split_patients(shared, only, Shares(0.12, 0.2, seed))
    parts = [split.train, split.validation, split.test]
    assert sum(len(part) for part in parts) == len(shared | only)
    assert frozenset().union(*parts) == shared | only
    assert only <= split.train


def test_a_split_is_the_same_for_its_seed_and_is_read_back(tmp_path: Path) -> None:
    names = [f"P{number}" for number in range(30)]
    split = split_patients(names, [], Shares(0.1, 0.2, 3))
    assert split == split_patients(reversed(names), [], Shares(0.1, 0.2, 3))
    assert split != split_patients(names, [], Shares(0.1, 0.2, 4))
    save_split(split, tmp_path / "split.csv")
    assert read_split(tmp_path / "split.csv") == split


def test_a_split_with_a_patient_in_two_parts_is_refused(tmp_path: Path) -> None:
    (tmp_path / "split.csv").write_text("patient,part\nA,train\nA,test\n")
    with pytest.raises(TrainingError, match="two parts"):
        read_split(tmp_path / "split.csv")


def test_an_unknown_patient_is_refused() -> None:
    with pytest.raises(TrainingError, match="delete it"):
        split_patients(["A"], [], Shares(0, 0, 1)).part_of("B")


@settings(deadline=None, max_examples=15)
@given(highest=st.integers(900, 3000), seed=st.integers(0, 99))
def test_hu_are_recovered_from_slices_scaled_by_their_own_extremes(highest: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    parts = {-1000: (12_000, 12), -860: (16_000, 50), -100: (9_000, 20), 45: (14_000, 22), 300: (900, 150)}
    hu = np.concatenate([random.normal(mean, width, count) for mean, (count, width) in parts.items()] + [[highest]])
    hu = np.clip(hu, -1024, highest)
    grey = np.rint((hu + 1024) / (highest + 1024) * 255).astype(np.uint8)
    low, high = estimate_range(np.bincount(grey, minlength=256).astype(float))
    # Soft tissue must come out within 60 HU of where it is.
    assert abs((45 + 1024) / (highest + 1024) * (high - low) + low - 45) < 60


def test_estimated_hu_are_int16_and_as_dark_as_air() -> None:
    hu = estimate_hu(np.zeros((8, 8), dtype=np.uint8))
    assert hu.dtype == np.int16
    assert (hu == -1024).all()


@given(turns=st.integers(0, 3), xmin=st.integers(0, 20), ymin=st.integers(0, 10), seed=st.integers(0, 9))
def test_boxes_turn_with_their_picture(turns: int, xmin: int, ymin: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    picture = np.zeros((30, 40), dtype=np.uint8)
    xmax, ymax = xmin + int(random.integers(2, 18)), ymin + int(random.integers(2, 18))
    picture[ymin:ymax, xmin:xmax] = 1
    turned = np.rot90(picture, turns)
    boxes = turned_boxes(
        np.array([[xmin, ymin, xmax, ymax]], dtype=np.float32), (turned.shape[0], turned.shape[1]), turns
    )
    assert np.array_equal(boxes, boxes_of(np.ascontiguousarray(turned)))


def test_an_ellipse_in_a_box_has_the_box_s_bounds() -> None:
    boxes = np.array([[3, 4, 19, 10], [30, 30, 41, 52]], dtype=np.float32)
    assert np.array_equal(boxes_of(ellipses(boxes, (64, 64))), boxes)


def _folder(tmp_path: Path, rows: str) -> Path:
    for part in ("images", "masks"):
        (tmp_path / part / "S1").mkdir(parents=True)
    sample = phantom("S1", 1)
    grey = np.clip((sample.hu + 1024) / 8, 0, 255).astype(np.uint8)
    imsave(tmp_path / "images" / "S1" / "7.png", np.rot90(grey, -1), check_contrast=False)
    imsave(tmp_path / "masks" / "S1" / "7.png", np.rot90(sample.labels * 255, -1), check_contrast=False)
    imsave(tmp_path / "images" / "S1" / "8.png", np.rot90(grey, -1), check_contrast=False)
    (tmp_path / "dataset.toml").write_text('rotate = 90\nvalues = "grey"\n')
    (tmp_path / "boxes.csv").write_text("subject,slice,xmin,ymin,xmax,ymax\n" + rows)
    return tmp_path


def test_a_folder_of_pictures_is_turned_and_its_masks_numbered(tmp_path: Path) -> None:
    truth = phantom("S1", 1)
    (xmin, ymin, xmax, ymax) = truth.boxes[0].astype(int)
    size = truth.hu.shape[0]
    row = f"S1,7,{size - ymax},{xmin},{size - ymin},{xmax}\nS1,8,,,,\n"
    boxed, free = read_images(_folder(tmp_path, row))
    assert np.array_equal(boxed.boxes, truth.boxes)
    assert np.array_equal(boxed.labels, truth.labels)
    assert boxed.has_mask
    assert free.boxes.shape == (0, 4)
    assert not free.has_lesion


def test_crops_come_with_their_masks(tmp_path: Path) -> None:
    for part, picture in (("images", nodule(128).hu), ("masks", nodule(128).mask)):
        (tmp_path / part / "L1").mkdir(parents=True)
        grey = picture * np.uint8(255) if picture.dtype == bool else np.clip((picture + 1024) / 8, 0, 255)
        big = np.kron(grey.astype(np.uint8)[40:88, 40:88], np.ones((3, 3), dtype=np.uint8))[8:136, 8:136]
        imsave(tmp_path / part / "L1" / "n.png", big, check_contrast=False)
    (tmp_path / "dataset.toml").write_text('values = "grey"\n')
    (tmp_path / "boxes.csv").write_text("subject,slice,xmin,ymin,xmax,ymax\nL1,n,50,50,70,70\n")
    (crop,) = read_crops(tmp_path)
    assert crop.hu.shape == crop.mask.shape == (59, 59)
    assert crop.hu[crop.mask].mean() > crop.hu[~crop.mask].mean() + 300


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("boxes.csv", "subject,slice\nS1,7\n", r"boxes\.csv"),
        ("boxes.csv", "subject,slice,xmin,ymin,xmax,ymax\nS1,7,a,b,c,d\n", r"boxes\.csv"),
        ("dataset.toml", "rotate = 45\n", r"dataset\.toml"),
        ("dataset.toml", "rotate = \n", r"dataset\.toml"),
    ],
)
def test_a_spoilt_folder_is_refused_by_the_file_s_name(tmp_path: Path, name: str, text: str, words: str) -> None:
    folder = _folder(tmp_path, "S1,7,1,1,5,5\n")
    (folder / name).write_text(text)
    with pytest.raises(TrainingError, match=words):
        read_images(folder)


def test_batches_depend_on_seed_and_step_alone(tmp_path: Path) -> None:
    data, config = phantom_data(), phantom_config(tmp_path, 4)
    one, other = (Sampler(config, data.train, data.crops, data.nodules) for _ in range(2))
    other.batch(0)
    assert (one.batch(5).inputs == other.batch(5).inputs).all()
    assert (one.batch(5).inputs != one.batch(6).inputs).any()


def test_a_batch_s_boxes_bound_its_mask(tmp_path: Path) -> None:
    data, config = phantom_data(), phantom_config(tmp_path, 4)
    batch = Sampler(config, data.train, data.crops, data.nodules).batch(1)
    assert batch.inputs.shape == (6, 7, 64, 64)
    for boxes, mask in zip(batch.boxes, batch.mask[:, 0].numpy(), strict=True):
        for xmin, ymin, xmax, ymax in boxes.astype(int):
            inside = mask[ymin:ymax, xmin:xmax]
            assert inside[0].any()
            assert inside[-1].any()
            assert inside[:, 0].any()
            assert inside[:, -1].any()


def test_a_pasted_nodule_lies_in_lung_and_is_labelled() -> None:
    sample = phantom("P", 3, size=128, has_lesion=False)
    places = lung_places(sample.hu)
    assert (sample.hu[places[:, 0], places[:, 1]] == -850).all()
    random = np.random.default_rng(0)
    planes, labels = np.stack([sample.hu] * 3), sample.labels
    for _ in range(10):
        planes, labels = paste(planes, labels, nodule(), places, random)
    hu = planes[0]
    assert labels.max() >= 2
    for neighbour in planes[1:]:  # a lesion reaches into most of the slices beside it, never further than a pixel
        assert (neighbour[labels > 0] > sample.hu[labels > 0] + 100).mean() > 0.5
        beyond = ~binary_dilation(labels > 0, iterations=8)
        assert (neighbour[beyond] == sample.hu[beyond]).mean() > 0.99
    assert (hu[labels > 0] > sample.hu[labels > 0]).mean() > 0.9
    assert (hu[labels == 0] == sample.hu[labels == 0]).mean() > 0.9
    assert sample.labels.max() == 0


def test_slices_come_with_those_beside_them_or_stand_in_for_them() -> None:
    sample = phantom("P", 3, size=64, has_lesion=False)
    low, high = np.full_like(sample.hu, 5), np.full_like(sample.hu, 7)
    beside = replace(sample, neighbours=(None, low, high, None))
    assert (with_neighbours(beside, 2) == np.stack([sample.hu, low, high])).all()
    assert (with_neighbours(beside, 4) == np.stack([sample.hu, sample.hu, low, high, sample.hu])).all()
    assert (with_neighbours(sample, 2) == sample.hu).all()


@pytest.mark.parametrize(("drop", "are_shown"), [(0.0, True), (1.0, False)])
def test_a_batch_shows_neighbours_unless_they_are_dropped(tmp_path: Path, drop: float, are_shown: bool) -> None:
    data = phantom_data()
    bright = [replace(each, neighbours=(None, each.hu + 300, each.hu + 300, None)) for each in data.train]
    config = replace(phantom_config(tmp_path, 4), in_channels=5, context_drop=drop, crop_size=64, sheet_share=0.0)
    inputs = Sampler(config, bright, [], []).batch(3).inputs
    assert inputs.shape == (config.batch_size, 5, 64, 64)
    own = Sampler(replace(config, context_drop=1.0), bright, [], []).batch(3).inputs
    assert (inputs[:, :3] == own[:, :3]).all()
    assert bool((inputs[:, 3:] > own[:, 3:] + 0.1).any()) is are_shown


@pytest.mark.parametrize("side", [12, 32, 60])
def test_a_sheet_holds_a_nodule_in_each_tile(side: int) -> None:
    hu, labels = sheet([nodule(side)], np.random.default_rng(1), 128)
    assert hu.shape == labels.shape == (128, 128)
    assert sorted(np.unique(labels)) == [0, 1, 2, 3, 4]


def test_a_case_gives_boxed_slices_and_lesion_free_ones_away_from_any_box() -> None:
    samples = read_case(shared("lung-pet-ct-dx-boxed"))
    boxed = [sample for sample in samples if sample.has_lesion]
    assert len(boxed) == 20
    assert len({sample.patient for sample in samples}) == 1
    assert all(np.allclose(boxes_of(sample.labels), sample.boxes, atol=1.0) for sample in boxed)
    # 64 slices of 5 mm, 11 of them boxed: the next slice on either side is too near to be called lesion-free.
    assert 45 <= len(samples) - len(boxed) <= 52
