"""Folders that cannot be trained on: each has its sentence with the remedy."""

from pathlib import Path

import pytest

from lungview.task import Task
from lungview_training.config import SourceKind, SplitKind
from lungview_training.supervision import folder_look
from lungview_training.supervision.folder_look import look_at_folder, room_problems
from lungview_training.supervision.plan import BaseModel, Choices, plan
from lungview_training.supervision.sensible import sensible_settings
from tests.support.annotations import write_voc
from tests.support.shared_data import shared
from tests.support.ui import LESION, write_patient
from tests.training.supervision.tiny import write_pictures


def _problem(path: Path, annotations: Path | None = None) -> str:
    look = look_at_folder(path, annotations, Task())
    assert not look.can_train
    assert len(look.problems) == 1
    return look.problems[0]


def test_a_folder_without_xml_says_where_to_name_it(tmp_path: Path) -> None:
    assert "No readers' boxes (XML) were found" in _problem(write_patient(tmp_path, boxed=()))


def test_xml_that_match_nothing_are_counted(tmp_path: Path) -> None:
    patient = write_patient(tmp_path, boxed=())
    for number in range(3):
        write_voc(tmp_path / "Annotation" / "A0001", f"1.2.3.4.{number}", LESION)
    told = _problem(patient, tmp_path / "Annotation")
    assert told.startswith("3 annotation files (XML) were read, but none belongs")


def test_three_slices_are_too_few(tmp_path: Path) -> None:
    assert "Only 3 slices carry boxes" in _problem(write_patient(tmp_path))


def test_one_patient_can_be_trained_on_but_proves_nothing(tmp_path: Path) -> None:
    look = look_at_folder(write_patient(tmp_path, boxed=range(1, 11)), None, Task())
    assert look.can_train
    assert (look.patients, look.slices, look.kind) == (1, 10, SourceKind.FOLDER)
    assert any("of one patient" in remark for remark in look.remarks)


def test_a_folder_that_is_gone_or_empty_is_named(tmp_path: Path) -> None:
    assert "gone is not a folder" in _problem(tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    assert "empty is empty" in _problem(tmp_path / "empty")


def test_a_full_disk_is_told_before_the_training(tmp_path: Path) -> None:
    [told] = room_problems(tmp_path, needed=1 << 60)
    assert "nearly full" in told
    assert room_problems(tmp_path / "new", needed=1) == ()


def test_a_folder_that_cannot_be_written_is_told_before_the_training(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    [told] = room_problems(tmp_path / "file" / "trainings")
    assert "cannot be written" in told


def test_a_picture_folder_and_the_dataset_s_layout_are_known(tmp_path: Path) -> None:
    look = look_at_folder(write_pictures(tmp_path), None, Task())
    assert (look.kind, look.patients, look.slices) == (SourceKind.IMAGES, 5, 15)
    real = look_at_folder(shared("lung-pet-ct-dx-boxed"), None, Task())
    assert (real.slices, real.patients, real.series) == (20, 1, 2)
    assert [folder.name for folder in real.annotations] == ["Annotation"]


@pytest.mark.parametrize(("slices", "patients"), [(20, 4), (200, 20), (2000, 150)])
def test_a_plan_follows_from_the_folder_alone(tmp_path: Path, slices: int, patients: int) -> None:
    look = folder_look.FolderLook(tmp_path, SourceKind.FOLDER, (), patients, patients, slices)
    base = BaseModel("compact", "Compact", "compact", tmp_path / "w.safetensors", 5)
    config = plan(look, Choices.from_sensible(sensible_settings(slices, patients), base), tmp_path / "out")
    assert config.start_from == base.weights
    assert config.in_channels == 5
    assert config.split is SplitKind.PATIENT
    assert 60 <= config.steps <= 1500
    assert config.evaluate_every >= config.checkpoint_every
