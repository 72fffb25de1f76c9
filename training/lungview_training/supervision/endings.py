"""How a worker ended, in plain sentences."""

import signal
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from lungview_training.events import Reason, RunEnded, RunFailed

_TAIL = 4000
_NOT_SPACE = "No space left on device"


class EndKind(StrEnum):
    """What an end means to the reader."""

    DONE = "done"
    """There is a model to look at: last step, early stopping, or stopped with the best kept."""
    STOPPED = "stopped"
    FAILED = "failed"
    """The worker itself said why it could not go on."""
    DIED = "died"
    """It went without a word."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a worker ended. message: cause and remedy, for the reader. can_go_on: a checkpoint is there to go on from."""

    kind: EndKind
    message: str
    can_go_on: bool
    weights: str = ""


def describe(
    code: int, told: RunEnded | RunFailed | None, checkpoint_step: int, words: Path, *, was_asked: bool
) -> Ending:
    """Put an end into words.

    code: exit status, below 0 for a signal. told: the worker's own last word. was_asked: the reader ended it at once.
    """
    if isinstance(told, RunEnded):
        return _told(told)
    can_go_on = checkpoint_step > 0
    kept = f" What was saved at step {checkpoint_step} is kept, and it can go on from there." if can_go_on else ""
    nothing = "" if can_go_on else " Nothing had been saved yet; it can be begun again."
    if was_asked:
        return Ending(EndKind.STOPPED, f"The training was ended at once.{kept or nothing}", can_go_on)
    if isinstance(told, RunFailed):
        return Ending(EndKind.FAILED, f"{told.message}{kept}", can_go_on)
    tail = _tail(words)
    if code == 1 and (sentence := _sentence(tail)):
        return Ending(EndKind.FAILED, f"{sentence}{kept}", can_go_on)
    return Ending(EndKind.DIED, f"{_cause(code, tail)}{kept or nothing}", can_go_on)


def cause_of(code: int, words: Path) -> str:
    """Why a process of the trainer failed, in its own words where it said any. words: what it said for people."""
    tail = _tail(words)
    return (_sentence(tail) if code == 1 else "") or _cause(code, tail)


def _told(told: RunEnded) -> Ending:
    if told.reason is Reason.STOPPED:
        return Ending(EndKind.STOPPED, f"Stopped at step {told.step}. It can go on from there.", True, told.weights)
    said = {
        Reason.FINISHED: f"Finished after {told.step} steps.",
        Reason.KEPT_BEST: f"Stopped at step {told.step}; the best weights so far are kept.",
        Reason.NO_GAIN: f"Ended at step {told.step}: validation had not got better for a while.",
    }[told.reason]
    best = f" The best weights are those of step {told.best_step}." if told.best_step else ""
    return Ending(EndKind.DONE, said + best, False, told.weights)


def _cause(code: int, tail: str) -> str:
    if _NOT_SPACE in tail:
        return "The training ended because the disk is full: free space in LungView's data folder."
    if "MemoryError" in tail or "DefaultCPUAllocator" in tail:
        return "The training ended because memory ran out: close other programs, or lower the batch size."
    if "CUDA error" in tail or "CUDNN" in tail:
        return "The training ended because the graphics driver failed: go on, or choose the CPU."
    if code < 0:
        return _of_signal(-code)
    if code == 0:
        return "The training ended without saying why."
    return f"The training ended by an error of the program (exit status {code}); its log tells more."


def _of_signal(number: int) -> str:
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    if name == "SIGKILL":
        return (
            "The training was ended from outside (SIGKILL): most often the system does so when memory runs out. "
            "Close other programs, or lower the batch size."
        )
    if name in ("SIGSEGV", "SIGABRT", "SIGBUS", "SIGFPE", "SIGILL"):
        return f"The training crashed ({name}) inside a library or driver; should it happen again, choose the CPU."
    return f"The training was ended from outside ({name})."


def _sentence(tail: str) -> str:
    """The last sentence that the command said for people."""
    said = [line.partition(": ")[2] for line in tail.splitlines() if line.startswith("lungview-train: ")]
    return said[-1].strip() if said else ""


def _tail(words: Path) -> str:
    try:
        with words.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _TAIL))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
