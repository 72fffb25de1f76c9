"""Run the fuzzer by hand or in CI; `--help` tells how."""

import argparse
import secrets
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

from tests.fuzz.finds import Keeper
from tests.fuzz.supervise import Bounds, Campaign, Tally
from tests.fuzz.targets import SHARES
from tests.fuzz.worker import Job

_USUAL = Bounds()
_FOREVER_S = 365 * 24 * 3600.0


def main(arguments: list[str] | None = None) -> int:
    """Read damaged files until enough are read or the time is up; returns 1 where any broke a promise."""
    options = _options(arguments)
    seed = secrets.randbelow(1 << 32) if options.seed is None else options.seed
    folder = options.out or Path(mkdtemp(prefix="lungview-fuzz-"))
    bounds = Bounds(options.seconds, options.hang, options.memory << 20)
    keeper = Keeper(folder)
    kinds = {kind: SHARES[kind] for kind in options.kinds}
    print(f"seed {seed}, finds go to {folder}", flush=True)
    ends = time.monotonic() + (options.minutes * 60 if options.minutes else _FOREVER_S)
    print(_HEADER)
    for place, (kind, share) in enumerate(kinds.items()):
        left = sum(list(kinds.values())[place:])
        files = max(1, round(options.files * share / sum(kinds.values())))
        job = Job(kind, seed, options.first, options.first + files, 1, bounds.address_space if _fits(kind) else 0)
        now = time.monotonic()
        tally = Campaign(job, options.jobs, bounds, keeper.keep).run(now + (ends - now) * share / left)
        print(_row(kind, tally), flush=True)
    keeper.minimise()
    print(keeper.summary())
    return 1 if keeper.count else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=main.__doc__)
    parser.add_argument("--files", type=int, default=100_000, help="how many damaged files to read in all")
    parser.add_argument("--minutes", type=float, default=0.0, help="stop after so long; 0 for no limit")
    parser.add_argument("--seed", type=int, help="the same seed makes the same files; left out, one is drawn")
    parser.add_argument("--first", type=int, default=0, help="number of the first file, to go on with a seed")
    parser.add_argument("--jobs", type=int, default=2, help="processes at once")
    parser.add_argument("--kinds", nargs="+", choices=list(SHARES), default=list(SHARES))
    parser.add_argument("--out", type=Path, help="folder for finds; left out, a new one among temporary files")
    parser.add_argument("--seconds", type=float, default=_USUAL.cpu_s, help="processor time that a file may take")
    parser.add_argument("--hang", type=float, default=_USUAL.hang_s, help="seconds without an answer that are a hang")
    parser.add_argument("--memory", type=int, default=_USUAL.memory >> 20, help="MiB that a file may take")
    return parser.parse_args(arguments)


def _fits(kind: str) -> bool:
    """Whether address space can be bounded: torch and pictures' libraries map far more than they use."""
    return kind not in {"safetensors", "png", "card"}


_HEADER = f"{'kind':<12}{'files':>8}{'s':>8}{'files/s':>9}{'worst s':>9}{'worst MiB':>11}  outcomes"


def _row(kind: str, tally: Tally) -> str:
    pace = tally.files / max(tally.seconds, 1e-9)
    outcomes = ", ".join(f"{name} {count}" for name, count in tally.outcomes.most_common())
    return (
        f"{kind:<12}{tally.files:>8}{tally.seconds:>8.0f}{pace:>9.0f}{tally.slowest[0]:>9.2f}"
        f"{tally.largest[0] >> 20:>11}  {outcomes}"
    )


if __name__ == "__main__":
    sys.exit(main())
