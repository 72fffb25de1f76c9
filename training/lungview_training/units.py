"""Pieces of a data set that are decoded at one go, and what is kept of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lungview_training.samples import Sample

Batch = Sequence[Sample]
"""Samples that may share arrays: a neighbour of one is the slice of another."""

TellLeftOut = Callable[[str], None]
"""Told in a sentence of what could not be read."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Some patients' slices. key: what changes when the files, or what is made of them, do. read: decodes them."""

    key: str
    read: Callable[[TellLeftOut], Iterator[Batch]]


def read_all(units: Sequence[Unit], on_left_out: TellLeftOut) -> list[Sample]:
    """Decode into memory."""
    return [sample for unit in units for batch in unit.read(on_left_out) for sample in batch]
