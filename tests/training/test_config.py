"""Training settings: read, checked, and refused by the setting's name."""

import subprocess
import sys
from pathlib import Path

import pytest

from lungview.errors import TrainingConfigError
from lungview_training.cli import main
from lungview_training.config import Role, SourceKind, config_from, load_config
from tests.support.weights import compact_file

GOOD = """
name = "mine"
output = "run"
steps = 10
learning_rate = 1e-3
[[sources]]
kind = "images"
path = "pictures"
[[sources]]
kind = "case"
path = "patient"
role = "train"
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_settings_are_read_and_paths_start_at_the_file_s_folder(tmp_path: Path) -> None:
    config = load_config(_write(tmp_path, GOOD))
    assert config.steps == 10
    assert config.output == tmp_path / "run"
    assert config.sources[0].path == tmp_path / "pictures"
    assert (config.sources[1].kind, config.sources[1].role) == (SourceKind.CASE, Role.TRAIN)
    assert config.as_plain()["steps"] == 10


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("steps = 10", "step = 10", "step is unknown; known are .*steps"),
        ("steps = 10", "steps = 0", "steps must be at least 1"),
        ("steps = 10", "steps = 2.5", "steps must be a whole number"),
        ("steps = 10", 'steps = "ten"', "steps must be a whole number"),
        ("steps = 10", "test_share = 0.95", "test_share leaves no patient"),
        ("steps = 10", "image_size = 100", "image_size must be a multiple of 32, 64"),
        ("steps = 10", 'network = "resnet"', "network must be one of compact, attention-unet, pyramid-attention"),
        ("steps = 10", "network = 3", "network must be text"),
        ("steps = 10", "in_channels = 4", "in_channels must be 3, 5 or 7"),
        ("learning_rate = 1e-3", "learning_rate = -1", "learning_rate must be above 0"),
        ("learning_rate = 1e-3", "learning_rate = true", "learning_rate must be a number"),
        ('kind = "images"', 'kind = "movies"', "movies"),
        ('path = "pictures"', 'file = "pictures"', "sources.file is unknown"),
        ('path = "pictures"', "path = 3", "sources.path must be text"),
        ('name = "mine"', "", "name is missing"),
        ("steps = 10", "steps = = 10", "not valid TOML"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(TrainingConfigError, match=words):
        load_config(_write(tmp_path, GOOD.replace(old, new, 1)))


def test_the_bundled_settings_are_sound() -> None:
    config = load_config(Path(__file__).parents[2] / "training" / "configs" / "bundled.toml")
    assert (config.name, config.network) == ("compact", "compact")


def test_the_command_ends_with_a_sentence_and_1_for_settings_it_cannot_use(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(tmp_path / "none.toml")]) == 1
    assert "none.toml cannot be read" in capsys.readouterr().err


def test_settings_and_events_are_read_without_torch() -> None:
    code = "import sys, lungview_training.config, lungview_training.events; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_fine_tune_sees_as_many_neighbours_as_its_base_and_a_new_run_all(tmp_path: Path) -> None:
    table: dict[str, object] = {"name": "n", "output": "o", "sources": [{"kind": "images", "path": "p"}]}
    assert config_from(table, tmp_path).in_channels == 7
    base = compact_file(tmp_path)
    assert config_from({**table, "start_from": base.name}, tmp_path).in_channels == 3
    assert config_from({**table, "start_from": base.name, "in_channels": 5}, tmp_path).in_channels == 5
    assert config_from({**table, "start_from": "not-there.safetensors"}, tmp_path).in_channels == 7
