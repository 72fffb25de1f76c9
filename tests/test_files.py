"""Writing files so that none is ever half there."""

import os
from pathlib import Path

import pytest

from lungview.files import parse_json, write_atomically


def test_a_file_is_replaced_whole_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.json"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert [each.name for each in path.parent.iterdir()] == ["report.json"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_at_any_step_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "report.json"
    write_atomically(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os if step == "fsync" else Path, step, fail)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [each.name for each in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_a_written_file_can_be_passed_on(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(b"")
    write_atomically(tmp_path / "report.json", b"")
    assert (tmp_path / "report.json").stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "NaN", "[-Infinity]", "1e999", "", "{", '"\\ud800'])
def test_json_that_cannot_be_kept_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - which message is of no matter
        parse_json(text)


def test_a_log_may_hold_losses_that_are_no_numbers() -> None:
    assert parse_json('{"loss": NaN, "step": 3}', is_nan_fine=True)["step"] == 3
