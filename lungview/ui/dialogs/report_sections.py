"""What the geometry and files report says, as data; no Qt."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from lungview.domain.geometry_report import GeometryReport
from lungview.domain.study import FileSource, ProblemKind, Series, Stack

if TYPE_CHECKING:
    from lungview.reading.case import Case

_KINDS = {
    ProblemKind.BROKEN: "Broken",
    ProblemKind.UNSUPPORTED: "Not supported",
    ProblemKind.DUPLICATE: "Found twice",
    ProblemKind.NOT_AN_IMAGE: "DICOM, but not an image",
    ProblemKind.NOT_DICOM: "Not DICOM",
}
"""In the order in which they are told: what may be missed first."""

_WORTH_TELLING = {ProblemKind.BROKEN, ProblemKind.UNSUPPORTED}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: what, and what is said of it. key: the stack's it is about, "" for others."""

    name: str
    text: str = ""
    children: tuple["Entry", ...] = ()
    key: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One tab. summary: a sentence above the lines."""

    title: str
    summary: str
    entries: tuple[Entry, ...]


def sections_of(case: "Case") -> tuple[Section, ...]:
    """Geometry by stack, files not among the images, and what became of the annotation files."""
    return _geometry(case), _files(case), _annotations(case)


def counts_in_words(case: "Case") -> str:
    """What the status bar says of files without a place, "" where all found one."""
    unread = sum(problem.kind in _WORTH_TELLING for problem in case.scan.problems)
    unread += sum(note.issue.value == "unreadable" for note in case.annotations.problems)
    unmatched = len(case.annotations.unmatched)
    parts = [f"{unmatched} annotation{'' if unmatched == 1 else 's'} unlinked"] if unmatched else []
    parts += [f"{unread} file{'' if unread == 1 else 's'} not read"] if unread else []
    return ", ".join(parts)


def as_text(sections: Sequence[Section]) -> str:
    """The whole report as plain text, for the clipboard."""
    return "\n\n".join("\n".join((each.title, each.summary, *_lines(each.entries, 1))) for each in sections)


def _lines(entries: Iterable[Entry], depth: int) -> Iterator[str]:
    for entry in entries:
        yield "  " * depth + ": ".join(part for part in (entry.name, entry.text) if part)
        yield from _lines(entry.children, depth + 1)


def _geometry(case: "Case") -> Section:
    entries = tuple(_stack_entry(series, stack) for series in case.scan.series for stack in series.stacks)
    odd = sum(bool(stack.report.notes) for stack in case.scan.stacks)
    summary = f"{odd} of {len(entries)} series have something to tell." if odd else "Nothing odd in any series."
    return Section("Geometry", summary if entries else "No images.", entries)


def _stack_entry(series: Series, stack: Stack) -> Entry:
    number = f"{series.number}  " if series.number is not None else ""
    named = stack.name if len(series.stacks) > 1 and stack.name else series.description or stack.name or "Series"
    told = f"{stack.modality}, {stack.slice_count} slices" + (f", kernel {stack.kernel}" if stack.kernel else "")
    return Entry(f"{number}{named}", told, tuple(_report_entries(stack.report)), stack.key)


def _report_entries(report: GeometryReport) -> Iterator[Entry]:
    yield Entry("Slices ordered by", report.order_rule.value)
    yield Entry("Spacing", "not known" if report.spacing_mm is None else f"{report.spacing_mm:.4g} mm")
    if abs(report.tilt_degrees) > 0.01:
        yield Entry("Gantry tilt", f"{report.tilt_degrees:.1f}°")
    for note in report.notes:
        slices = f" (slices {ranges_in_words(note.slices)})" if note.slices else ""
        yield Entry(note.issue.value.replace("-", " ").capitalize(), f"{note.message}{slices}")


def ranges_in_words(indices: Sequence[int]) -> str:
    """Slice indices as the reader counts them, from 1: "3, 7-9"."""
    runs: list[list[int]] = []
    for _, run in groupby(enumerate(sorted(indices)), key=lambda pair: pair[1] - pair[0]):
        members = [index for _, index in run]
        runs.append([members[0] + 1, members[-1] + 1])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in runs)


def _files(case: "Case") -> Section:
    problems = case.scan.problems
    entries = []
    for kind, title in _KINDS.items():
        found = [problem for problem in problems if problem.kind is kind]
        children = tuple(Entry(problem.source.name, problem.message) for problem in found)
        entries += [Entry(f"{title} ({len(found)})", "", children)] if found else []
    summary = f"{len(problems)} files are not among the images." if problems else "Every file is among the images."
    return Section(f"Files ({len(problems)})", summary, tuple(entries))


def _annotations(case: "Case") -> Section:
    told = case.annotations
    entries = [_names(f"Without an image here ({len(told.unmatched)})", told.unmatched)] if told.unmatched else []
    if told.problems:
        notes = tuple(Entry(note.source.name, note.message) for note in told.problems)
        entries.append(Entry(f"Remarks ({len(notes)})", "", notes))
    if told.linked and told.unboxed_count:
        entries.append(Entry(f"Images without an annotation file ({told.unboxed_count})", "", _unboxed(case)))
    entries += [_names(f"Linked ({len(told.linked)})", told.linked)] if told.linked else []
    folders = ", ".join(folder.name for folder in told.folders) or "none found"
    summary = f"Folders: {folders}. {len(told.linked)} files linked with {told.box_count} boxes."
    return Section(f"Annotations ({len(told.linked) + len(told.unmatched)})", summary, tuple(entries))


def _names(title: str, sources: Sequence[FileSource]) -> Entry:
    return Entry(title, "", tuple(Entry(source.name) for source in sources))


def _unboxed(case: "Case") -> tuple[Entry, ...]:
    titles = {stack.key: entry for entry, stack in zip(_geometry(case).entries, case.scan.stacks, strict=True)}
    found = []
    for key, names in case.annotations.unboxed.items():
        entry = titles[key]
        found.append(Entry(f"{entry.name} ({len(names)})", entry.text, tuple(Entry(name) for name in names)))
    return tuple(found)
