"""Whom a model has learned from, told without naming anybody: salted digests of patients' IDs, as kept cards hold them.

Nobody reads an ID out of a card; who knows a patient's ID can ask whether it is among them, which is what they are for.
"""

import hashlib
import secrets
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lungview_training.config import SplitKind
from lungview_training.split import Part, Split

_ROUNDS = 2000
"""About a millisecond an ID: nothing for one data set, much for who would try all IDs there may be."""
_BYTES = 12

ENTRY = "learned_from"
"""The card's entry: a table for the model itself, and one for each it went on from, the nearest first."""

Table = dict[str, object]
Parts = Mapping[str, Container[str]]


@dataclass(frozen=True, slots=True)
class Digested:
    """Patients of whom only digests are known; `name in digested` answers."""

    salt: str
    digests: frozenset[str]

    def __contains__(self, name: object) -> bool:
        """Whether a patient of this ID is among them."""
        return isinstance(name, str) and _digest(name, self.salt) in self.digests


@dataclass(frozen=True, slots=True)
class Among:
    """Patients who are in any of some groups, and in none of some others."""

    groups: Sequence[Container[str]]
    but_not: Sequence[Container[str]] = ()

    def __contains__(self, name: object) -> bool:
        """Whether a patient of this ID is among them."""
        return any(name in group for group in self.groups) and not any(name in group for group in self.but_not)


def table_of(model: str, split: Split) -> Table:
    """A model's own table. Where single slices were shared out, each patient counts in every part that has one."""
    members = {part.value: split.members(part) for part in Part}
    if split.kind is SplitKind.IMAGE:
        members = {part: frozenset(each.rsplit("/", 1)[0] for each in found) for part, found in members.items()}
    return _digested(model, members)


def tables_of_elder(name: str, facts: Mapping[str, object]) -> list[Table]:
    """What the card of a model that was gone on from tells, and what it tells of those before it.

    One whose card does not tell has a table with its name alone, so that nobody takes it for one who knew nobody.
    """
    tables = facts.get(ENTRY)
    if isinstance(tables, list) and tables:
        return [table for table in tables if isinstance(table, dict)]
    split = facts.get("split")
    if not isinstance(split, Mapping):
        return [{"model": name}]
    return [_digested(name, {part.value: map(str, split.get(part.value, ())) for part in Part})]


def parts_of(facts: Mapping[str, object]) -> Parts | None:
    """Patients by part ("train", "validation", "test"), of a model and all it went on from; None where nobody knows.

    A patient whom any of them learned from is in the training part alone, and one by whom any was chosen in the
    validation part.
    """
    found = [parts for table in _tables(facts) if (parts := _parts_of_table(table)) is not None]
    if not found:
        return None
    train, validation, test = ([parts[part.value] for parts in found] for part in Part)
    return {
        Part.TRAIN.value: Among(train),
        Part.VALIDATION.value: Among(validation, train),
        Part.TEST.value: Among(test[:1], [*train, *validation]),
    }


def is_whole(facts: Mapping[str, object]) -> bool:
    """Whether every model that this one went on from tells whom it knew."""
    return all(_parts_of_table(table) is not None for table in _tables(facts))


def _tables(facts: Mapping[str, object]) -> list[Mapping[str, object]]:
    tables = facts.get(ENTRY)
    if isinstance(tables, list) and tables:
        return [table for table in tables if isinstance(table, Mapping)]
    split = facts.get("split")
    return [split] if isinstance(split, Mapping) else []


def _parts_of_table(table: Mapping[str, object]) -> Parts | None:
    salt = table.get("salt")
    lists = {part.value: table.get(part.value) for part in Part}
    if not any(isinstance(found, list) for found in lists.values()):
        return None
    names = {part: frozenset(map(str, found if isinstance(found, list) else ())) for part, found in lists.items()}
    return {part: Digested(salt, found) for part, found in names.items()} if isinstance(salt, str) else names


def _digested(model: str, members: Mapping[str, Iterable[str]]) -> Table:
    salt = secrets.token_hex(16)
    parts = {part: sorted(_digest(name, salt) for name in found) for part, found in members.items()}
    return {"model": model, "salt": salt, **parts}


@lru_cache(maxsize=65536)
def _digest(name: str, salt: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", name.encode(), salt.encode(), _ROUNDS, _BYTES).hex()
