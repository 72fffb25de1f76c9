"""Which slices are believed, and what stands beside them: the same for training and for evaluation."""

from pathlib import Path

import numpy as np
import pytest
from skimage.io import imsave

from lungview.errors import NothingFoundError
from lungview.reading.case import open_case
from lungview.task import Task
from lungview_training.case_dataset import read_case
from lungview_training.dataset import read_images
from lungview_training.evaluation.sources import labelled_scans
from lungview_training.labelled import boxed_volumes
from lungview_training.samples import Sample
from tests.support.annotations import write_voc
from tests.support.dicom_series import Recipe, write_series
from tests.support.shared_data import shared

BOX = (20, 20, 40, 44)


def _series(folder: Path, slices: int = 9, **settings: object) -> Recipe:
    """Write slices 5 mm apart, each of its own grey, as large as the training grid needs, box on the first."""
    stored = np.repeat(np.arange(slices, dtype=np.int16) * 100 + 100, 96 * 96).reshape(slices, 96, 96)
    stored[:, 0, 0] += 1  # a slice of one value would be taken for one that could not be read
    recipe = Recipe(stored, pixel_spacing_mm=(1.5, 1.5), **settings)  # type: ignore[arg-type]
    write_series(folder / "dicom" / str(recipe.series), recipe)
    write_voc(folder / "Annotation", recipe.sop_uid(0), BOX)
    return recipe


def _level(sample_hu: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> int:
    """Which slice of _series this is."""
    return round((float(np.median(sample_hu)) + 1024 - 100) / 100)


def _levels(sample: Sample) -> tuple[int | None, ...]:
    return tuple(None if each is None else _level(each) for each in sample.neighbours)


def _spoil(path: Path) -> None:
    """Keep the header, and make the pixels undecodable."""
    from pydicom import dcmread
    from pydicom.uid import JPEGLSLossless

    dataset = dcmread(path)
    dataset.compress(JPEGLSLossless, generate_instance_uid=False)
    dataset.PixelData = dataset.PixelData[:40] + b"\xff" * (len(dataset.PixelData) - 40)
    dataset.save_as(path)


def test_neighbours_of_a_stack_stand_at_their_places_in_ascending_order(tmp_path: Path) -> None:
    _series(tmp_path)
    found = {_level(sample.hu): _levels(sample) for sample in read_case(tmp_path)}
    assert found[0] == (None, None, 1, 2)
    assert found[4] == (2, 3, 5, 6)
    assert found[8] == (6, 7, None, None)


def test_neighbours_follow_real_positions_not_file_order(tmp_path: Path) -> None:
    _series(tmp_path, 5, positions_mm=(0.0, 1.0, 4.0, 20.0, 29.0))
    found = {_level(sample.hu): _levels(sample) for sample in read_case(tmp_path)}
    assert found[0] == (None, None, 2, None)
    assert found[3] == (None, None, None, 4)


def test_slices_too_near_a_box_are_neither_lesion_nor_lesion_free(tmp_path: Path) -> None:
    _series(tmp_path)
    assert sorted(_level(sample.hu) for sample in read_case(tmp_path)) == [0, 2, 3, 4, 5, 6, 7, 8]


def test_a_box_in_one_reconstruction_forbids_negatives_there_in_another(tmp_path: Path) -> None:
    _series(tmp_path)
    other = _series(tmp_path, series=2, description="soft")
    (tmp_path / "Annotation" / f"{other.sop_uid(0)}.xml").unlink()
    write_voc(tmp_path / "Annotation", other.sop_uid(8), BOX)
    kept = [(sample.has_lesion, _level(sample.hu)) for sample in read_case(tmp_path)]
    assert sorted(kept) == [(False, k) for k in (2, 2, 3, 3, 4, 4, 5, 5, 6, 6)] + [(True, 0), (True, 8)]


def test_a_slice_with_a_mere_point_is_not_called_lesion_free(tmp_path: Path) -> None:
    recipe = _series(tmp_path)
    write_voc(tmp_path / "Annotation", recipe.sop_uid(5), (30, 30, 30, 30))
    assert sorted(_level(sample.hu) for sample in read_case(tmp_path)) == [0, 2, 3, 7, 8]


def test_thick_slices_beside_a_box_are_not_called_lesion_free(tmp_path: Path) -> None:
    _series(tmp_path, 5, positions_mm=(0.0, 10.0, 20.0, 30.0, 40.0))
    assert sorted(_level(sample.hu) for sample in read_case(tmp_path)) == [0, 2, 3, 4]


def test_boxes_are_cut_to_the_image_and_ones_outside_are_none(tmp_path: Path) -> None:
    recipe = _series(tmp_path)
    write_voc(tmp_path / "Annotation", recipe.sop_uid(0), (80, 80, 130, 140), (200, 10, 220, 30))
    (boxed,) = [sample for sample in read_case(tmp_path) if sample.has_lesion]
    assert boxed.boxes.tolist() == [[80, 80, 96, 96]]


def test_undecodable_slices_are_neither_learned_from_nor_looked_at(tmp_path: Path) -> None:
    recipe = _series(tmp_path)
    _spoil(tmp_path / "dicom" / "1" / "004.dcm")
    samples = read_case(tmp_path)
    assert sorted(_level(sample.hu) for sample in samples) == [0, 2, 3, 5, 6, 7, 8]
    assert all(4 not in _levels(sample) for sample in samples)
    case = open_case(tmp_path, Task())
    (volume,) = boxed_volumes(case.scan.patients[0].studies[0], case, Task())
    assert volume.unread == {4}
    assert recipe.sop_uid(4) not in {sample.name for sample in samples}


def test_a_series_that_cannot_be_read_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    _series(tmp_path)
    _series(tmp_path, series=2, description="ruined")
    for path in (tmp_path / "dicom" / "2").iterdir():
        _spoil(path)
    told: list[str] = []
    samples = read_case(tmp_path, on_left_out=told.append)
    assert len(samples) == 8
    assert len(told) == 1
    assert "ruined" in told[0]
    scans = list(labelled_scans(tmp_path, None, Task(), told.append))
    assert len(scans) == 1
    assert len(told) == 2


def test_evaluation_says_why_when_no_boxed_series_can_be_read(tmp_path: Path) -> None:
    _series(tmp_path, description="ruined")
    for path in (tmp_path / "dicom" / "1").iterdir():
        _spoil(path)
    with pytest.raises(NothingFoundError, match=r"can be read.*ruined"):
        list(labelled_scans(tmp_path, None, Task(), lambda _: None))


def test_training_and_evaluation_believe_the_same_slices_of_a_real_patient() -> None:
    folder = shared("lung-pet-ct-dx-boxed")
    trained = {(sample.name, sample.has_lesion) for sample in read_case(folder)}
    judged = {
        (scan.volume.stack.instances[index].sop_instance_uid, index in scan.findings)
        for scan in labelled_scans(folder, None, Task())
        for index in scan.judged
    }
    assert trained == judged


def test_neighbours_of_pictures_are_the_nearest_numbers(tmp_path: Path) -> None:
    folder = tmp_path / "images" / "S1"
    folder.mkdir(parents=True)
    numbers = (1, 4, 10, 12, 13, 30)
    for number in numbers:
        imsave(folder / f"{number}.png", np.full((64, 64), number, dtype=np.uint8), check_contrast=False)
    (tmp_path / "dataset.toml").write_text('values = "hu"\n')
    rows = "".join(f"S1,{number},,,,\n" for number in numbers)
    (tmp_path / "boxes.csv").write_text("subject,slice,xmin,ymin,xmax,ymax\n" + rows)
    found = {
        int(sample.name): tuple(None if each is None else int(each[0, 0]) for each in sample.neighbours)
        for sample in read_images(tmp_path)
    }
    assert found == {
        1: (None, None, 4, 10),
        4: (None, 1, 10, 12),
        10: (1, 4, 12, None),
        12: (4, 10, 13, None),
        13: (4, 12, None, None),
        30: (None, None, None, None),
    }
