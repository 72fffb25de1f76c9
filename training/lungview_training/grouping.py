"""Which patients are one and the same in truth, and so must stay on one side of a split."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Protocol

Link = tuple[str, str]
"""A patient, and something that only one person can have: a study, an image, the pixels of an image."""


class Named(Protocol):
    """What a split must know of a slice, decoded or not; see Sample."""

    @property
    def patient(self) -> str:
        """Whose it is."""

    @property
    def name(self) -> str:
        """What it is called among the patient's slices."""

    @property
    def subtype(self) -> str:
        """Of the patient's cancer, "" where unknown."""

    @property
    def study(self) -> str:
        """Its Study Instance UID, "" where unknown."""

    @property
    def digest(self) -> str:
        """Of its pixels, "" where unknown."""


_UID = re.compile(r"\d+(?:\.\d+){3,}(?:#\d+)?")


def links_of(samples: Iterable[Named]) -> Iterator[Link]:
    """What ties each sample's patient to others: its study, its SOP Instance UID and its pixels."""
    for sample in samples:
        yield sample.patient, ""
        if sample.study:
            yield sample.patient, f"study {sample.study}"
        if _UID.fullmatch(sample.name):
            yield sample.patient, f"image {sample.name}"
        if sample.digest:
            yield sample.patient, f"pixels {sample.digest}"


def joined(links: Iterable[Link]) -> dict[str, str]:
    """Patient -> the name that stands for all patients joined to it by a shared study, image or picture."""
    roots: dict[str, str] = {}
    owners: dict[str, str] = {}
    for patient, thing in links:
        roots.setdefault(patient, patient)
        if thing:
            _join(roots, owners.setdefault(thing, patient), patient)
    return {patient: _root(roots, patient) for patient in roots}


def groups(patients: Iterable[str], owner: dict[str, str]) -> list[frozenset[str]]:
    """Patients in the groups that joined() found, sorted; one it does not know stands alone."""
    found: dict[str, set[str]] = defaultdict(set)
    for patient in patients:
        found[owner.get(patient, patient)].add(patient)
    return [frozenset(found[name]) for name in sorted(found)]


def _join(roots: dict[str, str], one: str, other: str) -> None:
    """The name that sorts first stands for both."""
    first, second = sorted((_root(roots, one), _root(roots, other)))
    roots[second] = first


def _root(roots: dict[str, str], patient: str) -> str:
    while roots[patient] != patient:
        roots[patient] = roots[roots[patient]]
        patient = roots[patient]
    return patient
