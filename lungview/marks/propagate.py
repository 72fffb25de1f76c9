"""Copy a box to neighbouring slices, smaller towards the ends where asked for, as a ball's cuts are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt

from lungview.domain.box import Box
from lungview.marks.change import Patch
from lungview.marks.mark import Mark, Marks, Origin, OriginKind, Place, new_id

LEAST_SIDE = 2.0
"""Pixels; a box never gets smaller."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How far to copy a box. up, down: slices towards the first and the last one. shrinks: whether it gets smaller."""

    up: int
    down: int
    shrinks: bool = True


def propagated(marks: Marks, seed: Mark, places: Sequence[Place], spread: Spread) -> dict[str, Mark | None]:
    """The patch that spreads a mark over its neighbours in a stack's order.

    Its earlier copies that nobody has touched make way; slices on which the lesion has another box are left alone.
    """
    patch: dict[str, Mark | None] = {mark.id: None for mark in copies_of(seed, marks)}
    if seed.place not in places:
        return patch
    taken = {mark.place for mark in marks.values() if mark.lesion == seed.lesion and mark.id not in patch}
    middle = places.index(seed.place)
    for step, count in ((-1, spread.up), (1, spread.down)):
        for distance in range(1, count + 1):
            index = middle + step * distance
            if not 0 <= index < len(places) or places[index] in taken:
                continue
            box = cut_at(seed.box, distance, count) if spread.shrinks else seed.box
            origin = Origin(OriginKind.PROPAGATED, box=box, seed=seed.id)
            made = replace(seed, id=new_id(), place=places[index], box=box, origin=origin)
            patch[made.id] = made
    return patch


def copies_of(seed: Mark, marks: Marks) -> tuple[Mark, ...]:
    """Copies of a mark that nobody has touched since."""
    return tuple(
        mark
        for mark in marks.values()
        if mark.origin.kind is OriginKind.PROPAGATED and mark.origin.seed == seed.id and mark.box == mark.origin.box
    )


def spread_of(marks: Marks, seed: Mark, places: Sequence[Place]) -> tuple[int, int]:
    """How many slices up and down a mark was spread before."""
    if seed.place not in places:
        return 0, 0
    middle = places.index(seed.place)
    found = [places.index(mark.place) - middle for mark in copies_of(seed, marks) if mark.place in places]
    return max((-each for each in found if each < 0), default=0), max((each for each in found if each > 0), default=0)


def cut_at(box: Box, distance: int, count: int) -> Box:
    """The box at a distance of slices from the middle of a ball that reaches half a slice past count slices."""
    share = sqrt(max(1 - (distance / (count + 0.5)) ** 2, 0.0))
    x, y = box.centre
    half_x, half_y = (max(side * share, LEAST_SIDE) / 2 for side in (box.width, box.height))
    return Box(round(x - half_x), round(y - half_y), round(x + half_x), round(y + half_y))


def moved_along(seed: Mark, moved: Mark, marks: Marks) -> Patch:
    """The patch that moves a mark's untouched copies by as much as the mark was moved, keeping each one's size."""
    (x, y), (old_x, old_y) = moved.box.centre, seed.box.centre
    dx, dy = round(x - old_x), round(y - old_y)
    patch: dict[str, Mark | None] = {moved.id: moved}
    for copy in copies_of(seed, marks):
        box = Box(copy.box.xmin + dx, copy.box.ymin + dy, copy.box.xmax + dx, copy.box.ymax + dy)
        patch[copy.id] = replace(copy, box=box, origin=replace(copy.origin, box=box))
    return patch
