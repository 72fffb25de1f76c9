"""One box of the reader's own, and where it came from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from secrets import token_hex

from lungview.domain.box import Box
from lungview.domain.finding import Finding
from lungview.domain.study import Instance


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The plane a box lies on. frame: zero-based."""

    sop_instance_uid: str
    frame: int = 0

    @classmethod
    def of(cls, instance: Instance) -> "Place":
        """Where boxes on an instance lie."""
        return cls(instance.sop_instance_uid, instance.frame)


class OriginKind(StrEnum):
    """How a box came to be."""

    DRAWN = "drawn"
    PROPAGATED = "propagated"
    """Copied from a neighbouring slice and not touched since."""
    AI = "ai"
    """A model's box that the reader accepted."""
    READER = "reader"
    """A box of another reader that this one took over."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a box came from.

    by: the model's name or the other reader's. score: the model's, None where there is none. box: as it was then;
    it stays when the reader moves the box. seed: id of the mark that a propagated one was copied from.
    """

    kind: OriginKind = OriginKind.DRAWN
    by: str = ""
    score: float | None = None
    box: Box | None = None
    seed: str = ""


DRAWN = Origin()


@dataclass(frozen=True, slots=True)
class Mark:
    """A box of the reader's own. lesion: the same for the boxes of one lesion. time: of the last change, ISO 8601."""

    id: str
    place: Place
    box: Box
    lesion: str
    label: str = ""
    author: str = ""
    time: str = ""
    origin: Origin = field(default=DRAWN)

    def as_finding(self) -> Finding:
        """The mark as every other reader's box."""
        return Finding(
            self.place.sop_instance_uid,
            self.box,
            self.label,
            self.author,
            self.time,
            self.place.frame,
            is_own=True,
            is_echo=self.origin.kind is OriginKind.AI and self.box == self.origin.box,
        )


Marks = Mapping[str, Mark]
"""Marks by id."""


def new_id() -> str:
    """A name that no other mark has, in this window or another."""
    return token_hex(8)


def by_place(marks: Iterable[Mark]) -> dict[Place, tuple[Mark, ...]]:
    """Marks by the plane they lie on, in a settled order."""
    found: dict[Place, list[Mark]] = {}
    for mark in marks:
        found.setdefault(mark.place, []).append(mark)
    return {place: tuple(sorted(each, key=lambda mark: mark.id)) for place, each in found.items()}
