"""Runs: they learn, stop, go on as if never stopped, and refuse what does not fit."""

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from lungview.detection.build import build_network
from lungview.detection.networks.catalogue import network_names
from lungview.detection.networks.lesion import LesionNet
from lungview.errors import TrainingError, WeightsError
from lungview_training.engine import train, train_out
from lungview_training.events import (
    CheckpointSaved,
    EvaluationDone,
    Event,
    Reason,
    RunEnded,
    RunStarted,
    StepDone,
    from_line,
    to_line,
)
from lungview_training.losses import compute, encode
from lungview_training.run_files import LAST_FILE, STATE_FILE
from lungview_training.sampling import Sampler
from tests.training.phantoms import phantom_config, phantom_data


def _never() -> bool:
    return False


@pytest.mark.parametrize("network", network_names())
def test_three_steps_lower_the_loss(tmp_path: Path, network: str) -> None:
    config = dataclasses.replace(phantom_config(tmp_path, 3), network=network, warmup_share=0.0)
    data = phantom_data()
    batch = Sampler(config, data.train, data.crops, data.nodules).batch(0)
    untrained = dataclasses.replace(config, output=tmp_path / "none", steps=1, learning_rate=1e-12)
    torch.set_num_threads(1)

    def loss_after(path: Path) -> float:
        trained = build_network(path)
        assert isinstance(trained, LesionNet)
        assert trained.key == network
        with torch.inference_mode():
            output = trained(batch.inputs)
        return float(compute(output, batch, encode(batch.boxes, (16, 16))).total)

    before = loss_after(train(untrained, lambda _: None, _never, data).with_name(LAST_FILE))
    after = loss_after(train(config, lambda _: None, _never, data).with_name(LAST_FILE))
    assert after < before


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    data = phantom_data()
    whole = train(phantom_config(tmp_path / "whole", 6), lambda _: None, _never, data)
    events: list[Event] = []
    config = phantom_config(tmp_path / "parts", 6)

    train(config, events.append, lambda: sum(isinstance(event, StepDone) for event in events) == 3, data)
    assert isinstance(events[-1], RunEnded)
    assert events[-1].stopped
    assert events[-1].step == 3
    resumed = train(config, events.append, _never, data)
    started = [event for event in events if isinstance(event, RunStarted)]
    assert [event.first_step for event in started] == [0, 3]
    a, b = load_file(whole.with_name(LAST_FILE)), load_file(resumed.with_name(LAST_FILE))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_the_end_tells_the_time_of_all_that_was_spent_on_a_run(tmp_path: Path) -> None:
    data, config = phantom_data(), phantom_config(tmp_path, 3)
    asked = iter([True])
    with pytest.raises(TrainingError, match="over for today"):
        train_out(config, lambda _: None, lambda: next(asked, True), data, "It is over for today.")
    state = torch.load(tmp_path / STATE_FILE, weights_only=True)
    assert state["step"] == 1
    torch.save(state | {"seconds": 5000.0}, tmp_path / STATE_FILE)  # as if that step had taken long
    ended = train_out(config, lambda _: None, _never, data, "")
    assert (ended.step, ended.reason) == (3, Reason.FINISHED)
    assert 5000.0 < ended.seconds < 6000.0
    again = train_out(config, lambda _: None, _never, data, "")
    assert 5000.0 < again.seconds <= ended.seconds, "nothing was added to it"
    assert again.weights == ended.weights


def test_events_tell_the_run_and_survive_being_written(tmp_path: Path) -> None:
    events: list[Event] = []
    path = train(phantom_config(tmp_path, 4), events.append, _never, phantom_data())
    kinds = [type(event) for event in events]
    assert kinds[0] is RunStarted
    assert kinds.count(StepDone) == 4
    assert EvaluationDone in kinds
    assert CheckpointSaved in kinds
    assert kinds[-1] is RunEnded
    assert path.is_file()
    assert [from_line(to_line(event)) for event in events] == events


def test_a_line_that_is_no_event_is_refused() -> None:
    for line in ("", "{}", '{"event": "Party"}', "[1]"):
        with pytest.raises(TrainingError, match="no event"):
            from_line(line)


def test_a_run_of_other_settings_is_not_gone_on_with(tmp_path: Path) -> None:
    data = phantom_data()
    train(phantom_config(tmp_path, 2), lambda _: None, _never, data)
    other = dataclasses.replace(phantom_config(tmp_path, 2), seed=9)
    with pytest.raises(TrainingError, match="other settings"):
        train(other, lambda _: None, _never, data)


def test_weights_of_another_network_are_not_started_from(tmp_path: Path) -> None:
    data = phantom_data()
    weights = train(phantom_config(tmp_path / "compact", 1), lambda _: None, _never, data)
    config = dataclasses.replace(phantom_config(tmp_path / "other", 1), network="attention-unet", start_from=weights)
    with pytest.raises(WeightsError, match="AttentionUNet needs"):
        train(config, lambda _: None, _never, data)


def test_a_spoilt_checkpoint_is_refused_by_name(tmp_path: Path) -> None:
    data = phantom_data()
    train(phantom_config(tmp_path, 2), lambda _: None, _never, data)
    (tmp_path / STATE_FILE).write_bytes(b"not a checkpoint")
    with pytest.raises(TrainingError, match=r"state\.pt"):
        train(phantom_config(tmp_path, 2), lambda _: None, _never, data)


def test_no_half_written_file_is_left(tmp_path: Path) -> None:
    train(phantom_config(tmp_path, 2), lambda _: None, _never, phantom_data())
    assert not list(tmp_path.glob("*.part"))
