"""What a run is told, what is known of it, and what suits so many slices."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview_training.config import Role, SourceConfig, SourceKind, SplitKind, load_config
from lungview_training.events import EvaluationDone, Heartbeat, Phase, RunStarted, StepDone
from lungview_training.record.history import MOST_POINTS
from lungview_training.supervision.endings import Ending, EndKind
from lungview_training.supervision.progress import Curve, Progress, progress_of
from lungview_training.supervision.sensible import rhythm_for, sensible_settings, steps_for
from lungview_training.supervision.settings_file import write_settings
from lungview_training.supervision.supervisor import WorkerEnded, WorkerSilent, WorkerStarted
from tests.training.supervision.tiny import tiny_config


@pytest.mark.parametrize(
    "name", ["plain", "with blanks", 'quo"ted', "back\\slash", "Ω größe", "del\x7f", "line\nbreak"]
)
def test_settings_come_back_as_they_were_written(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    case = SourceConfig(SourceKind.CASE, folder / "dicom", Role.TRAIN, "T", "CC BY", folder / "xml", "E")
    config = replace(
        tiny_config(folder),
        sources=(case, SourceConfig(SourceKind.IMAGES, folder, title="x", licence="y")),
        start_from=folder / "w.safetensors",
        split=SplitKind.IMAGE,
        mixed_precision=False,
        learning_rate=3e-05,
    )
    path = tmp_path / "other" / "settings.toml"
    write_settings(path, config)
    assert load_config(path) == config


@given(st.integers(1, 5000), st.integers(1, 500))
def test_every_amount_of_slices_has_settings_that_can_be_trained_with(slices: int, patients: int) -> None:
    patients = min(slices, patients)
    found = sensible_settings(slices, patients)
    config = replace(
        tiny_config(Path("x"), found.steps(slices)),
        batch_size=found.batch_size,
        validation_share=found.validation_share,
        test_share=found.test_share,
        split=found.split,
    )
    evaluate, checkpoint = rhythm_for(config.steps)
    assert 1 <= checkpoint <= evaluate <= config.steps
    if patients >= 3:
        assert round(found.test_share * patients) >= 1
        assert found.split is SplitKind.PATIENT
    else:
        assert any("fewer than three patients" in reason for reason in found.reasons)


def test_few_slices_hold_more_still_and_move_less() -> None:
    few, some, many = (sensible_settings(count, max(3, count // 10)) for count in (20, 200, 2000))
    assert few.freeze > some.freeze > many.freeze
    assert few.learning_rate < some.learning_rate < many.learning_rate
    assert few.epochs > some.epochs > many.epochs
    assert few.steps(14) < some.steps(140) < many.steps(1400)
    assert steps_for(1, 0, 16) > 0


def test_a_long_run_has_no_more_points_than_can_be_drawn() -> None:
    curve = Curve()
    for step in range(1, 50_001):
        curve.add(step, step / 2)
    assert len(curve.steps) <= MOST_POINTS
    assert curve.steps == sorted(curve.steps)
    assert all(value == step / 2 for step, value in zip(curve.steps, curve.values, strict=True))


def test_steps_taken_again_after_a_crash_replace_those_they_repeat() -> None:
    curve = Curve()
    for step, value in ((1, 1.0), (2, 2.0), (3, 3.0), (2, 5.0), (3, 6.0)):
        curve.add(step, value)
    assert (curve.steps, curve.values) == ([1, 2, 3], [1.0, 5.0, 6.0])


def test_progress_follows_a_run_through_silence_and_death() -> None:
    progress = Progress()
    progress.take(WorkerStarted(7))
    progress.take(RunStarted("a", "cpu", 1, 10, 4, 1, 1, 1, 1))
    progress.take(StepDone(5, 0.5, 0.1, 1.0))
    progress.take(Heartbeat(5, Phase.TRAINING, 1.0, 30.0))
    progress.take(EvaluationDone(5, 0.4, 0.3, 0.2, 0.1))
    assert (progress.step, progress.share, progress.left_s) == (5, 0.5, 30.0)
    assert (progress.loss.values, progress.iou.values, progress.sensitivity.values) == ([0.5], [0.4], [0.2])
    progress.take(WorkerSilent(50.0))
    assert progress.silent_s == 50.0
    ending = Ending(EndKind.DIED, "Gone.", True)
    progress.take(WorkerEnded(ending))
    assert progress.ending == ending
    assert [progress.silent_s, progress.left_s] == [None, None]


def test_a_log_that_was_cut_off_tells_what_it_holds(tmp_path: Path) -> None:
    assert progress_of(tmp_path).step == 0
    line = '{"event": "StepDone", "step": 3, "loss": 1.5, "learning_rate": 0.1, "seconds": 1, "parts": {}}'
    (tmp_path / "run.jsonl").write_text(f'{line}\n{{"event": "Ste', encoding="utf-8")
    assert progress_of(tmp_path).loss.values == [1.5]
