"""A part of a series on its way to become a stack."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from lungview.dicom.entries import Entry
from lungview.domain.geometry_report import GeometryIssue, GeometryNote
from lungview.domain.study import StackKind

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Part:
    """Planes that belong together so far.

    labels: words that tell it from the series' other parts. notes: what was found and done in splitting.
    """

    entries: tuple[Entry, ...]
    kind: StackKind = StackKind.VOLUME
    labels: tuple[str, ...] = ()
    notes: tuple[GeometryNote, ...] = ()

    def with_entries(self, entries: Sequence[Entry], label: str = "", note: GeometryNote | None = None) -> "Part":
        """A part of this part, with one more label and note where given."""
        return replace(
            self,
            entries=tuple(entries),
            labels=(*self.labels, label) if label else self.labels,
            notes=(*self.notes, note) if note else self.notes,
        )


def group_by(entries: Sequence[Entry], key: Callable[[Entry], Key]) -> dict[Key, list[Entry]]:
    """Return the planes by key, keys in the order first met."""
    groups: dict[Key, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return groups


def split_by(
    part: Part,
    key: Callable[[Entry], Key],
    label: Callable[[Key], str],
    issue: GeometryIssue | None = None,
    what: str = "",
) -> list[Part]:
    """Return the part split by a key, or as it is where all planes agree.

    issue, what: the note that each gets, and what differs, in words that follow "mixes".
    """
    groups = group_by(part.entries, key)
    if len(groups) < 2:
        return [part]
    parts = []
    for value, entries in groups.items():
        note = None
        if issue is not None:
            others = len(part.entries) - len(entries)
            rest = "the other slice stands" if others == 1 else f"the {others} other slices stand"
            text = f"The series mixes {what}; {rest} elsewhere."
            note = GeometryNote(issue, text, value=float(len(groups)))
        parts.append(part.with_entries(entries, label(value), note))
    return parts
