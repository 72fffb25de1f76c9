"""What an opened folder's problems come to, as sentences for the message bar; no Qt."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lungview.domain.study import ProblemKind
from lungview.domain.volume import Volume

if TYPE_CHECKING:
    from lungview.reading.case import Case

_WORTH_TELLING = {ProblemKind.BROKEN, ProblemKind.UNSUPPORTED}


def troubles_of(case: "Case") -> str:
    """A sentence on files that could not be read, naming the first, "" where all could."""
    sentences = list(_sentences(case))
    if not case.scan.stacks:
        return case.summary_problem()
    return _first_of(sentences, "file")


def unreadable_slices(volume: Volume) -> str:
    """A sentence on slices that could not be decoded, "" where all could."""
    return _first_of([sentence for _index, sentence in volume.unreadable], "slice")


def unread_graphics(failures: Sequence[str]) -> str:
    """A sentence on graphics that could not be read, by what was said of each file; the slices themselves are there."""
    return f"{_first_of(list(failures), 'file')} The slices are shown without their graphics."


def _sentences(case: "Case") -> Iterator[str]:
    yield from (problem.message for problem in case.scan.problems if problem.kind in _WORTH_TELLING)
    yield from (note.message for note in case.annotations.problems if note.issue.value == "unreadable")


def _first_of(sentences: list[str], what: str) -> str:
    if len(sentences) < 2:
        return "".join(sentences)
    more = len(sentences) - 1
    return f"{sentences[0]} {more} more {what}{'' if more == 1 else 's'} could not be read either."
