"""Training on reviewed cases: the reader's own boxes of those, and nothing else."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from lungview.task import Task
from lungview_training.case_dataset import read_case
from lungview_training.config import SplitKind, load_config
from lungview_training.evaluation.comparison import ENTIRE
from lungview_training.proving import prove
from lungview_training.supervision.plan import BaseModel, Choices, plan
from lungview_training.supervision.proof import MEASURE
from lungview_training.supervision.reviewed_look import look_at_reviewed
from lungview_training.supervision.sensible import sensible_settings
from lungview_training.supervision.settings_file import write_settings
from tests.support.detectors import ScriptedDetector
from tests.support.reviewed import BOX, BOXED, write_case

FINDS = ScriptedDetector({index: [(BOX, 0.9)] for index in BOXED})


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder, as the program finds it."""
    monkeypatch.setenv("LUNGVIEW_HOME", str(tmp_path / "home"))
    from lungview.places import data_folder

    return data_folder()


def test_only_reviewed_cases_with_own_boxes_are_sources(home: Path, tmp_path: Path) -> None:
    one, two = (write_case(home, tmp_path, number) for number in (1, 2))
    write_case(home, tmp_path, 3, is_reviewed=False)
    look = look_at_reviewed(Task())
    assert look.can_train
    assert (look.patients, look.series, look.slices) == (2, 2, 10)
    assert [source.path for source in look.sources()] == [one, two]
    boxed = [sample for each in look.cases for sample in read_case(each.path, each.annotations) if len(sample.boxes)]
    assert len(boxed) == 10, "the other reader's box on the last slice of each is not learned from"


def test_without_a_reviewed_case_it_is_said_how_to_come_by_one(home: Path, tmp_path: Path) -> None:
    write_case(home, tmp_path, 1, is_reviewed=False)
    look = look_at_reviewed(Task())
    assert not look.can_train
    assert "mark it as reviewed" in look.problems[0]


def test_a_case_whose_images_are_gone_bad_is_left_out_and_told(home: Path, tmp_path: Path) -> None:
    for number in (1, 2):
        write_case(home, tmp_path, number)
    bad = write_case(home, tmp_path, 3)
    shutil.rmtree(bad)
    bad.mkdir()
    look = look_at_reviewed(Task())
    assert look.can_train
    assert len(look.cases) == 2
    assert any("is empty" in each for each in look.left_out)


def test_both_models_are_asked_about_every_case(home: Path, tmp_path: Path) -> None:
    folders = [write_case(home, tmp_path, number) for number in (1, 2)]
    look = look_at_reviewed(Task())
    choices = Choices.from_sensible(sensible_settings(look.slices, 3), BaseModel("fresh", "", "compact", None))
    config = plan(look, replace(choices, split=SplitKind.PATIENT), tmp_path / "run")
    write_settings(tmp_path / "run" / "settings.toml", config)
    proof = prove(load_config(tmp_path / "run" / "settings.toml"), ScriptedDetector(), FINDS, Task())
    row = next(row for row in proof.rows if (row.part, row.name) == ("entire set", MEASURE))
    assert row.after.value == 1.0
    assert row.part == ENTIRE
    assert [thumb.patient for thumb in proof.thumbs] == ["CASE1", "CASE2"]
    assert [thumb.scan.partition(",")[0] for thumb in proof.thumbs] == ["case 1", "case 2"]
    assert all(thumb.file.is_relative_to(folder) for thumb, folder in zip(proof.thumbs, folders, strict=True))
    assert len({thumb.stack for thumb in proof.thumbs}) == 2
