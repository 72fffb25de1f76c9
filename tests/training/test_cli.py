"""The training command from a folder of pictures to a bundled model."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from skimage.io import imsave

from lungview.detection.cards import bundled_cards
from lungview.detection.registry import load_detector
from lungview_training.cli import main
from lungview_training.events import RunEnded, StepDone, from_line
from lungview_training.run_command import in_fold
from tests.training.phantoms import phantom, phantom_config

SETTINGS = """
name = "tiny"
output = "run"
steps = 5000
batch_size = 2
field_size = 64
image_size = 64
sheet_share = 0.0
validation_share = 0.2
test_share = 0.2
checkpoint_every = 1000
evaluate_every = 5000
device = "cpu"
threads = 1
[[sources]]
kind = "images"
path = "pictures"
"""


def _pictures(folder: Path) -> None:
    rows = ["subject,slice,xmin,ymin,xmax,ymax"]
    for subject in range(6):
        (folder / "images" / f"S{subject}").mkdir(parents=True)
        for number in range(3):
            sample = phantom(f"S{subject}", 10 * subject + number, has_lesion=number > 0)
            noise = np.random.default_rng((subject, number)).normal(0, 20, sample.hu.shape)  # no two patients alike
            grey = np.clip((sample.hu + noise + 1024) / 8, 0, 255).astype(np.uint8)
            imsave(folder / "images" / f"S{subject}" / f"{number}.png", grey, check_contrast=False)
            box = ",".join(str(int(side)) for side in sample.boxes[0]) if sample.has_lesion else ",,,"
            rows.append(f"S{subject},{number},{box}")
    (folder / "boxes.csv").write_text("\n".join(rows) + "\n")
    (folder / "dataset.toml").write_text('values = "grey"\n')


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the settings of a run that was stopped from outside after its first steps."""
    folder = tmp_path_factory.mktemp("training")
    _pictures(folder / "pictures")
    path = folder / "tiny.toml"
    path.write_text(SETTINGS)
    command = [sys.executable, "-m", "lungview_training.cli", "run", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdin is not None
        for line in run.stdout:
            if isinstance(from_line(line), StepDone):
                run.stdin.write("stop\n")
                run.stdin.flush()
                break
        run.stdout.read()
    assert run.returncode == 0
    return path


def test_a_run_told_to_stop_ends_with_a_checkpoint(settings: Path) -> None:
    events = [from_line(line) for line in (settings.parent / "run" / "run.jsonl").read_text().splitlines()]
    assert isinstance(events[-1], RunEnded)
    assert events[-1].stopped
    assert events[-1].step < 5000
    assert (settings.parent / "run" / "last.safetensors").is_file()


def test_weights_are_measured_on_test_patients_with_intervals(
    settings: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(settings), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["test"]["patients"] == 1
    assert report["validation"]["patients"] == 1
    assert set(report["test"]["interval_95"]) == set(report["test"]["metrics"])
    assert main(["evaluate", str(settings)]) == 0
    assert "best_box_iou" in capsys.readouterr().out


def test_a_bundled_run_is_a_model_with_cards(settings: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("Finds nothing yet.\n")
    assert main(["bundle", str(settings), "--to", str(tmp_path), "--notes", str(tmp_path / "notes.md")]) == 0
    (card,) = bundled_cards(tmp_path)
    assert card.info.name == "tiny"
    assert [point.name for point in card.info.operating_points] == ["sensitive", "balanced", "specific"]
    text = card.text.read_text(encoding="utf-8")
    assert "Finds nothing yet." in text
    assert card.info.weights_sha256 in text
    assert load_detector(str(card.weights), "cpu").info.weights_sha256 == card.info.weights_sha256


def test_weights_that_are_not_there_are_said_so(settings: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(settings), "--weights", "none.safetensors"]) == 1
    assert "no weights there" in capsys.readouterr().err


def test_a_fold_is_the_same_settings_with_a_part_held_out_and_a_folder_of_its_own(tmp_path: Path) -> None:
    config = phantom_config(tmp_path / "mine", 4)
    held = in_fold(config, 2, 5)
    assert (held.fold, held.folds, held.output) == (2, 5, tmp_path / "mine-fold2")
    assert held.sources == config.sources


@pytest.mark.parametrize("text", ["5/5", "1", "a/3", "0/1", "-1/5"])
def test_a_fold_that_there_is_not_is_wrong_usage(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["run", "mine.toml", f"--fold={text}"])
    assert ended.value.code == 2
    assert "--fold" in capsys.readouterr().err
