"""Base and new model on the same slices, as the window shows it; knows no torch."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lungview.domain.box import Box

Interval = tuple[float, float]

UNPROVED = "The models were not compared, so nothing shows that the new one is better."


@dataclass(frozen=True, slots=True)
class Value:
    """A share in [0, 1] or a difference of two, None where it cannot be told, with its 95 % interval."""

    value: float | None
    interval: Interval | None = None

    def in_words(self, *, is_difference: bool = False) -> str:
        """As a table shows it."""
        if self.value is None:
            return "–"
        sign = "+" if is_difference else ""
        text = f"{self.value:{sign}.2f}"
        return (
            text if self.interval is None else f"{text} ({self.interval[0]:{sign}.2f} to {self.interval[1]:{sign}.2f})"
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of one part of the patients."""

    part: str
    name: str
    before: Value
    after: Value
    difference: Value


@dataclass(frozen=True, slots=True)
class Froc:
    """False marks per scan and sensitivity, from the strictest threshold on."""

    false_marks: Sequence[float]
    sensitivity: Sequence[float]


@dataclass(frozen=True, slots=True)
class Thumb:
    """A lesion that only one of the models found.

    is_gained: by the new one. slice_index: in the scan, from 0. stack: key of its series. file: one of its slices.
    box: the reader's on that slice.
    """

    is_gained: bool
    patient: str
    scan: str
    slice_index: int
    png: bytes
    title: str
    stack: str = ""
    file: Path = Path()
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Everything the before-and-after page shows. held_out: part that the new model never learned from, "" for none.

    base, base_sha256: name and weights of the model before. patients: how many are in the part held out.
    """

    before: str
    after: str
    held_out: str
    rows: tuple[Row, ...]
    froc: tuple[Froc, Froc] | None
    thumbs: tuple[Thumb, ...]
    remarks: tuple[str, ...] = ()
    base: str = ""
    base_sha256: str = ""
    patients: int = 0

    @property
    def verdict(self) -> Row | None:
        """The row that promotion is judged by: best box IoU on held-out patients."""
        wanted = [row for row in self.rows if row.part == self.held_out and row.name == MEASURE]
        return wanted[0] if wanted else None

    @property
    def warning(self) -> str:
        """Why the new model should not yet answer in place of the old, "" where the interval shows it better."""
        row = self.verdict
        if row is None:
            return "No patient was held out, so nothing shows that the new model reads new patients better."
        if row.difference.interval is None:
            return "Too few held-out patients for an interval: nothing shows yet that the new model is better."
        if row.difference.interval[0] > 0:
            return ""
        gain = row.difference.in_words(is_difference=True)
        return f"The gain, {gain}, is not clearly above 0: held-out patients do not show the new model better."


MEASURE = "IoU of the best box"
