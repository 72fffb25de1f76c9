"""What is kept of one case: the reader's marks and how far the reader is; and how two windows' edits come together."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lungview.marks.mark import Mark, Marks


@dataclass(frozen=True, slots=True)
class CaseRecord:
    """One study as the reader left it.

    path: the folder or zip of the study's images, "" before it was opened. opened: when last, ISO 8601. reviewed: when
    the reader called it done, "" while it is not. is_committed: whether the reader has shown the model's findings in
    second reader mode. unsure: how unsure a model is of it, in [0, 1], by the hash of its weights.
    """

    marks: Marks = field(default_factory=dict)
    path: str = ""
    opened: str = ""
    reviewed: str = ""
    is_committed: bool = False
    unsure: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_reviewed(self) -> bool:
        """Whether the reader called the case done."""
        return bool(self.reviewed)


def merged(base: CaseRecord, mine: CaseRecord, theirs: CaseRecord) -> CaseRecord:
    """What two windows made of one record, together: whoever changed something is heard.

    base: what mine was made from. Where both changed one mark, mine counts, but no deletion beats an edit.
    """
    return CaseRecord(
        marks=_merged_marks(base.marks, mine.marks, theirs.marks),
        path=_newer(base.path, mine.path, theirs.path),
        opened=max(mine.opened, theirs.opened),
        reviewed=_newer(base.reviewed, mine.reviewed, theirs.reviewed),
        is_committed=mine.is_committed or theirs.is_committed,
        unsure={**theirs.unsure, **mine.unsure},
    )


def _newer(base: str, mine: str, theirs: str) -> str:
    return theirs if mine == base else mine


def _merged_marks(base: Marks, mine: Marks, theirs: Marks) -> dict[str, Mark]:
    made: dict[str, Mark] = {}
    for mark_id in dict.fromkeys((*theirs, *mine)):
        was, own, other = base.get(mark_id), mine.get(mark_id), theirs.get(mark_id)
        if own == was:
            kept = other
        elif other == was:
            kept = own
        else:
            kept = own or other
        if kept is not None:
            made[mark_id] = kept
    return made


def signed(record: CaseRecord, author: str) -> CaseRecord:
    """The record with the reader's name on every mark that has none."""
    marks = {each: mark if mark.author else replace(mark, author=author) for each, mark in record.marks.items()}
    return replace(record, marks=marks)
