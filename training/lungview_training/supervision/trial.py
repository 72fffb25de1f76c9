"""A trial step in a process of its own, so that neither a crash nor the memory it takes is the window's."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from lungview import processes
from lungview.errors import TrainingError
from lungview.task import Task
from lungview_training.config import SourceConfig, TrainingConfig
from lungview_training.preflight.report import DryBatch
from lungview_training.supervision.commands import trainer_command
from lungview_training.supervision.endings import cause_of
from lungview_training.supervision.settings_file import write_settings

LONGEST_S = 600.0
_TICK_S = 0.1


class TrialError(TrainingError):
    """The trial step could not be taken."""


def trial_step(
    config: TrainingConfig,
    part: Sequence[SourceConfig],
    task: Task,
    *,
    command: Callable[[Path], Sequence[str]] = lambda settings: trainer_command("trial", settings),
    longest_s: float = LONGEST_S,
) -> DryBatch:
    """Take a step with a run's settings on a part of its data. Raises TrialError with the cause, and Cancelled."""
    with TemporaryDirectory(prefix="lungview-trial-") as place:
        settings, words, answer = (Path(place) / name for name in ("settings.toml", "words", "answer"))
        write_settings(settings, replace(config, sources=tuple(part), output=Path(place) / "run"))
        code = _run(command(settings), answer, words, task, longest_s)
        if code != 0:
            raise TrialError(cause_of(code, words).replace("The training ended", "The trial step ended", 1))
        try:
            return DryBatch(**json.loads(answer.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise TrialError("The trial step ended without saying how it went; its log tells more.") from error


def _run(command: Sequence[str], answer: Path, words: Path, task: Task, longest_s: float) -> int:
    """The exit status; the process is ended where the reader does not want it any more, or it takes too long."""
    until = time.monotonic() + longest_s
    with answer.open("wb") as out, words.open("wb") as errors:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=True,
            creationflags=processes.lowered_flags(),
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )
        processes.lower(process.pid)
        try:
            while (code := process.poll()) is None:
                task.check()
                if time.monotonic() > until:
                    raise TrialError(
                        f"A trial step took more than {longest_s / 60:.0f} minutes: lower the batch size, or train on "
                        "a faster computer."
                    )
                time.sleep(_TICK_S)
            return code
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
