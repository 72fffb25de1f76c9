"""A line of the benchmark's table, and how its times are taken: in rounds that go through all methods in turn."""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

OURS = "LungView"
LEVEL = 1.05
"""A ratio to a peer up to this is called level: less is within what repeats differ by."""
_PATIENCE_S = 4.0
"""A method that takes longer is called in the first round alone."""

Method = Callable[[], object]
Times = dict[str, list[float]]
"""Milliseconds by method, one a round."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is measured. rounds: of what takes milliseconds; few: of what takes seconds."""

    rounds: int
    few: int
    slices: tuple[int, ...]
    compressed: int
    files: int
    frames: int

    @classmethod
    def full(cls) -> "Scale":
        """What the README's figures come from."""
        return cls(rounds=7, few=3, slices=(300, 1000), compressed=40, files=20_000, frames=400)

    @classmethod
    def quick(cls) -> "Scale":
        """To see that all is there, and about how it stands."""
        return cls(rounds=3, few=1, slices=(100, 300), compressed=16, files=2000, frames=120)


@dataclass(frozen=True, slots=True)
class Row:
    """One line: LungView's median, and beside it the medians of others in the same rounds.

    ratios: by method, the median over the rounds of LungView's figure by theirs. cannot: methods that gave no answer,
    with the reason. also: further figures of LungView's. bar: what is asked, in words; is_met: None where nothing is.
    """

    section: str
    what: str
    unit: str
    ours: float
    rounds: int
    beside: Mapping[str, float] = field(default_factory=dict)
    ratios: Mapping[str, float] = field(default_factory=dict)
    cannot: Mapping[str, str] = field(default_factory=dict)
    also: Mapping[str, float] = field(default_factory=dict)
    bar: str = ""
    is_met: bool | None = None


class UnableError(Exception):
    """A method gave no answer, or another one than it should."""


def race(methods: Mapping[str, Method], rounds: int, *, before: Method | None = None) -> tuple[Times, dict[str, str]]:
    """Call all methods in turn, round by round; return their times, and why some gave none.

    Each round begins with another method, so that what one leaves behind (a cold core, full caches) hits all alike.
    before: called ahead of each call, its time not counted. What a call returns is freed outside its time.
    """
    times: Times = {name: [] for name in methods}
    cannot: dict[str, str] = {}
    names = list(methods)
    for turn in range(rounds):
        first = turn % len(names)
        for name in (*names[first:], *names[:first]):
            if name in cannot or (turn and times[name][0] > 1000 * _PATIENCE_S):
                continue
            if before is not None:
                before()
            began = time.perf_counter()
            try:
                answer = methods[name]()
            except Exception as error:  # peers raise whatever they like
                cannot[name] = _reason(error)
                continue
            times[name].append(1000 * (time.perf_counter() - began))
            del answer
    return {name: of for name, of in times.items() if name not in cannot}, cannot


def row(
    section: str,
    what: str,
    times: Mapping[str, Sequence[float]],
    cannot: Mapping[str, str] | None = None,
    *,
    bar: str = "",
    is_met: Callable[[Mapping[str, float]], bool] | None = None,
) -> Row:
    """Sum up a race of OURS against others, ms. is_met: of the ratios to the others."""
    ours = times[OURS]
    beside = {name: statistics.median(of) for name, of in times.items() if name != OURS and of}
    ratios = {
        name: statistics.median(mine / theirs for mine, theirs in zip(ours, times[name], strict=False))
        for name in beside
    }
    return Row(
        section,
        what,
        "ms",
        statistics.median(ours),
        len(ours),
        beside,
        ratios,
        dict(cannot or {}),
        bar=bar,
        is_met=is_met(ratios) if is_met is not None else None,
    )


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """Hand rows over to the process that asked for them."""
    path.write_text(json.dumps([asdict(each) for each in rows]), encoding="utf-8")


def read_rows(path: Path) -> list[Row]:
    """Take rows over."""
    return [Row(**each) for each in json.loads(path.read_text(encoding="utf-8"))]


def evict(folder: Path) -> None:
    """Drop a folder's files from the page cache, where the system lets one; the host below may still keep them."""
    if sys.platform == "win32" or not hasattr(os, "posix_fadvise"):
        raise UnableError("this system does not drop single files from its cache")
    for path in folder.iterdir():
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)  # pages that are not on the disk yet are not dropped
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(handle)


def load_average() -> float:
    """How many programs want the machine's cores, -1 where the system does not say."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else -1.0


def _reason(error: Exception) -> str:
    said = " ".join(str(error).split())
    return (
        (said[:100] or type(error).__name__)
        if isinstance(error, UnableError)
        else f"{type(error).__name__}: {said[:80]}"
    )
