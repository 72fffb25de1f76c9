"""All rows of a run together with what they were measured on, as a table."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.rows import OURS, Row

_WHAT, _CELL = 46, 17
_VERDICTS = {True: "yes", False: "NO", None: ""}


@dataclass(frozen=True, slots=True)
class Report:
    """A run. load: how many programs wanted the cores before and after. trouble: sections without rows, and why."""

    date: str
    machine: str
    is_quick: bool
    load: tuple[float, float]
    versions: dict[str, str]
    absent: list[str]
    seconds: dict[str, float]
    trouble: dict[str, str]
    rows: list[Row]

    @property
    def is_passed(self) -> bool:
        """Whether everything was measured, and every bar met."""
        return not self.trouble and all(row.is_met is not False for row in self.rows)

    @classmethod
    def read(cls, path: Path) -> "Report":
        """Take one that was kept."""
        fields = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**fields, "load": tuple(fields["load"]), "rows": [Row(**each) for each in fields["rows"]]})


def machine() -> str:
    """The computer, in words."""
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return f"{os.cpu_count()} cores of {name}, {platform.system()}, Python {platform.python_version()}"


def table(report: Report) -> str:
    """Everything, section by section; peers with LungView's share of their time in brackets."""
    lines = [
        f"{report.date}, {report.machine}{', quick' if report.is_quick else ''}",
        f"load {report.load[0]} before, {report.load[1]} after (this program's own work included)",
        ", ".join(f"{name} {number}" for name, number in report.versions.items()),
    ]
    if report.absent:
        lines.append(f"not installed: {', '.join(report.absent)}")
    lines.append("medians; in brackets LungView's figure as a share of theirs, under 1 where LungView needs less")
    for section in dict.fromkeys(row.section for row in report.rows):
        lines += ["", *_section(section, [row for row in report.rows if row.section == section])]
    lines += [f"\n{name}: {said}" for name, said in report.trouble.items()]
    lines += ["", "seconds: " + ", ".join(f"{name} {taken:.0f}" for name, taken in report.seconds.items())]
    return "\n".join(lines)


def figure(value: float) -> str:
    """A figure with as many places as say something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _section(name: str, rows: Sequence[Row]) -> list[str]:
    peers = list(dict.fromkeys(peer for row in rows for peer in (*row.beside, *row.cannot)))
    head = f"{name:{_WHAT}}{OURS:>{_CELL}}" + "".join(f"{peer:>{_CELL}}" for peer in peers)
    lines = [head, "-" * len(head)]
    for row in rows:
        cells = "".join(f"{_cell(row, peer):>{_CELL}}" for peer in peers)
        verdict = f"  {_VERDICTS[row.is_met]:3} {row.bar}" if row.bar else ""
        lines.append(f"{f'{row.what}, {row.unit}':{_WHAT}}{figure(row.ours):>{_CELL}}{cells}{verdict}".rstrip())
    reasons = dict.fromkeys((row.what, peer, why) for row in rows for peer, why in row.cannot.items())
    return [*lines, *(f"  {peer} at {what}: {why}" for what, peer, why in reasons)]


def _cell(row: Row, peer: str) -> str:
    if peer in row.beside:
        return f"{figure(row.beside[peer])} ({row.ratios[peer]:.2f})"
    return "cannot" if peer in row.cannot else ""
