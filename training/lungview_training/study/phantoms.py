"""Synthetic patients of all four subtypes, so that every step of the experiment can be tried without patient data."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lungview.demo.lesions import LesionKind
from lungview.demo.phantom import build
from lungview.demo.write import write_patient
from lungview.errors import LungViewError
from lungview.task import Task

KINDS: Mapping[str, tuple[LesionKind, ...]] = {
    "A": (LesionKind.GROUND_GLASS, LesionKind.PART_SOLID),
    "B": (LesionKind.SPICULATED_MASS, LesionKind.ROUND_NODULE),
    "E": (LesionKind.SPICULATED_MASS, LesionKind.PLEURAL),
    "G": (LesionKind.PLEURAL, LesionKind.ROUND_NODULE),
}
"""Lesions that differ between subtypes, as a trial needs; no claim on what the carcinomas look like."""


UNSEEN = "E", LesionKind.CAVITY
"""A subtype and its lesions, which the bundled network was never shown and hardly finds."""


def write_phantoms(folder: Path, patients: int, size: int = 128, slices: int = 40, task: Task | None = None) -> None:
    """Write so many patients of each subtype as the dataset lays them out, size x size pixels of 379 mm."""
    for place, (letter, kinds) in enumerate(KINDS.items()):
        for number in range(1, patients + 1):
            _write(folder, f"{letter}{number:04d}", 1000 * (place + 1) + number, kinds, (slices, size), task)


def write_unseen(folder: Path, patients: int, size: int = 256, slices: int = 48, task: Task | None = None) -> None:
    """Write so many patients of one subtype with a lesion each that the bundled network does not know."""
    letter, kind = UNSEEN
    for number in range(1, patients + 1):
        _write(folder, f"{letter}{number:04d}", 9000 + number, (kind,), (slices, size), task)


def _write(
    folder: Path, name: str, seed: int, kinds: Sequence[LesionKind], shape: tuple[int, int], task: Task | None
) -> None:
    """One patient. shape: slices through a chest, and the side of each in pixels."""
    slices, size = shape
    try:
        phantom = build(seed, slices=slices, size=size, spacing_mm=240 / slices, kinds=kinds, task=task)
        write_patient(folder, name, name[0], phantom)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise LungViewError(f"The patients could not be written into {folder.name} ({reason}).") from error
