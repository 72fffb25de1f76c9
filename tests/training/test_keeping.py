"""What a run keeps survives kills and full disks; pausing, stopping and going on change no number."""

import dataclasses
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import NoReturn

import pytest
import torch
from safetensors.torch import load_file

from lungview.errors import TrainingError
from lungview_training.config import TrainingConfig
from lungview_training.control import Command, Listener
from lungview_training.early_stopping import Best
from lungview_training.engine import train
from lungview_training.events import (
    CheckpointFailed,
    Event,
    ExamplesSaved,
    Heartbeat,
    Phase,
    PlotsSaved,
    Reason,
    RunEnded,
    RunFailed,
    RunPaused,
    RunResumed,
    StepDone,
    from_line,
    to_line,
)
from lungview_training.heart import Heart
from lungview_training.record.curves import plot
from lungview_training.record.history import MOST_POINTS, Series, read_history
from lungview_training.run_files import LAST_FILE, STATE_FILE
from tests.training.phantoms import phantom_config, phantom_data

ROOT = Path(__file__).parents[2]


def _never() -> bool:
    return False


def _same(a: Path, b: Path) -> bool:
    one, other = load_file(a), load_file(b)
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="children are forked")
def test_a_run_killed_at_any_moment_goes_on_and_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    script = str(ROOT / "tests" / "training" / "killed_runs.py")
    path = os.pathsep.join((str(ROOT), str(ROOT / "training")))
    surroundings = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    for name, rounds in (("killed", 6), ("whole", 0)):
        command = [sys.executable, script, str(tmp_path / name), str(rounds)]
        subprocess.run(command, cwd=ROOT, env=surroundings, check=True, capture_output=True, timeout=300)
    assert _same(tmp_path / "killed" / LAST_FILE, tmp_path / "whole" / LAST_FILE)
    assert not list((tmp_path / "killed").glob("*.part"))


def test_a_run_stopped_between_evaluations_keeps_its_patience_and_best_score(tmp_path: Path) -> None:
    data = phantom_data()

    def settings(name: str) -> TrainingConfig:
        config = phantom_config(tmp_path / name, 5)
        return dataclasses.replace(config, evaluate_every=1, patience=50, examples_every=0)

    train(settings("whole"), lambda _: None, _never, data)
    events: list[Event] = []
    for stops in (True, True, False):
        before = _steps(events)
        train(settings("parts"), events.append, lambda: stops and _steps(events) == before + 2, data)  # noqa: B023
    a, b = (torch.load(tmp_path / name / STATE_FILE, weights_only=True) for name in ("whole", "parts"))
    assert _plain(a) == _plain(b)
    for part in ("network", "average"):
        assert all(torch.equal(a[part][name], b[part][name]) for name in a[part])
    for one, other in zip(a["optimizer"]["state"].values(), b["optimizer"]["state"].values(), strict=True):
        assert all(torch.equal(torch.as_tensor(one[name]), torch.as_tensor(other[name])) for name in one)


def _steps(events: list[Event]) -> int:
    return sum(isinstance(event, StepDone) for event in events)


def _plain(state: dict[str, object]) -> dict[str, object]:
    return {name: state[name] for name in ("step", "best_score", "best_step", "reference", "waited")}


def test_a_full_disk_is_told_and_the_run_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, events = phantom_data(validation=0), list[Event]()
    config = phantom_config(tmp_path, 6)  # saves at 2, 4 and 6
    save, saves = torch.save, 0

    def full_once(values: object, path: Path) -> None:
        nonlocal saves
        saves += 1
        if saves == 2:
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device")
        save(values, path)

    monkeypatch.setattr(torch, "save", full_once)
    train(config, events.append, _never, data)
    (failed,) = [event for event in events if isinstance(event, CheckpointFailed)]
    assert failed.step == 4
    assert "no space left" in failed.message
    assert "kept" in failed.message
    assert isinstance(events[-1], RunEnded)
    assert not list(tmp_path.glob("*.part"))


def test_a_disk_that_stays_full_fails_at_the_end_and_keeps_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, events = phantom_data(validation=0), list[Event]()
    train(phantom_config(tmp_path, 6), events.append, lambda: _steps(events) == 2, data)
    before = (tmp_path / STATE_FILE).read_bytes()

    def full(_values: object, path: Path) -> NoReturn:
        path.write_bytes(b"half")
        raise RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed")

    with monkeypatch.context() as patch:
        patch.setattr(torch, "save", full)
        with pytest.raises(TrainingError, match="free space"):
            train(phantom_config(tmp_path, 6), events.append, _never, data)
    failed = events[-1]
    assert isinstance(failed, RunFailed)
    assert failed.checkpoint_step == 2
    assert (tmp_path / STATE_FILE).read_bytes() == before
    train(phantom_config(tmp_path, 6), events.append, _never, data)
    train(phantom_config(tmp_path / "whole", 6), lambda _: None, _never, data)
    assert _same(tmp_path / LAST_FILE, tmp_path / "whole" / LAST_FILE)


def test_a_log_that_cannot_be_written_does_not_end_a_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "run.jsonl").mkdir()
    with caplog.at_level(logging.WARNING):
        path = train(phantom_config(tmp_path, 2), lambda _: None, _never, phantom_data(validation=0))
    assert path.is_file()
    assert caplog.text.count("cannot be written") == 1


def test_a_pause_saves_waits_and_changes_nothing(tmp_path: Path) -> None:
    data, events = phantom_data(validation=0), list[Event]()
    asked = 0

    def ask() -> Command:
        nonlocal asked
        asked += 1
        return Command.PAUSE if asked in (3, 4, 5) else Command.GO_ON

    train(phantom_config(tmp_path / "paused", 5), events.append, ask, data)
    (paused,) = [event for event in events if isinstance(event, RunPaused)]
    (resumed,) = [event for event in events if isinstance(event, RunResumed)]
    assert paused.step == resumed.step == 3
    train(phantom_config(tmp_path / "whole", 5), lambda _: None, _never, data)
    assert _same(tmp_path / "paused" / LAST_FILE, tmp_path / "whole" / LAST_FILE)


def test_stop_and_keep_best_evaluates_once_more_and_is_done(tmp_path: Path) -> None:
    events: list[Event] = []

    def ask() -> Command:
        return Command.KEEP_BEST if _steps(events) == 3 else Command.GO_ON

    path = train(phantom_config(tmp_path, 50), events.append, ask, phantom_data())
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert ended.reason is Reason.KEPT_BEST
    assert ended.best_step == 3
    assert path.name == "best.safetensors"


def test_a_listener_told_to_end_is_not_told_otherwise(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("pause\nnonsense\nresume\nstop\nresume\n")
    listener = Listener()
    with (tmp_path / "words").open() as lines:
        listener.listen(lines)
        deadline = time.monotonic() + 5
        while listener() is not Command.STOP and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.05)
    assert listener() is Command.STOP


def test_the_best_weights_are_any_better_but_a_gain_is_a_clear_one() -> None:
    best = Best(patience=2, min_delta=0.1)
    assert [best.take(score, step) for step, score in enumerate((0.5, 0.55, 0.4, 0.7), start=1)] == [
        *(True, True, False, True)
    ]
    assert best.step == 4
    assert best.waited == 0
    assert not best.is_over
    best.take(0.75, 5)
    best.take(0.6, 6)
    assert best.is_over
    assert best.step == 5


def test_a_heart_beats_while_nothing_else_is_told() -> None:
    beats: list[Heartbeat] = []
    with Heart(beats.append, seconds=0.01) as heart:
        heart.busy_with(Phase.EVALUATING)
        heart.stepped(3, 10, 2.0)
        time.sleep(0.2)
    assert len(beats) >= 2
    assert beats[-1].phase is Phase.EVALUATING
    assert beats[-1].left_s == pytest.approx(14)
    count = len(beats)
    time.sleep(0.05)
    assert len(beats) == count
    assert from_line(to_line(beats[-1])) == beats[-1]


def test_a_run_leaves_settings_curves_pictures_and_a_page(tmp_path: Path) -> None:
    events: list[Event] = []
    train(phantom_config(tmp_path, 4), events.append, _never, phantom_data())
    about = json.loads((tmp_path / "run.json").read_text())
    assert about["settings"]["steps"] == 4
    assert about["seed"] == 1
    assert len(about["data_hash"]) == 64
    assert set(about["starts"][0]["versions"]) >= {"torch", "python", "lungview"}
    assert str(tmp_path) not in (tmp_path / "run.json").read_text()
    (pictures,) = [event for event in events if isinstance(event, ExamplesSaved)]
    assert len(pictures.paths) == 2  # a slice with a lesion and one without
    assert all(Path(path).read_bytes().startswith(b"\x89PNG") for path in pictures.paths)
    assert any(isinstance(event, PlotsSaved) for event in events)
    assert (tmp_path / "curves.csv").read_text().startswith("step,loss,heat,box,mask,presence,quality,learning_rate")
    page = (tmp_path / "run.html").read_text()
    assert page.count("<svg") == 3
    assert "data:image/png" in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert (tmp_path / "curves.svg").read_text().count("<polyline") == 7 + 4 + 1
    logged = (tmp_path / "run.jsonl").read_text().splitlines()
    assert [from_line(line) for line in logged] == [event for event in events if not isinstance(event, Heartbeat)]


def test_a_history_forgets_what_is_done_anew_and_a_line_cut_short(tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    train(phantom_config(tmp_path / "run", 4), lambda _: None, _never, phantom_data())
    lines = (tmp_path / "run" / "run.jsonl").read_text().splitlines()
    again = lines[0].replace('"first_step": 0', '"first_step": 2')
    log.write_text("\n".join([*lines, again, '{"event": "StepDo']))
    history = read_history(log)
    assert [step for step, _ in history.loss.points] == [1, 2]
    assert not history.evaluations


def test_a_long_series_stays_bounded_and_keeps_its_mean() -> None:
    series = Series()
    for step in range(1, 20 * MOST_POINTS + 1):
        series.add(step, 1.0 if step % 2 else 3.0)
    assert len(series.points) < MOST_POINTS
    assert {value for _, value in series.points} == {2.0}


def test_curves_of_nothing_one_point_or_no_numbers_are_drawn_or_left_out() -> None:
    assert plot("Nothing", {"loss": []}) == ""
    assert plot("Nan", {"loss": [(1.0, float("nan"))]}) == ""
    assert "<circle" in plot("One", {"loss": [(1.0, 0.5)]}, is_log=True)
    assert "<polyline" in plot("Zero", {"loss": [(1.0, 0.0), (2.0, 0.0)]}, is_log=True)
