"""Marks, logs and records of runs that were spoilt: put aside or passed over, and what is sound goes on."""

from pathlib import Path

import pytest
import torch

from lungview.domain.box import Box
from lungview.errors import TrainingError
from lungview.marks.document import from_json, to_json
from lungview.marks.mark import Mark, Place
from lungview.marks.record import CaseRecord
from lungview.marks.store import RecordStore
from lungview_training.checkpoint import load_state
from lungview_training.events import StepDone, append_line, read_events
from lungview_training.record.about import read_about
from lungview_training.run_files import STATE_FILE

MARK = Mark("m1", Place("1.2.3", 0), Box(1.0, 2.0, 30.0, 40.0), "L1")
SOUND = to_json(CaseRecord({MARK.id: MARK}))
SPOILT = [
    b"", b"\0" * 4096, b"null", b"[]", b"[" * 100_000, SOUND[:-9], SOUND + b"}",
    SOUND.replace(b"30.0", b"NaN"), SOUND.replace(b"30.0", b"1e999"), SOUND.replace(b"30.0", b'"wide"'),
    SOUND.replace(b'"frame": 0', b'"frame": 1e300'), SOUND.replace(b'"frame": 0', b'"frame": Infinity'),
    SOUND.replace(b'"drawn"', b'"forged"'), SOUND.replace(b'"place"', b'"plaice"'), b"\xff\xfe" + SOUND,
]  # fmt: skip


@pytest.mark.parametrize("content", SPOILT)
def test_a_spoilt_record_of_marks_is_put_aside_and_marking_goes_on(tmp_path: Path, content: bytes) -> None:
    store = RecordStore(tmp_path)
    store.file("spoilt").write_bytes(content)
    store.file("sound").write_bytes(SOUND)
    try:
        from_json(content)
    except ValueError:
        pass
    else:
        pytest.skip("still makes sense")
    assert [key for key, _ in store.all()] == ["sound"]
    record = store.load("spoilt")
    assert not record.marks
    kept = store.save("spoilt", record, CaseRecord({MARK.id: MARK}))
    assert store.load("spoilt") == kept
    assert content in [path.read_bytes() for path in tmp_path.iterdir() if path.is_file()]


def test_a_log_with_rubbish_in_it_tells_the_rest(tmp_path: Path) -> None:
    log = tmp_path / "events.jsonl"
    step = StepDone(1, 0.5, 1e-3, 0.1)
    append_line(log, step)
    with log.open("ab") as file:
        file.write(b"\xff\xfe\n[[[[\n" + b"[" * 100_000 + b'\n{"event": "StepDone"}\n{"event": "__class__"}\nnull\n7\n')
    append_line(log, step)
    assert list(read_events(log)) == [step, step]


@pytest.mark.parametrize("content", [b"", b"null", b"[" * 100_000, b"\xff", b"[1]"])
def test_a_run_whose_record_is_spoilt_is_one_of_which_nothing_is_noted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "run.json").write_bytes(content)
    assert read_about(tmp_path / "run.json") == {}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04K\x01.", b"[" * 1000])
def test_a_spoilt_checkpoint_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / STATE_FILE).write_bytes(content)
    with pytest.raises(TrainingError, match="cannot be read"):
        load_state(tmp_path, "x")


def test_a_checkpoint_that_is_a_program_is_not_run(tmp_path: Path) -> None:
    class Program:
        def __reduce__(self) -> tuple[object, ...]:
            return Path.mkdir, (tmp_path / "ran",)

    torch.save({"step": Program()}, tmp_path / STATE_FILE)
    with pytest.raises(TrainingError):
        load_state(tmp_path, "x")
    assert not (tmp_path / "ran").exists()
