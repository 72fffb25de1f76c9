"""A training's record: made anew where it was damaged, left alone where a later program wrote it."""

import json
from pathlib import Path

import pytest

from lungview_training.config import SourceConfig, SourceKind, TrainingConfig
from lungview_training.events import CheckpointSaved, append_line
from lungview_training.supervision.registry import RECORD_FILE, RunRegistry, State


@pytest.fixture
def registry(tmp_path: Path) -> RunRegistry:
    return RunRegistry(tmp_path / "trainings")


def begun(registry: RunRegistry, tmp_path: Path) -> Path:
    """A training that has saved two checkpoints; its record's file."""
    source = SourceConfig(SourceKind.FOLDER, tmp_path)
    record = registry.add(TrainingConfig("x", tmp_path, (source,), steps=50), base="compact", title="Mine")
    registry.output_of(record).mkdir()
    for step in (10, 20):
        append_line(registry.output_of(record) / "run.jsonl", CheckpointSaved(step, "state.pt", is_best=True))
    return registry.folder_of(record) / RECORD_FILE


@pytest.mark.parametrize("text", ["", '{"id": "x', "[]", '{"id": 5}', '{"title": "no id"}', '{"schema": "x"}'])
def test_a_damaged_record_is_put_aside_and_made_anew_so_that_the_run_can_go_on(
    registry: RunRegistry, tmp_path: Path, text: str
) -> None:
    path = begun(registry, tmp_path)
    path.write_text(text)
    (record,) = registry.all()
    assert (record.state, record.step, record.steps) == (State.BROKEN, 20, 50)
    assert record.data == str(tmp_path)
    assert registry.config_of(record).steps == 50
    assert [each.read_text() for each in path.parent.glob("record.damaged-*")] == [text]


def test_a_record_of_a_later_program_is_passed_over_and_left_as_it_is(registry: RunRegistry, tmp_path: Path) -> None:
    path = begun(registry, tmp_path)
    path.write_text(later := '{"schema": 99}')
    assert registry.all() == []
    assert path.read_text() == later


def test_a_record_of_the_first_programs_is_read(registry: RunRegistry, tmp_path: Path) -> None:
    path = begun(registry, tmp_path)
    table = json.loads(path.read_text())
    assert table.pop("schema") == 1
    path.write_text(json.dumps(table))
    assert [each.title for each in registry.all()] == ["Mine"]
