"""The report before a training in words, for a terminal."""

from collections.abc import Iterator, Sequence

from lungview_training.preflight.check import size, summary
from lungview_training.preflight.report import PreflightReport, Remark, Severity, Tally

_NAMES = 5
"""How many names stand behind a remark; the rest is a number."""

_SIGNS = {Severity.STOP: "STOP", Severity.WARNING: "Warning", Severity.NOTE: "Note"}


def to_text(report: PreflightReport) -> str:
    """Whether training can start, why not, what it would learn from, and what it needs."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: PreflightReport) -> Iterator[str]:
    yield f"{report.name}: {summary(report)}"
    for remark in report.remarks:
        yield _remark(remark)
    if report.patients:
        yield ""
        yield report.split
        yield from _table("part", report.parts)
        if len(report.subtypes) > 1 or any(tally.name for tally in report.subtypes):
            yield ""
            yield from _table("subtype", report.subtypes)
    if report.crops:
        yield f"Nodules to be pasted: at most {report.crops:,}."
    yield ""
    yield from _needs(report)


def _remark(remark: Remark) -> str:
    names = ", ".join(remark.names[:_NAMES])
    more = f" and {len(remark.names) - _NAMES:,} more" if len(remark.names) > _NAMES else ""
    return f"  {_SIGNS[remark.severity]}: {remark.message}" + (f" [{names}{more}]" if names else "")


def _table(title: str, tallies: Sequence[Tally]) -> Iterator[str]:
    yield f"  {title:<12}{'patients':>9}{'slices':>9}{'lesion':>9}{'free':>9}{'boxes':>9}"
    for each in tallies:
        counts = (each.patients, each.slices, each.with_lesion, each.lesion_free, each.boxes)
        yield f"  {each.name or 'unknown':<12}" + "".join(f"{number:>9,}" for number in counts)


def _needs(report: PreflightReport) -> Iterator[str]:
    free = "" if report.free_bytes is None else f", {size(report.free_bytes)} free"
    still = f"{size(report.cache_bytes)} still to be decoded{free}" if report.cache_bytes else "nothing to be decoded"
    yield f"Disk: {still}. Memory: about {size(report.memory_bytes)}."
    if report.seconds is not None:
        yield f"Time: about {_duration(report.seconds)}, without evaluation."


def _duration(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
