"""Which patients are learned from, chosen by and tested on: always whole patients."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np

from lungview.errors import TrainingError


class Part(StrEnum):
    """What a patient's slices are used for."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Split:
    """Patients of each part; no patient is in two."""

    train: frozenset[str]
    validation: frozenset[str]
    test: frozenset[str]

    def part_of(self, patient: str) -> Part:
        """The part a patient is in; one that is in none is an error."""
        for part in Part:
            if patient in getattr(self, part.value):
                return part
        raise TrainingError("The split file does not know a patient of the data set: delete it to split anew.")


def split_patients(
    shared: Iterable[str], train_only: Iterable[str], validation_share: float, test_share: float, seed: int
) -> Split:
    """Share patients out at random, the same for a seed and a set of names; train_only all go to training."""
    always = frozenset(train_only)
    names = sorted(set(shared) - always)
    order = [names[place] for place in np.random.default_rng(seed).permutation(len(names))]
    test = round(test_share * len(order))
    validation = round(validation_share * len(order))
    return Split(
        train=frozenset(order[test + validation :]) | always,
        validation=frozenset(order[test : test + validation]),
        test=frozenset(order[:test]),
    )


def save_split(split: Split, path: Path) -> None:
    """Write patient,part rows."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("patient", "part"))
        for part in Part:
            rows.writerows((patient, part.value) for patient in sorted(getattr(split, part.value)))


def read_split(path: Path) -> Split:
    """Read what save_split wrote."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(row["patient"], Part(row["part"])) for row in csv.DictReader(file)]
    except (OSError, KeyError, ValueError) as error:
        raise TrainingError(f"The split file {path.name} cannot be read: {error}.") from error
    if len({patient for patient, _ in rows}) != len(rows):
        raise TrainingError(f"The split file {path.name} has a patient in two parts.")
    return Split(*(frozenset(patient for patient, found in rows if found is part) for part in Part))
