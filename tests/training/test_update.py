"""Steps: memory that runs out, losses that are no numbers, stages that keep still, dropout shared out."""

import dataclasses
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional

from lungview.detection.models_info import TRAINABLE
from lungview.errors import TrainingError
from lungview_training.checkpoint import load_state
from lungview_training.config import TrainingConfig
from lungview_training.engine import train, train_out
from lungview_training.events import Event, MemoryRanOut, Reason, RunEnded, RunFailed, RunStarted, StepDone
from lungview_training.fingerprint import fingerprint
from lungview_training.learners.choose import make_learner
from lungview_training.learners.lesion import LesionLearner
from lungview_training.parallel.dropout import SharedDropout
from lungview_training.run_files import LAST_FILE, STATE_FILE
from lungview_training.update.freezing import freeze, set_modes, stages
from tests.training.phantoms import phantom_config, phantom_data


def _never() -> bool:
    return False


def _little_memory(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    """Let passes of more than so many slices run out of memory."""
    losses = LesionLearner.losses

    def limited(self: LesionLearner, network: nn.Module, batch: object) -> object:
        assert hasattr(batch, "__len__")
        if len(batch) > most:
            network(batch.inputs)  # type: ignore[attr-defined]
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1 GiB")
        return losses(self, network, batch)  # type: ignore[arg-type]

    monkeypatch.setattr(LesionLearner, "losses", limited)


def test_memory_that_runs_out_halves_the_pass_and_repeats_the_step(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.set_num_threads(1)
    data = phantom_data()
    asked = dataclasses.replace(phantom_config(tmp_path / "asked", 3), micro_batch=1)
    wanted = load_file(train(asked, lambda _: None, _never, data).with_name(LAST_FILE))
    _little_memory(monkeypatch, 2)
    events: list[Event] = []
    config = phantom_config(tmp_path / "ran-out", 3)
    found = load_file(train(config, events.append, _never, data).with_name(LAST_FILE))
    told = [event for event in events if isinstance(event, MemoryRanOut)]
    assert [event.micro_batch for event in told] == [3, 1]  # of a batch of 6
    assert {event.step for event in told} == {0}
    assert [event.step for event in events if isinstance(event, StepDone)] == [1, 2, 3]
    # A step done again leaves no trace of the failed attempt, batch statistics included.
    assert all(torch.equal(found[name], wanted[name]) for name in wanted)
    state = torch.load(config.output / STATE_FILE, weights_only=True)
    assert state["micro_batch"] == 1


def test_memory_for_not_even_one_slice_is_said_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _little_memory(monkeypatch, 0)
    events: list[Event] = []
    with pytest.raises(TrainingError, match="lower image_size"):
        train(phantom_config(tmp_path, 3), events.append, _never, phantom_data())
    assert isinstance(events[-1], RunFailed)


def test_errors_that_are_not_of_memory_are_not_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(LesionLearner, "losses", broken)
    with pytest.raises(RuntimeError, match="shapes"):
        train(phantom_config(tmp_path, 1), lambda _: None, _never, phantom_data())


def test_a_loss_that_is_no_number_stops_with_the_last_checkpoint_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, data = phantom_config(tmp_path, 6), phantom_data()
    losses = LesionLearner.losses
    events: list[Event] = []

    def spoilt(self: LesionLearner, network: nn.Module, batch: object) -> object:
        found = dict(losses(self, network, batch))  # type: ignore[arg-type]
        if sum(isinstance(event, StepDone) for event in events) == 3:
            found["box"] = found["box"] * float("nan")
        return found

    monkeypatch.setattr(LesionLearner, "losses", spoilt)
    with pytest.raises(TrainingError, match=r"no number at step 3: lower learning_rate.*checkpoint of step 2 is kept"):
        train(config, events.append, _never, data)
    failed = events[-1]
    assert isinstance(failed, RunFailed)
    assert failed.checkpoint_step == 2
    state = load_state(tmp_path, fingerprint(config, data))
    assert state is not None
    assert all(bool(torch.isfinite(value).all()) for value in state.network.values())


def test_passes_of_a_whole_batch_give_what_one_pass_gives(tmp_path: Path) -> None:
    data = phantom_data()
    whole = train(phantom_config(tmp_path / "a", 2), lambda _: None, _never, data)
    parts = dataclasses.replace(phantom_config(tmp_path / "b", 2), micro_batch=6)
    again = train(parts, lambda _: None, _never, data)
    a, b = load_file(whole.with_name(LAST_FILE)), load_file(again.with_name(LAST_FILE))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_frozen_stages_keep_their_weights_and_statistics(tmp_path: Path) -> None:
    data = phantom_data()
    start = train(phantom_config(tmp_path / "first", 2), lambda _: None, _never, data).with_name(LAST_FILE)
    config = dataclasses.replace(phantom_config(tmp_path / "tuned", 2), start_from=start, freeze=2, fix_norm_below=0)
    events: list[Event] = []
    tuned = load_file(train(config, events.append, _never, data).with_name(LAST_FILE))
    before = load_file(start)
    held = ("stem.", "stages.0.")
    for name, value in before.items():
        if name.startswith(held):
            assert torch.equal(value, tuned[name]), name
        elif name.endswith("conv.weight") or name == "heads.weight":
            assert not torch.equal(value, tuned[name]), name
    begun = events[0]
    assert isinstance(begun, RunStarted)
    assert begun.trainable < begun.parameters


def test_a_small_fine_tuning_batch_keeps_the_statistics_it_came_with(tmp_path: Path) -> None:
    data = phantom_data()
    start = train(phantom_config(tmp_path / "first", 1), lambda _: None, _never, data).with_name(LAST_FILE)
    config = dataclasses.replace(phantom_config(tmp_path / "tuned", 2), start_from=start)
    assert config.batch_size < config.fix_norm_below
    tuned = load_file(train(config, lambda _: None, _never, data).with_name(LAST_FILE))
    before = load_file(start)
    means = [name for name in before if name.endswith("running_mean")]
    assert means
    assert all(torch.equal(before[name], tuned[name]) for name in means)


@pytest.mark.parametrize("network", TRAINABLE)
def test_every_network_has_stages_to_freeze(tmp_path: Path, network: str) -> None:
    config = dataclasses.replace(phantom_config(tmp_path, 1), network=network, freeze=1)
    made = make_learner(config).make_network()
    found = stages(made)
    assert sum(value.numel() for _, stage in found for value in stage.parameters()) == sum(
        value.numel() for value in made.parameters()
    )
    freeze(made, 1)
    set_modes(made, config, 6)
    assert not any(value.requires_grad for value in found[0][1].parameters())
    assert not found[0][1].training
    assert found[-1][1].training
    with pytest.raises(TrainingError, match="freeze must be below"):
        freeze(made, len(found))


def test_a_run_ends_once_validation_no_longer_gains(tmp_path: Path) -> None:
    config = _impatient(tmp_path)
    events: list[Event] = []
    train(config, events.append, _never, phantom_data())
    ended = events[-1]
    assert isinstance(ended, RunEnded)
    assert ended.reason is Reason.NO_GAIN
    assert ended.stopped
    assert ended.step == 3  # the first evaluation sets the mark, two more do not beat it by 2
    train(config, events.append, _never, phantom_data())
    again = events[-1]
    assert isinstance(again, RunEnded)
    assert again.step == 3  # and it does not begin anew
    assert train_out(config, lambda _: None, _never, phantom_data(), "asked to stop").step == 3  # which nobody did


def test_dropout_draws_for_all_what_one_process_draws() -> None:
    x = torch.rand(6, 4, 5, 5).contiguous(memory_format=torch.channels_last)
    for drop in (functional.dropout, functional.dropout2d):
        torch.manual_seed(3)
        whole = drop(x, 0.5, True)
        parts = []
        for rows in (slice(0, 2), slice(2, 6)):
            torch.manual_seed(3)
            with SharedDropout(6, rows):
                parts.append(drop(x[rows], 0.5, True))
        assert torch.equal(torch.cat(parts), whole)


def _impatient(folder: Path) -> TrainingConfig:
    return dataclasses.replace(phantom_config(folder, 9), evaluate_every=1, patience=2, min_delta=2.0)
