"""Edits as values: what was before and after, so that each can be undone whatever else happened meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lungview.domain.finding import ReviewState
from lungview.marks.mark import Mark, Marks

Patch = Mapping[str, Mark | None]
"""Mark id -> the mark from now on, None where it goes."""

UNDO_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Change:
    """One edit. name: what it is called in the menu. before, after: of the same ids. verdicts_*: by lesion row id."""

    name: str
    before: Patch
    after: Patch
    verdicts_before: Mapping[str, ReviewState] = field(default_factory=dict)
    verdicts_after: Mapping[str, ReviewState] = field(default_factory=dict)

    @property
    def reversed(self) -> "Change":
        """The edit that takes this one back."""
        return Change(self.name, self.after, self.before, self.verdicts_after, self.verdicts_before)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is other than before."""
        return dict(self.before) == dict(self.after) and dict(self.verdicts_before) == dict(self.verdicts_after)


def change_to(name: str, marks: Marks, patch: Patch) -> Change:
    """The edit that brings marks to what a patch says."""
    return Change(name, {each: marks.get(each) for each in patch}, dict(patch))


def patched(marks: Marks, patch: Patch) -> dict[str, Mark]:
    """Marks after a patch."""
    made = dict(marks)
    for mark_id, mark in patch.items():
        if mark is None:
            made.pop(mark_id, None)
        else:
            made[mark_id] = mark
    return made


class History:
    """Edits done, to be undone, and edits undone, to be done again; a new edit forgets the latter."""

    def __init__(self) -> None:
        self._done: list[Change] = []
        self._undone: list[Change] = []

    @property
    def undo_name(self) -> str:
        """What would be undone, "" for nothing."""
        return self._done[-1].name if self._done else ""

    @property
    def redo_name(self) -> str:
        """What would be done again, "" for nothing."""
        return self._undone[-1].name if self._undone else ""

    def add(self, change: Change) -> None:
        """Remember an edit just made."""
        self._done = [*self._done, change][-UNDO_LIMIT:]
        self._undone.clear()

    def undo(self) -> Change | None:
        """The edit that takes the last one back, None where there is none."""
        if not self._done:
            return None
        change = self._done.pop()
        self._undone.append(change)
        return change.reversed

    def redo(self) -> Change | None:
        """The edit that was taken back last, None where there is none."""
        if not self._undone:
            return None
        change = self._undone.pop()
        self._done.append(change)
        return change

    def clear(self) -> None:
        """Forget everything, with the case."""
        self._done.clear()
        self._undone.clear()
