"""The whole program killed at random moments, while a training goes on and boxes are drawn."""

import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from lungview.marks.store import RecordStore
from lungview.processes import is_alive
from lungview_training.supervision.registry import RunRegistry, State
from lungview_training.supervision.settings_file import write_settings
from tests.support.ui import write_patient
from tests.training.supervision.tiny import tiny_config, write_pictures

_LONG_S = 120.0
_ROUNDS = 3


class _Program:
    """A program that runs, and what it said."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.said: list[str] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.ui.training.killed_program", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LUNGVIEW_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"},
            text=True,
        )
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def number(self, words: str) -> int:
        """The last number said after these words, -1 for none."""
        found = [int(match[1]) for line in self.said if (match := re.fullmatch(rf"{words} (\d+)", line))]
        return found[-1] if found else -1

    def wait_for(self, words: str) -> None:
        _wait(lambda: any(line.startswith(words) for line in self.said) or self._process.poll() is not None)
        assert self._process.poll() is None, self.said

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._reader.join()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                self.said.append(line.strip())


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="the system has no SIGKILL")
def test_a_killed_program_loses_no_mark_and_no_checkpoint_and_leaves_no_worker(tmp_path: Path) -> None:
    home, chance = tmp_path / "home", random.Random(4)
    settings = tmp_path / "settings.toml"
    write_settings(settings, replace(tiny_config(write_pictures(tmp_path / "pictures"), 100_000), output=tmp_path))
    patient = write_patient(tmp_path / "images")
    registry = RunRegistry(home / "data" / "trainings")
    drawn = first = 0
    for number in range(_ROUNDS):
        program = _Program(home, str(patient), *([str(settings)] if number == 0 else []))
        try:
            program.wait_for("saved")
            program.wait_for("steps from")
            time.sleep(chance.uniform(0.0, 1.5))
        finally:
            program.kill()
        worker = program.number("worker")
        _wait(partial(_is_gone, worker))  # by itself: nobody reads what it says
        if number:
            assert any("A training was interrupted" in line and "go on?" in line for line in program.said), [
                line for line in program.said if not line.startswith("saved")
            ]
            assert program.number("steps from") > first or number == 1
            assert program.number("steps from") > 0
        first = program.number("steps from")
        ((_, record),) = RecordStore(home / "data" / "marks").all()
        assert len(record.marks) >= program.number("saved") >= drawn
        drawn = len(record.marks)
        [left] = registry.left_over()
        assert left.state is State.GOING
        assert registry.output_of(left).joinpath("state.pt").is_file()
    assert drawn > _ROUNDS


def _is_gone(worker: int) -> bool:
    return not is_alive(worker)


def _wait(check: Callable[[], bool]) -> None:
    until = time.monotonic() + _LONG_S
    while not check():
        assert time.monotonic() < until
        time.sleep(0.05)
