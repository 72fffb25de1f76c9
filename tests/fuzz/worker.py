"""The child process that reads damaged files; it may die, and the parent then knows of which one."""

import faulthandler
import json
import os
import sys
import time
import traceback
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.corpus import mutant
from tests.fuzz.targets import TARGETS

if sys.platform != "win32":
    import resource


@dataclass(frozen=True, slots=True)
class Job:
    """Which files a worker reads: first, first + stride, and so on up to stop; within what memory, bytes."""

    kind: str
    seed: int
    first: int
    stop: int
    stride: int
    address_space: int


@dataclass(frozen=True, slots=True)
class Answer:
    """How one file ended.

    trouble: "" where all went as promised, else a traceback. seconds: of processor time, waiting for a decoder's
    process left out. memory: bytes the process grew by at its highest, 0 where the system does not tell.
    """

    index: int
    outcome: str
    trouble: str
    seconds: float
    memory: int


def answer(kind: str, index: int, content: bytes) -> Answer:
    """Read one file as the program would, and tell how it went."""
    with TemporaryDirectory(dir=_quick_folder()) as name:
        before = _reset_peak()
        began = time.process_time()
        trouble = ""
        try:
            outcome = TARGETS[kind](Path(name), content)
        except (Exception, RecursionError, MemoryError) as error:
            outcome = type(error).__name__
            trouble = "".join(traceback.format_exception(error))[-4000:]
        seconds = time.process_time() - began
        return Answer(index, outcome, trouble, seconds, max(0, _peak() - before))


def serve(job: Job, out: int) -> None:
    """Read all of a job's files, and write a line of JSON for each."""
    _limit(job.address_space)
    warnings.simplefilter("ignore")
    with os.fdopen(out, "w", buffering=1, encoding="utf-8") as stream:
        mutant(job.kind, job.seed, job.first)  # imports and seeds, which count for no file
        answer(job.kind, -1, b"")
        stream.write("ready\n")
        for index in range(job.first, job.stop, job.stride):
            _, content = mutant(job.kind, job.seed, index)
            stream.write(json.dumps(asdict(answer(job.kind, index, content))) + "\n")


def _limit(address_space: int) -> None:
    if sys.platform != "win32" and address_space:
        resource.setrlimit(resource.RLIMIT_AS, (address_space, address_space))


def _quick_folder() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # in memory, so that the disk sets no pace


def _reset_peak() -> int:
    """Let the highest memory be measured anew; returns what is held now, bytes."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return 0
    return _peak()


def _peak() -> int:
    """The highest memory held since it was last reset, bytes; 0 where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return 0
    line = next((each for each in status.splitlines() if each.startswith("VmHWM:")), "VmHWM: 0 kB")
    return int(line.split()[1]) << 10


if __name__ == "__main__":
    faulthandler.enable()
    serve(Job(**json.loads(sys.argv[1])), int(sys.argv[2]))
