"""Logs that lines are added to: one that a crash cut off costs itself alone."""

from pathlib import Path

import pytest

from lungview.files import append_line
from lungview_training.events import StepDone, read_events
from lungview_training.events import append_line as append_event


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    append_line(path, "one")
    path.write_bytes(path.read_bytes() + b"tw")
    append_line(path, "three")
    assert path.read_text().splitlines() == ["one", "tw", "three"]


def test_an_event_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    append_event(path, StepDone(1, 0.5, 0.1, 1.0))
    path.write_bytes(path.read_bytes() + b'{"event": "Step')
    append_event(path, StepDone(2, 0.5, 0.1, 1.0))
    assert [event.step for event in read_events(path) if isinstance(event, StepDone)] == [1, 2]


def test_a_line_that_the_disk_takes_in_part_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.jsonl"
    append_line(path, "one")
    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", _full)
        with pytest.raises(OSError, match="No space"):
            append_line(path, "two")
    assert path.read_text() == "one\n"


def _full(_handle: int) -> None:
    raise OSError(28, "No space left on device")
