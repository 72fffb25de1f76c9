"""The study's experiment on synthetic patients: every step, both splits, its table; and networks compared."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from lungview.demo.write import write_patient
from lungview.detection.build import MIL, STUDY
from lungview.detection.registry import load_detector
from lungview.errors import TrainingConfigError, TrainingError
from lungview_training.cli import main
from lungview_training.compare import compare
from lungview_training.config import SplitKind
from lungview_training.study.config import StudyConfig, StudySource, load_study
from lungview_training.study.phantoms import KINDS, UNSEEN, write_phantoms, write_unseen
from lungview_training.study.run import RESULT_FILE, TABLE_FILE, run_study
from lungview_training.study.slices import read_slices
from lungview_training.study.table import PUBLISHED, Ious, Row, to_markdown
from tests.support.demo import quick_phantom
from tests.support.shared_data import shared
from tests.training.phantoms import phantom, phantom_config, phantom_data

CONFIGS = Path(__file__).parents[2] / "training" / "configs"


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two small patients of each subtype, all of one body: to draw it takes a second."""
    folder = tmp_path_factory.mktemp("subtypes")
    for letter in "ABEG":
        for number in (1, 2):
            write_patient(folder, f"{letter}{number:04d}", letter, quick_phantom())
    return folder


def _config(source: Path, output: Path) -> StudyConfig:
    small = {"field_size": 64, "image_size": 64, "batch_size": 4}
    return StudyConfig(
        name="tiny",
        output=output,
        sources=(StudySource(source),),
        slices=8,
        epochs=2,
        fine_tune_epochs=1,
        threads=1,
        device="cpu",
        settings={STUDY: {"image_size": 64, "batch_size": 4}, "compact": {**small, "sheet_share": 0.0}},
    )


def test_the_whole_experiment_leaves_a_table_for_each_network_and_split(patients: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(_config(patients, tmp_path), subtypes=("B", "A"))
    table = run_study(config)
    assert (tmp_path / TABLE_FILE).read_text(encoding="utf-8") == table
    rows = json.loads((tmp_path / RESULT_FILE).read_text(encoding="utf-8"))["rows"]
    kinds = [(row["network"], row["split"], row["subtype"]) for row in rows]
    assert kinds == [(n, s, t) for n in (STUDY, "compact") for s in ("image", "patient") for t in "BA"]
    for row in rows:
        assert (row["base"], row["epochs"]) == (("", 2) if row["subtype"] == "B" else ("B", 1))
        assert (row["ours"]["before"] is None) == (row["subtype"] == "B")
        assert 0 <= row["ours"]["test"] <= 1
        assert row["slices"] <= 8
    assert rows[1]["published"] == {"before": 0.07, "entire": 0.73, "test": 0.67}
    assert rows[3]["published"] is None
    weights = tmp_path / STUDY / "image" / "A" / "last.safetensors"
    assert load_detector(str(weights), "cpu").info.architecture == STUDY


def test_a_study_that_was_stopped_goes_on(patients: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(_config(patients, tmp_path), networks=(STUDY,), splits=(SplitKind.IMAGE,))
    asked = iter([False, True])
    with pytest.raises(TrainingError, match="start it again"):
        run_study(config, should_stop=lambda: next(asked, True))
    assert "| E |" in run_study(config)


def test_slices_are_drawn_alike_each_time_and_read_alone(patients: Path, tmp_path: Path) -> None:
    config = dataclasses.replace(_config(patients, tmp_path), slices=3)
    first, second = read_slices(config), read_slices(config)
    assert list(first) == ["B", "A", "G", "E"]
    for subtype, found in first.items():
        assert len(found) == 3
        assert [each.whole.name for each in found] == [each.whole.name for each in second[subtype]]
        for each in found:
            assert each.whole.hu.shape == (128, 128)
            assert each.whole.subtype == subtype
            assert each.whole.pixels is not None
            assert each.small.labels.any()
            ratio = each.small.hu.shape[0] / each.whole.hu.shape[0]
            assert np.allclose(each.small.boxes, each.whole.boxes * ratio, rtol=1e-3)


def test_a_subtype_of_one_patient_cannot_be_split_by_patient(tmp_path: Path) -> None:
    write_patient(tmp_path / "alone", "B0001", "B", quick_phantom())
    config = dataclasses.replace(_config(tmp_path / "alone", tmp_path), networks=(STUDY,), splits=(SplitKind.PATIENT,))
    with pytest.raises(TrainingError, match="needs two patients"):
        run_study(config)


def test_synthetic_patients_differ_by_subtype_and_are_found_by_their_ids(tmp_path: Path) -> None:
    write_phantoms(tmp_path, 1, size=128, slices=24)
    assert len(set(KINDS.values())) == len(KINDS)
    assert set(read_slices(_config(tmp_path, tmp_path / "out"))) == set(KINDS)


def test_patients_to_fine_tune_on_are_all_of_one_subtype(tmp_path: Path) -> None:
    write_unseen(tmp_path, 2, size=64, slices=12)
    found = read_slices(_config(tmp_path, tmp_path / "out"))
    assert set(found) == {UNSEEN[0]}
    assert len({each.whole.patient for each in found["E"]}) == 2


def test_real_boxed_slices_come_with_the_values_their_files_hold(tmp_path: Path) -> None:
    source = StudySource(shared("lung-pet-ct-dx-boxed"))
    found = read_slices(dataclasses.replace(_config(source.path, tmp_path), sources=(source,), slices=2))
    assert list(found) == ["A"]
    for each in found["A"]:
        assert each.whole.hu.shape == (512, 512)
        assert each.whole.pixels is not None
        assert each.whole.pixels.intercept == -1024
        assert len(each.whole.boxes) >= 1


def test_the_table_sets_the_study_s_figures_beside_ours() -> None:
    row = Row(STUDY, SplitKind.IMAGE, "A", "B", 3, 100, 20, 100, 500, 9.0, Ious(0.1, 0.5, None))
    text = to_markdown([row])
    assert "| A | 100 epochs after B | 3 | 100 (20) | 0.10 (0.07) | 0.50 (0.73) | – (0.67) |" in text
    assert "stand on both sides" in text
    own = to_markdown([dataclasses.replace(row, split=SplitKind.PATIENT)])
    assert "(0.07)" not in own
    assert PUBLISHED["E"].before == 0.17


@pytest.mark.parametrize("name", ["thesis.toml", "thesis-small.toml", "thesis-phantoms.toml"])
def test_the_shipped_settings_are_sound(name: str) -> None:
    config = load_study(CONFIGS / name)
    run = config.run(STUDY, SplitKind.IMAGE, "B", 50)
    assert (run.learning_rate, run.batch_size, run.optimizer.value, run.schedule.value) == (
        1e-4,
        16,
        "adam",
        "constant",
    )
    assert run.weight_decay == 0.03 or run.optimizer.value == "adam"
    if name == "thesis.toml":
        assert (config.slices, config.epochs, config.fine_tune_epochs, run.image_size) == (1000, 1000, 100, 512)


def test_settings_named_from_the_folder_one_stands_in_are_those_of_their_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "mine.toml").write_text((CONFIGS / "thesis-small.toml").read_text())
    monkeypatch.chdir(tmp_path)
    config = load_study(Path("configs/mine.toml"))
    assert config.output.is_absolute()
    assert all(source.path.is_absolute() for source in config.sources)


def test_settings_that_are_unknown_are_named(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text('name = "x"\noutput = "y"\nspeed = 3\n[[sources]]\npath = "."\n')
    with pytest.raises(TrainingConfigError, match="speed is unknown"):
        load_study(path)
    path.write_text('name = "x"\noutput = "y"\n[settings.compact]\nsteps = 3\n[[sources]]\npath = "."\n')
    with pytest.raises(TrainingConfigError, match="decided run by run"):
        load_study(path)


def test_networks_are_compared_on_the_same_test_slices(tmp_path: Path) -> None:
    torch.set_num_threads(1)
    base = phantom_data()
    test = [phantom("X", 500 + number, has_lesion=number < 3) for number in range(5)]
    data = dataclasses.replace(base, test=test)
    config = dataclasses.replace(phantom_config(tmp_path, 2), network="compact")
    table = compare(config, ("compact", STUDY, MIL), study_size=64, data=data)
    assert "5 test slices of 1 patients" in table
    rows = json.loads((tmp_path / "compare.json").read_text(encoding="utf-8"))["rows"]
    assert [row["network"] for row in rows] == ["compact", STUDY, MIL]
    assert rows[0]["parameters"] == 1_278_651  # seven channels
    assert all(row["milliseconds"] > 0 for row in rows)
    assert rows[1]["flagged"] == 1.0
    assert [row["presence_auc"] is None for row in rows] == [True, True, False]


def test_the_commands_name_what_they_cannot_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "study.toml").write_text('name = "x"\noutput = "y"\nspeed = 3\n')
    assert main(["study", str(tmp_path / "study.toml")]) == 1
    assert "speed is unknown" in capsys.readouterr().err
    assert main(["compare", str(tmp_path / "none.toml"), "--networks", "compact,resnet"]) == 1
    assert "no network 'resnet'" in capsys.readouterr().err


def test_epochs_may_differ_by_network(tmp_path: Path) -> None:
    config = dataclasses.replace(_config(tmp_path, tmp_path), settings={STUDY: {"epochs": 7}})
    assert config.epochs_of(STUDY, is_fine_tuned=False) == 7
    assert config.epochs_of(STUDY, is_fine_tuned=True) == 1
    assert config.epochs_of("compact", is_fine_tuned=False) == 2
