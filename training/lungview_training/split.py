"""What is learned from, chosen by and tested on: whole patients, or single slices where that is asked for."""

import csv
import io
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

import numpy as np

from lungview.errors import TrainingError
from lungview.files import write_atomically
from lungview_training.config import SplitKind, TrainingConfig
from lungview_training.grouping import Link, Named, groups, joined, links_of
from lungview_training.run_files import SPLIT_FILE

LEAK = "Split by image: slices of one patient stand on both sides, so figures tell how seen patients are recalled."
"""To be said wherever figures of such a split are shown."""


class Part(StrEnum):
    """What a patient's slices are used for."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Split:
    """Who is in each part; nobody is in two. Patients, or "patient/slice" where split by image."""

    train: frozenset[str]
    validation: frozenset[str]
    test: frozenset[str]
    kind: SplitKind = SplitKind.PATIENT
    _parts: Mapping[str, Part] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Note where each member is."""
        parts = {member: part for part in Part for member in self.members(part)}
        object.__setattr__(self, "_parts", parts)

    @property
    def is_leaking(self) -> bool:
        """Whether one patient may stand on both sides."""
        return self.kind is SplitKind.IMAGE

    def members(self, part: Part) -> frozenset[str]:
        """Who is in a part."""
        return {Part.TRAIN: self.train, Part.VALIDATION: self.validation, Part.TEST: self.test}[part]

    def knows(self, member: str) -> bool:
        """Whether a member is in any part."""
        return member in self._parts

    def part_of(self, member: str) -> Part:
        """The part a member is in; one that is in none is an error."""
        try:
            return self._parts[member]
        except KeyError:
            raise TrainingError(
                f"The split file does not know a {self.kind.value} of the data set: delete it to split anew."
            ) from None

    def part_of_sample(self, sample: Named) -> Part:
        """The part a slice is in."""
        return self.part_of(member_of(sample, self.kind))


@dataclass(frozen=True, slots=True)
class Shares:
    """How to split. folds: 2 or more to deal patients into so many parts, of which number fold is the test part."""

    validation: float
    test: float
    seed: int
    folds: int = 0
    fold: int = 0


def member_of(sample: Named, kind: SplitKind) -> str:
    """What a split of this kind calls a slice by."""
    return sample.patient if kind is SplitKind.PATIENT else f"{sample.patient}/{sample.name}"


def split_patients(
    shared: Iterable[str],
    train_only: Iterable[str],
    shares: Shares,
    *,
    owner: Mapping[str, str] | None = None,
    subtypes: Mapping[str, str] | None = None,
) -> Split:
    """Share patients out at random, the same for a seed and a set of names; train_only all go to training.

    owner: patient -> the name standing for all patients who are one with it; they stay together, and follow one that is
    train_only. subtypes: patient -> subtype, each of which is shared out for itself.
    """
    always = set(train_only)
    everyone = groups({*shared, *always}, dict(owner or {}))
    fixed = [group for group in everyone if group & always]
    free = [group for group in everyone if not group & always]
    order = [free[place] for place in np.random.default_rng(shares.seed).permutation(len(free))]
    strata = _strata(order, subtypes or {})
    test = _fold(strata, shares) if shares.folds else _taken(strata, shares.test)
    rest = [[group for group in stratum if group not in test] for stratum in strata]
    wanted = shares.validation if shares.folds else _share_of_rest(shares, len(order), len(test))
    validation = _taken(rest, wanted)
    train = [group for stratum in rest for group in stratum if group not in validation]
    return Split(_flat([*train, *fixed]), _flat(validation), _flat(test))


def split_images(samples: Sequence[Named], train_only: Collection[str], shares: Shares) -> Split:
    """Share single slices out, as the study did; slices of patients in train_only all go to training."""
    names = {member_of(sample, SplitKind.IMAGE): sample for sample in samples}
    always = [name for name, sample in names.items() if sample.patient in train_only]
    subtypes = {name: sample.subtype for name, sample in names.items()}
    split = split_patients(names, always, shares, subtypes=subtypes)
    return Split(split.train, split.validation, split.test, SplitKind.IMAGE)


def split_slices(
    config: TrainingConfig, shared: Sequence[Named], only_train: Sequence[Named], links: Iterable[Link] = ()
) -> Split:
    """Share slices out as the settings say; links: what ties patients together beside the slices themselves."""
    shares = Shares(config.validation_share, config.test_share, config.seed, config.folds, config.fold)
    always = {sample.patient for sample in only_train}
    everything = [*shared, *only_train]
    if config.split is SplitKind.IMAGE:
        return split_images(everything, always, shares)
    return split_patients(
        {sample.patient for sample in shared},
        always,
        shares,
        owner=joined([*links_of(everything), *links]),
        subtypes=subtypes_of(everything),
    )


def split_of_run(
    config: TrainingConfig, shared: Sequence[Named], only_train: Sequence[Named], links: Sequence[Link] = ()
) -> Split:
    """The split that the run's folder holds, checked against whom it must keep together; else one as settings say."""
    path = config.output / SPLIT_FILE
    if not path.is_file():
        return split_slices(config, shared, only_train, links)
    split = read_split(path, config.split)
    require_together(split, joined([*links_of([*shared, *only_train]), *links]), path)
    return split


def subtypes_of(samples: Iterable[Named]) -> dict[str, str]:
    """Patient -> subtype; the first that any of its slices tells."""
    found: dict[str, str] = {}
    for sample in samples:
        if not found.get(sample.patient):
            found[sample.patient] = sample.subtype
    return found


def save_split(split: Split, path: Path) -> None:
    """Write rows of patient and part, or of patient, slice and part."""
    text = io.StringIO(newline="")
    rows = csv.writer(text)
    by_image = split.kind is SplitKind.IMAGE
    rows.writerow(("patient", "slice", "part") if by_image else ("patient", "part"))
    for part in Part:
        for member in sorted(split.members(part)):
            rows.writerow((*(member.rsplit("/", 1) if by_image else (member,)), part.value))
    write_atomically(path, text.getvalue().encode("utf-8"))


def read_split(path: Path, kind: SplitKind | None = None) -> Split:
    """Read what save_split wrote; kind: what it must share out by."""
    split = _read(path)
    if kind is not None and split.kind is not kind:
        raise TrainingError(
            f"The split file {path.name} shares out by {split.kind.value}, the settings ask for {kind.value}: "
            "delete it, or name another output."
        )
    return split


def _read(path: Path) -> Split:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            kind = SplitKind.IMAGE if "slice" in (table.fieldnames or ()) else SplitKind.PATIENT
            rows = [(_member(row, kind), Part(row["part"])) for row in table]
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise TrainingError(f"The split file {path.name} cannot be read: {error}.") from error
    if len({member for member, _ in rows}) != len(rows):
        raise TrainingError(f"The split file {path.name} has a {kind.value} in two parts.")
    train, validation, test = (frozenset(member for member, found in rows if found is part) for part in Part)
    return Split(train, validation, test, kind)


def require_together(split: Split, owner: Mapping[str, str], path: Path) -> None:
    """Refuse a split by patient that has one person under two names in two parts."""
    if split.kind is SplitKind.IMAGE:
        return
    seen: dict[str, Part] = {}
    for patient, name in owner.items():
        if not split.knows(patient):
            continue  # of files that were left out
        part = split.part_of(patient)
        if seen.setdefault(name, part) is not part:
            raise TrainingError(
                f"The split file {path.name} has one person in two parts: two of its patients share a study or images. "
                "Delete it to split anew."
            )


def _member(row: Mapping[str, str], kind: SplitKind) -> str:
    return row["patient"] if kind is SplitKind.PATIENT else f"{row['patient']}/{row['slice']}"


Group = frozenset[str]


def _strata(order: Sequence[Group], subtypes: Mapping[str, str]) -> list[list[Group]]:
    """Groups by subtype, each in the order given."""
    found: dict[str, list[Group]] = defaultdict(list)
    for group in order:
        found[min(subtypes.get(patient, "") for patient in group)].append(group)
    return [found[name] for name in sorted(found)]


def _taken(strata: Sequence[Sequence[Group]], share: float) -> set[Group]:
    """The first of each stratum, so many that the whole comes to the share; what is over goes to the largest rests."""
    total = round(share * sum(len(stratum) for stratum in strata))
    counts = [int(share * len(stratum)) for stratum in strata]
    rests = [share * len(stratum) - count for stratum, count in zip(strata, counts, strict=True)]
    by_rest = sorted(range(len(strata)), key=lambda place: (-rests[place], place))
    for place in by_rest[: max(0, total - sum(counts))]:
        counts[place] += 1
    return {group for stratum, count in zip(strata, counts, strict=True) for group in stratum[:count]}


def _share_of_rest(shares: Shares, total: int, tested: int) -> float:
    """The validation share of all, as a share of what the test part has left."""
    return round(shares.validation * total) / (total - tested) if total > tested else 0.0


def _fold(strata: Sequence[Sequence[Group]], shares: Shares) -> set[Group]:
    """Every folds-th group, counted on from one stratum to the next, so that folds are of one size."""
    order = [group for stratum in strata for group in stratum]
    return set(order[shares.fold :: shares.folds])


def _flat(parts: Iterable[Group]) -> frozenset[str]:
    return frozenset(patient for group in parts for patient in group)
