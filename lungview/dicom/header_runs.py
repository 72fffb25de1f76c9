"""What the headers of a series have in common: elements that follow each other with the same bytes in file after file.

Bytes equal to bytes parsed before, met at the same point of the grammar, parse to the same elements; so they need not
be parsed again. The first header of a series is taken to be what all others will be, and wherever one differs, the run
is cut in two around the element that differs.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

_TAG: Final = 4
_FEW: Final = 32
"""Steps that a header may always take."""
_WORSE: Final = 2
"""How many times more steps than the best so far are the sign of another series."""
_LARGEST: Final = 1 << 20
"""Bytes of a header beyond which it is not kept."""


@dataclass(frozen=True, slots=True)
class Element:
    """A top-level element as its bytes. group: of its tag; values: itself where it is wanted, else nothing."""

    content: bytes
    group: int
    values: dict[int, bytes]


class Run:
    """Elements that follow each other.

    content: of all; values: what is wanted of them. tag: of the first, as filed. first_group, last_group: of the first
    and the last element.
    """

    __slots__ = ("content", "elements", "first_group", "last_group", "tag", "values")

    def __init__(self, elements: Sequence[Element]) -> None:
        """elements: at least one."""
        self.elements = elements
        self.content = b"".join(element.content for element in elements)
        self.values = {tag: value for element in elements for tag, value in element.values.items()}
        self.tag = self.content[:_TAG]
        self.first_group, self.last_group = elements[0].group, elements[-1].group


class SharedRuns:
    """The runs that headers of one transfer syntax share, by the tag of their first element as filed."""

    def __init__(self, elements: Sequence[Element]) -> None:
        """elements: of a header, without its pixel data."""
        self.by_tag: dict[bytes, Run] = {}
        self._best = 0
        if elements and sum(len(element.content) for element in elements) <= _LARGEST:
            self._add(elements)

    def fitting(self, run: Run, data: bytes, position: int) -> Run | None:
        """Return as much of a run as stands at a position of a header, None where nothing of it does."""
        return run if data.startswith(run.content, position) else self._cut(run, data, position)

    def _cut(self, run: Run, data: bytes, position: int) -> Run | None:
        there = data[position : position + len(run.content)]
        place = _first_difference(run.content, there)
        if place == len(there):
            return None  # the bytes at hand end here, and tell nothing against the run
        ends = list(accumulate(len(element.content) for element in run.elements))
        odd = bisect_right(ends, place)
        before, after = run.elements[:odd], run.elements[odd + 1 :]
        del self.by_tag[run.tag]
        if after:
            self._add(after)
        return self._add(before) if before else None

    def _add(self, elements: Sequence[Element]) -> Run:
        run = Run(elements)
        self.by_tag[run.tag] = run
        return run

    def are_of_another_series(self, steps: int) -> bool:
        """Whether a header that took so many steps, runs and single elements, is better taken for a new beginning."""
        if self._best == 0:  # the first that follows cuts most of what there is to be cut
            self._best = max(steps, _FEW)
            return False
        self._best = max(min(self._best, steps), _FEW)
        return steps > _WORSE * self._best


def _first_difference(one: bytes, other: bytes) -> int:
    """Return the first place where bytes differ, the length of the shorter where one begins with the other."""
    count = min(len(one), len(other))
    apart = int.from_bytes(one[:count], "little") ^ int.from_bytes(other[:count], "little")
    return count if not apart else ((apart & -apart).bit_length() - 1) // 8
