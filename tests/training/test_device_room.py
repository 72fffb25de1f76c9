"""A graphics card that others have filled: a run that may choose takes the CPU, says so, and loses nothing."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lungview_training import device_room, engine
from lungview_training.engine import train
from lungview_training.events import DeviceChanged, Event, RunEnded, RunFailed, RunStarted, StepDone, from_line, to_line
from lungview_training.preparing import Run
from lungview_training.supervision.progress import Progress
from lungview_training.update.stepping import OutOfMemoryError
from tests.training.phantoms import phantom_config, phantom_data


def _never() -> bool:
    return False


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the looks at the device see a graphics card, where only the CPU is."""
    monkeypatch.setattr(device_room, "choose_device", lambda _name: torch.device("cuda"))


@pytest.mark.usefixtures("card")
@pytest.mark.parametrize(("free", "is_crowded"), [(1 << 30, True), (8 << 30, False)])
def test_a_card_whose_memory_is_taken_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, is_crowded: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (free, 16 << 30))
    config = replace(phantom_config(tmp_path, 1), device="auto")
    told = device_room.is_crowded(config)
    assert bool(told) is is_crowded
    if is_crowded:
        assert "1.0 of 16 GB are free" in told
        assert "Close other programs" in told
    assert device_room.is_crowded(replace(config, device="cuda")) == ""  # the reader's own choice


@pytest.mark.usefixtures("card")
def test_a_card_that_does_not_answer_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> tuple[int, int]:
        raise RuntimeError("CUDA error: out of memory")

    monkeypatch.setattr(torch.cuda, "mem_get_info", fail)
    assert "does not answer" in device_room.is_crowded(replace(phantom_config(tmp_path, 1), device="auto"))


def test_a_run_begins_on_the_cpu_and_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "is_crowded", lambda config: "Taken." if config.device == "auto" else "")
    events: list[Event] = []
    train(replace(phantom_config(tmp_path, 2), device="auto"), events.append, _never, phantom_data())
    assert events[0] == DeviceChanged("cpu", "Taken.")
    assert from_line(to_line(events[0])) == events[0]
    assert isinstance(events[-1], RunEnded)
    progress = Progress()
    progress.take(events[0])
    assert progress.remarks == ["Taken."]


@pytest.mark.parametrize("error", [OutOfMemoryError("Full.", 0), torch.OutOfMemoryError("CUDA out of memory.")])
def test_memory_that_runs_out_in_a_run_sends_it_to_the_cpu_from_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    # Only the answer to what device there is differs: the run itself is on the CPU both times.
    monkeypatch.setattr(device_room, "choose_device", lambda _name: torch.device("cuda"))
    monkeypatch.setattr(engine, "is_crowded", lambda _config: "")
    advance = engine._Training._advance

    def fail_at_four(training: engine._Training, run: Run) -> None:
        if training.config.device == "auto" and run.step == 3:
            raise error
        advance(training, run)

    monkeypatch.setattr(engine._Training, "_advance", fail_at_four)
    events: list[Event] = []
    train(replace(phantom_config(tmp_path, 4), device="auto"), events.append, _never, phantom_data())
    assert not any(isinstance(event, RunFailed) for event in events)
    assert [event.first_step for event in events if isinstance(event, RunStarted)] == [0, 2]
    assert [event.step for event in events if isinstance(event, StepDone)] == [1, 2, 3, 3, 4]
    (told,) = [event for event in events if isinstance(event, DeviceChanged)]
    assert "from the last checkpoint on" in told.message
    assert isinstance(events[-1], RunEnded)


def test_a_device_that_the_reader_chose_is_not_changed(tmp_path: Path) -> None:
    config = replace(phantom_config(tmp_path, 1), device="cuda")
    assert device_room.falls_back(config, OutOfMemoryError("Full.", 0)) == ""
    assert device_room.falls_back(replace(config, device="auto"), ValueError("other")) == ""
