"""The strip of series."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from lungview.domain.study import Patient, Stack, StackKind
from lungview.domain.volume import Volume
from lungview.errors import InconsistentSeriesError
from lungview.task import Cancelled, Task
from lungview.ui.strip.model import StripModel
from lungview.ui.strip.rows import RowKind, patient_title, rows_of
from lungview.ui.strip.thumbnails import make_thumbnails, small_picture, to_image
from tests.support.volumes import make_scan, make_stack, make_volume

AXIAL = make_stack(7, key="axial")
CAPTURE = make_stack(1, key="capture", kind=StackKind.CAPTURE)
PATIENTS = make_scan(AXIAL, CAPTURE).patients


@pytest.fixture
def model(qapp: object) -> StripModel:
    made = StripModel()
    made.set_rows(rows_of(PATIENTS, {"axial": 3}))
    return made


def test_patients_studies_and_series_stand_under_each_other() -> None:
    rows = rows_of(PATIENTS, {"axial": 3})
    assert [row.kind for row in rows] == [RowKind.PATIENT, RowKind.STUDY, RowKind.STACK, RowKind.STACK]
    assert (rows[0].title, rows[0].details) == ("Phantom, Test", "P1 · F · 1960-01-01")
    assert (rows[1].title, rows[1].details) == ("Thorax", "2024-02-29")
    assert (rows[2].title, rows[2].details, rows[2].boxes) == ("1  Chest 5mm", "CT · 7 slices · L", 3)
    assert (rows[3].details, rows[3].part) == ("CT · 1 slice · L", "capture")


def test_several_stacks_of_one_series_are_told_apart_by_name() -> None:
    (study,) = PATIENTS[0].studies
    stacks = tuple(replace(AXIAL, name=f"Chest 5mm, acquisition {number}") for number in (1, 2))
    patient = replace(PATIENTS[0], studies=(replace(study, series=(replace(study.series[0], stacks=stacks),)),))
    assert [(row.title, row.part) for row in rows_of((patient,), {})[2:]] == [
        ("1  Chest 5mm", "acquisition 1"), ("1  Chest 5mm", "acquisition 2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "number", "title"), [("Doe^Jane", "7", "Doe, Jane"), ("", "7", "7"), ("", "", "No name")]
)
def test_a_patient_without_a_name_is_called_by_the_id(name: str, number: str, title: str) -> None:
    assert patient_title(Patient(number, name, "", "", ())) == title


def test_identity_can_be_left_out() -> None:
    rows = rows_of(PATIENTS, {}, names_patients=False)
    assert (rows[0].title, rows[0].details) == ("Patient", "")


def test_the_model_keeps_qts_rules(qtmodeltester: object, model: StripModel) -> None:
    qtmodeltester.check(model)  # type: ignore[attr-defined]


def test_only_series_can_be_chosen(model: StripModel) -> None:
    choosable = [bool(model.flags(model.index(row)) & Qt.ItemFlag.ItemIsSelectable) for row in range(4)]
    assert choosable == [False, False, True, True]
    assert model.row(2).stack is AXIAL


def test_a_thumbnail_comes_to_its_own_row_and_goes_with_the_folder(model: StripModel) -> None:
    picture = to_image(np.full((4, 4), 9, dtype=np.uint8))
    model.set_thumbnail("capture", picture)
    model.set_thumbnail("unknown", picture)
    role = Qt.ItemDataRole.DecorationRole
    assert isinstance(model.data(model.index(3), role), QImage)
    assert model.data(model.index(2), role) is None
    model.set_rows(rows_of(PATIENTS, {}))
    assert model.data(model.index(3), role) is None


def test_thumbnails_are_made_from_the_middle_slice_and_a_broken_series_is_passed_over() -> None:
    asked: list[str] = []

    def load(stack: Stack, task: Task, **_: object) -> Volume:
        asked.append(stack.instances[0].sop_instance_uid)
        if len(asked) == 1:
            raise InconsistentSeriesError("The slices differ in size.")
        return make_volume(make_stack(1))

    made: list[str] = []
    make_thumbnails((CAPTURE, AXIAL), load, Task(), lambda key, _picture: made.append(key))
    assert made == ["axial"]
    assert asked[1] == AXIAL.instances[3].sop_instance_uid


def test_making_thumbnails_can_be_stopped() -> None:
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        make_thumbnails((AXIAL,), lambda *_a, **_k: make_volume(), task, lambda _key, _picture: None)


def test_a_large_slice_is_averaged_down_and_a_small_one_left() -> None:
    large = make_volume(make_stack(1, 512, 300))
    assert max(small_picture(large).shape) <= 112
    assert small_picture(make_volume(make_stack(1, 40, 30))).shape == (40, 30)


def test_colour_stays_colour() -> None:
    voxels = np.zeros((1, 200, 200, 3), dtype=np.uint8)
    voxels[..., 0] = 200
    picture = small_picture(make_volume(make_stack(1, 200, 200, samples=3), voxels))
    assert picture.shape == (100, 100, 3)
    assert to_image(picture).pixelColor(5, 5).name() == "#c80000"
