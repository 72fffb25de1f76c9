"""Which validation slices the loss is measured on: a fixed few, mixed as the batches that are learned from."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import zip_longest

import numpy as np

from lungview_training.samples import Sample

MOST = 64
"""Slices; a loss over more would hardly differ, and would be waited for at every evaluation."""


def held_slices(samples: Sequence[Sample], free_share: float, most: int = MOST) -> list[Sample]:
    """The same at every call: patients in turn, lesion-free slices between the others, about free_share of them all.

    Slices of which nobody knows whether they hold a lesion are left out, as they are in training.
    """
    held = _in_turn([sample for sample in samples if holds_lesion(sample) is True])
    free = _in_turn([sample for sample in samples if holds_lesion(sample) is False])
    room = most - round(most * free_share) if free else most
    held = held[: max(1, room)]
    if held:
        free = free[: round(len(held) * free_share / max(1 - free_share, 1 / most))]
    placed = [((index + 0.5) / len(part), sample) for part in (held, free) for index, sample in enumerate(part)]
    return [sample for _, sample in sorted(placed, key=lambda each: each[0])][:most]


def holds_lesion(sample: Sample) -> bool | None:
    """What boxes or a table say; None where nobody says."""
    if sample.label is not None:
        return sample.label
    return True if sample.has_lesion else (False if sample.is_negative_known else None)


def in_batches(samples: Sequence[Sample], size: int) -> Iterator[Sequence[Sample]]:
    """So many at once; the last may be fewer."""
    return (samples[start : start + size] for start in range(0, len(samples), size))


def _in_turn(samples: Sequence[Sample]) -> list[Sample]:
    """One of each patient, then another of each; a patient's own in an order drawn once, for neighbours are alike."""
    by_patient: dict[str, list[Sample]] = defaultdict(list)
    for place in np.random.default_rng(0).permutation(len(samples)).tolist():
        by_patient[samples[place].patient].append(samples[place])
    rounds = zip_longest(*(by_patient[name] for name in sorted(by_patient)))
    return [sample for each in rounds for sample in each if sample is not None]
