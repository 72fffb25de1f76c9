"""Tell apart the acquisitions of one series that stand at the same positions."""

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from lungview.dicom.entries import Entry
from lungview.dicom.ordering import is_single_position, order, places_of, positions_along_normal
from lungview.dicom.parts import Part, group_by
from lungview.domain.geometry_report import GeometryIssue, GeometryNote


@dataclass(frozen=True, slots=True)
class _Sign:
    """Something by which acquisitions may differ, and how a stack is named by it."""

    key: Callable[[Entry], Hashable]
    label: Callable[[Entry], str]


_SIGNS: Final = (
    _Sign(lambda entry: entry.instance.acquisition_number, lambda entry: _numbered(entry)),
    _Sign(lambda entry: entry.facts.image_type, lambda entry: "/".join(entry.facts.image_type[2:]).lower()),
    _Sign(lambda entry: entry.facts.series_description, lambda entry: entry.facts.series_description),
    _Sign(lambda entry: entry.facts.kernel, lambda entry: f"kernel {entry.facts.kernel}"),
    _Sign(lambda entry: entry.temporal_position, lambda entry: f"time point {entry.temporal_position}"),
    _Sign(lambda entry: entry.acquisition_time, lambda entry: f"acquired {_clock(entry.acquisition_time)}"),
    _Sign(lambda entry: entry.instance.source, lambda entry: entry.instance.source.name),
)
"""Most telling first."""


def split_acquisitions(part: Part) -> list[Part]:
    """Return a part's acquisitions as parts of their own, or the part as it is where its positions are distinct.

    Slices that all stand at one place are left together: that is bolus tracking, a run in time.
    """
    positions = positions_along_normal(part.entries)
    if positions is None or is_single_position(positions):
        return [part]
    runs = _split(part.entries, (), _SIGNS)
    if len(runs) < 2:
        return [part]
    parts = []
    for entries, labels in runs:
        name = ", ".join(labels)
        text = (
            f"The series holds {len(runs)} acquisitions at the same positions; this stack is {name},"
            " the others stand in stacks of their own."
        )
        note = GeometryNote(GeometryIssue.SPLIT_ACQUISITIONS, text, value=float(len(runs)))
        parts.append(part.with_entries(entries, name, note))
    return parts


_Run = tuple[Sequence[Entry], tuple[str, ...]]


def _split(entries: Sequence[Entry], labels: tuple[str, ...], signs: tuple[_Sign, ...]) -> list[_Run]:
    """Split by the first sign that leaves fewer slices at one place, then each run by the signs after it."""
    crowding = _crowding(entries)
    if not crowding and not _is_interleaved(entries):
        return [(entries, labels)]
    for tried, sign in enumerate(signs, start=1):
        groups = group_by(entries, sign.key)
        if _separates(groups.values(), entries, crowding):
            return [
                run
                for group in groups.values()
                for run in _split(group, (*labels, sign.label(group[0])), signs[tried:])
            ]
    return _split_passes(entries, labels)


def _separates(runs: Collection[Sequence[Entry]], entries: Sequence[Entry], crowding: int) -> bool:
    """Whether groups are acquisitions: fewer slices share a place, and there are not many more than there must be."""
    if len(runs) < 2 or len(runs) > 2 * max(_most_at_one_place(entries), 2):
        return False
    return not crowding or sum(map(_crowding, runs)) < crowding


def _split_passes(entries: Sequence[Entry], labels: tuple[str, ...]) -> list[_Run]:
    """Split what nothing tells apart but that every place occurs equally often; else leave it together."""
    positions = positions_along_normal(entries)
    if positions is None:
        return [(entries, labels)]
    places = places_of(positions)
    counts = np.bincount(places)
    if counts.min() < 2 or counts.min() != counts.max():
        return [(entries, labels)]
    ordered, _ = order(entries)
    times = int(counts[0])
    return [(ordered[start::times], (*labels, f"pass {start + 1}")) for start in range(times)]


def _crowding(entries: Sequence[Entry]) -> int:
    """How many slices stand where another stands already."""
    positions = positions_along_normal(entries)
    return 0 if positions is None else len(entries) - int(places_of(positions).max()) - 1


def _most_at_one_place(entries: Sequence[Entry]) -> int:
    positions = positions_along_normal(entries)
    return 1 if positions is None else int(np.bincount(places_of(positions)).max())


def _is_interleaved(entries: Sequence[Entry]) -> bool:
    """Whether CT acquisitions, told by their number, overlap along the normal by more than their slices' distance."""
    if entries[0].facts.modality != "CT":
        return False
    groups = group_by(entries, lambda entry: entry.instance.acquisition_number)
    if not 2 <= len(groups) <= 4 or min(map(len, groups.values())) < 2:
        return False
    normal_positions = positions_along_normal(entries)
    if normal_positions is None:
        return False
    spans = []
    first = entries[0]
    for group in groups.values():
        positions = positions_along_normal([first, *group])
        assert positions is not None
        own = np.sort(positions[1:])
        spans.append((float(own[0]), float(own[-1]), float(np.median(np.diff(own)))))
    spans.sort()
    return any(lower[1] - upper[0] > max(lower[2], upper[2]) for lower, upper in pairwise(spans))


def _numbered(entry: Entry) -> str:
    number = entry.instance.acquisition_number
    return "acquisition without number" if number is None else f"acquisition {number}"


def _clock(time: str) -> str:
    return f"{time[:2]}:{time[2:4]}:{time[4:6]}" if len(time) >= 6 else time
