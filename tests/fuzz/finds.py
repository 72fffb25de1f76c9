"""Keep what broke a promise: the file, how to make it again, a smaller one that does the same, and what happened."""

import contextlib
import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from tests.fuzz.corpus import mutant, seeds_of
from tests.fuzz.supervise import ROOT, Find

_MOST_OF_ONE = 3
"""Finds kept of one cause."""
_MOST_MINIMISED = 20
_MOST_TRIALS = 60
_MINIMISE_S = 60.0


class Keeper:
    """Writes finds to a folder, few of each cause."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._causes: Counter[str] = Counter()
        self._to_minimise: list[tuple[Find, Path]] = []

    @property
    def count(self) -> int:
        """How many were met, kept or not."""
        return self._causes.total()

    def keep(self, find: Find) -> None:
        """Write a find down, unless enough of its cause are kept."""
        cause = f"{find.kind} {find.why} {_place_of(find.detail)}"
        self._causes[cause] += 1
        if self._causes[cause] > _MOST_OF_ONE:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        stem = f"{find.kind}-{find.why}-{find.seed}-{find.index}"
        made_of, content = mutant(find.kind, find.seed, find.index)
        (self._folder / f"{stem}.bin").write_bytes(content)
        facts = {**asdict(find), "made_of": made_of, "cause": cause}
        (self._folder / f"{stem}.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
        print(f"{find.why}: {stem} of {made_of}: {cause}", flush=True)
        if find.why == "exception" and self._causes[cause] == 1:
            self._to_minimise.append((find, self._folder / f"{stem}.min.bin"))

    def minimise(self) -> None:
        """Write smaller files that end as the first finds do; each in a process of its own, since they may do worse."""
        for find, target in self._to_minimise[:_MOST_MINIMISED]:
            command = [sys.executable, "-m", "tests.fuzz.finds", json.dumps(asdict(find)), str(target)]
            with contextlib.suppress(subprocess.TimeoutExpired):
                subprocess.run(command, cwd=ROOT, timeout=_MINIMISE_S, stderr=subprocess.DEVNULL, check=False)

    def summary(self) -> str:
        """All causes with how often they were met."""
        if not self._causes:
            return "no crash, no hang, no breach, no exception that is no sentence"
        return "\n".join(f"{count:>6} x {cause}" for cause, count in self._causes.most_common())


def minimised(find: Find, content: bytes) -> bytes:
    """A file nearer to the sound one that still ends the same way: damage is undone piece by piece."""
    from tests.fuzz.worker import answer

    made_of, _ = mutant(find.kind, find.seed, find.index)
    sound = next(seed.content for seed in seeds_of(find.kind) if seed.name == made_of)
    wanted = _place_of(find.detail)
    if _place_of(answer(find.kind, find.index, content).trouble) != wanted:
        return content
    size, trials = max(1, len(content) // 2), 0
    best = content
    while size and trials < _MOST_TRIALS:
        for start in range(0, min(len(best), len(sound)), size):
            candidate = best[:start] + sound[start : start + size] + best[start + size :]
            if candidate == best or trials >= _MOST_TRIALS:
                continue
            trials += 1
            if _place_of(answer(find.kind, find.index, candidate).trouble) == wanted:
                best = candidate
        size //= 2
    return best


def _place_of(detail: str) -> str:
    """Where in the program something was raised, and what: what two finds of one cause share."""
    own = re.findall(r'File "[^"]*/(lungview[\w/]*\.py)", line (\d+)', detail)
    last = detail.strip().splitlines()[-1] if detail.strip() else ""
    kind = re.split(r"[:(\s]", last)[0]
    return f"{kind} at {own[-1][0]}:{own[-1][1]}" if own else kind


if __name__ == "__main__":
    _find = Find(**json.loads(sys.argv[1]))
    Path(sys.argv[2]).write_bytes(minimised(_find, mutant(_find.kind, _find.seed, _find.index)[1]))
