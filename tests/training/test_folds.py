"""A card whose figures come from runs that each held other patients out."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from skimage.io import imsave

from lungview.detection.cards import read_card
from lungview_training.cli import main
from lungview_training.split import Split, save_split
from tests.support.weights import compact_file
from tests.training.phantoms import phantom

PATIENTS = [f"S{number}" for number in range(4)]

SETTINGS = """
name = "tiny"
output = "everyone"
field_size = 64
image_size = 64
cache = "off"
device = "cpu"
threads = 1
[[sources]]
kind = "images"
path = "pictures"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with settings, pictures, a run that learned from everyone, and two that held two patients out each."""
    folder = tmp_path_factory.mktemp("folds")
    (folder / "tiny.toml").write_text(SETTINGS)
    _pictures(folder / "pictures")
    _run(folder / "everyone", PATIENTS, [])
    _run(folder / "one", PATIENTS[2:], PATIENTS[:2])
    _run(folder / "two", PATIENTS[:2], PATIENTS[2:])
    return folder


def _pictures(folder: Path) -> None:
    rows = ["subject,slice,xmin,ymin,xmax,ymax"]
    for subject in PATIENTS:
        (folder / "images" / subject).mkdir(parents=True)
        for number in range(3):
            sample = phantom(subject, 10 * int(subject[1]) + number, has_lesion=number > 0)
            noise = np.random.default_rng((int(subject[1]), number)).normal(0, 20, sample.hu.shape)
            grey = np.clip((sample.hu + noise + 1024) / 8, 0, 255).astype(np.uint8)
            imsave(folder / "images" / subject / f"{number}.png", grey, check_contrast=False)
            rows.append(
                f"{subject},{number},{','.join(str(int(side)) for side in sample.boxes[0]) if number else ',,,'}"
            )
    (folder / "boxes.csv").write_text("\n".join(rows) + "\n")
    (folder / "dataset.toml").write_text('values = "grey"\n')


def _run(folder: Path, train: Sequence[str], test: Sequence[str]) -> None:
    """As a run leaves its folder; the network is untrained and marks every cell."""
    folder.mkdir()
    compact_file(folder, centre_bias=1.0).rename(folder / "best.safetensors")
    save_split(Split(frozenset(train), frozenset(), frozenset(test)), folder / "split.csv")


def test_each_patient_is_measured_by_the_run_that_held_it_out(home: Path, tmp_path: Path) -> None:
    folds = [str(home / name) for name in ("one", "two")]
    assert main(["bundle", str(home / "tiny.toml"), "--to", str(tmp_path), "--folds", *folds]) == 0
    card = json.loads((tmp_path / "tiny.json").read_text(encoding="utf-8"))
    assert card["split"]["train"] == PATIENTS, "the weights know everyone, and say so"
    test = card["metrics"]["test"]
    assert (test["patients"], test["slices"], test["boxes"]) == (4, 12, 8)
    assert [fold["patients"] for fold in card["metrics"]["folds"]] == [2, 2]
    assert "4 patients, each measured by the one of 2 runs" in card["protocol"]
    assert card["calibration"]["patients"] == 4
    assert card["calibration"]["ece_after"] < card["calibration"]["ece_before"]
    assert sum(step["marks"] for step in card["calibration"]["reliability"]) > 0
    assert read_card(tmp_path / "tiny.json").info.default_threshold == card["operating_points"][1]["score_threshold"]
    text = (tmp_path / "tiny.md").read_text(encoding="utf-8")
    assert "Run by run" in text
    assert "fitted on 4 patients by the runs that held them out" in text


def test_folds_are_measured_before_any_run_learned_from_everyone(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = home / "later.toml"
    settings.write_text(SETTINGS.replace('"everyone"', '"later"'))
    folds = [str(home / name) for name in ("one", "two")]
    assert main(["evaluate", str(settings), "--json", "--folds", *folds]) == 0
    assert json.loads(capsys.readouterr().out)["test"]["patients"] == 4
    assert not (home / "later").exists()


def test_runs_that_share_a_test_patient_are_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(home / "tiny.toml"), "--folds", str(home / "one"), str(home / "one")]) == 1
    assert "nobody in common" in capsys.readouterr().err


def test_a_run_that_held_nobody_out_is_refused(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(home / "tiny.toml"), "--folds", str(home / "everyone"), str(home / "one")]) == 1
    assert "none of the data's patients" in capsys.readouterr().err


def test_one_run_is_no_cross_validation(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(home / "tiny.toml"), "--folds", str(home / "one")]) == 1
    assert "two runs or more" in capsys.readouterr().err
