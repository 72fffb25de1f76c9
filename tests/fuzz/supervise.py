"""Keep child processes reading damaged files; notice deaths, hangs and breaches, and go on after them."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from tests.fuzz.worker import Answer, Job

ROOT = Path(__file__).resolve().parents[2]
_START_S = 120.0
_POLL_S = 0.5


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one file may take. cpu_s: processor time; hang_s: without an answer; memory: bytes grown by."""

    cpu_s: float = 5.0
    hang_s: float = 60.0
    memory: int = 512 << 20
    address_space: int = 8 << 30


@dataclass(frozen=True, slots=True)
class Find:
    """A file that broke a promise; why: crash, hang, slow, memory or exception."""

    kind: str
    seed: int
    index: int
    why: str
    detail: str


@dataclass(slots=True)
class Tally:
    """What came of the files of one kind so far."""

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, int] = (0.0, -1)
    largest: tuple[int, int] = (0, -1)
    seconds: float = 0.0

    @property
    def files(self) -> int:
        """How many."""
        return self.outcomes.total()

    def add(self, answer: Answer) -> None:
        """Count one."""
        self.outcomes[answer.outcome] += 1
        self.slowest = max(self.slowest, (answer.seconds, answer.index))
        self.largest = max(self.largest, (answer.memory, answer.index))


class _Child:
    """One running worker."""

    def __init__(self, job: Job) -> None:
        reading, writing = os.pipe()
        self.job, self.reading = job, reading
        self.words: IO[bytes] = TemporaryFile()  # noqa: SIM115 - closed by end()
        self._left = b""
        self.deadline = time.monotonic() + _START_S
        command = [sys.executable, "-m", "tests.fuzz.worker", json.dumps(asdict(job)), str(writing)]
        # A group of its own, so that decoders which it starts end with it.
        self.process = subprocess.Popen(
            command, cwd=ROOT, pass_fds=[writing], stdout=self.words, stderr=self.words, stdin=subprocess.DEVNULL,
            start_new_session=True, env=_quiet_environment(),
        )  # fmt: skip
        os.close(writing)

    def lines(self) -> list[str] | None:
        """Whole lines that have come; None once it has ended."""
        data = os.read(self.reading, 1 << 16)
        if not data:
            return None
        *whole, self._left = (self._left + data).split(b"\n")
        return [line.decode() for line in whole]

    def end(self) -> str:
        """End it with all that it started; returns its last words."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        os.close(self.reading)
        self.words.seek(0)
        words = self.words.read()[-2000:].decode(errors="replace")
        self.words.close()
        return f"exit status {self.process.returncode}\n{words}"


class Campaign:
    """The files of one kind, spread over several processes."""

    def __init__(self, job: Job, jobs: int, bounds: Bounds, on_find: Callable[[Find], None]) -> None:
        self._bounds, self._on_find = bounds, on_find
        self._jobs = [replace(job, first=job.first + k, stride=jobs) for k in range(jobs)]
        self._selector = selectors.DefaultSelector()
        self.tally = Tally()

    def run(self, until: float) -> Tally:
        """Read all files, or as many as can be before a moment of the monotonic clock."""
        began = time.monotonic()
        for job in self._jobs:
            self._start(job)
        try:
            while self._selector.get_map() and time.monotonic() < until:
                self._look()
        finally:
            for key in list(self._selector.get_map().values()):
                self._stop(key.data)
            self._selector.close()
        self.tally.seconds = time.monotonic() - began
        return self.tally

    def _start(self, job: Job) -> None:
        if job.first < job.stop:
            child = _Child(job)
            self._selector.register(child.reading, selectors.EVENT_READ, child)

    def _stop(self, child: _Child) -> str:
        self._selector.unregister(child.reading)
        return child.end()

    def _look(self) -> None:
        for key, _ in self._selector.select(_POLL_S):
            child: _Child = key.data
            lines = child.lines()
            if lines is None:
                self._ended(child)
            else:
                self._heard(child, lines)
        for key in list(self._selector.get_map().values()):
            if time.monotonic() > key.data.deadline:
                self._died(key.data, "hang")

    def _heard(self, child: _Child, lines: list[str]) -> None:
        child.deadline = time.monotonic() + self._bounds.hang_s
        for line in lines:
            if line == "ready":
                continue
            answer = Answer(**json.loads(line))
            child.job = replace(child.job, first=answer.index + child.job.stride)
            self.tally.add(answer)
            self._judge(child.job, answer)

    def _judge(self, job: Job, answer: Answer) -> None:
        if answer.trouble:
            self._find(job, answer.index, "exception", answer.trouble)
        elif answer.seconds > self._bounds.cpu_s:
            self._find(job, answer.index, "slow", f"{answer.seconds:.1f} s of processor time")
        elif answer.memory > self._bounds.memory:
            self._find(job, answer.index, "memory", f"{answer.memory >> 20} MiB")

    def _ended(self, child: _Child) -> None:
        if child.job.first >= child.job.stop:
            self._stop(child)
        else:
            self._died(child, "crash")

    def _died(self, child: _Child, why: str) -> None:
        words, index = self._stop(child), child.job.first
        self.tally.outcomes[why] += 1
        self._find(child.job, index, why, words)
        self._start(replace(child.job, first=index + child.job.stride))

    def _find(self, job: Job, index: int, why: str, detail: str) -> None:
        self._on_find(Find(job.kind, job.seed, index, why, detail))


def _quiet_environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
