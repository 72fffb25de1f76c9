"""FROC curves of patients that may count more than once, as a bootstrap asks for them by the thousand."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import BoolArray, FloatArray, IntArray
from lungview.metrics.froc import RATES, ScanMarks


@dataclass(frozen=True, slots=True, eq=False)
class FrocMarks:
    """Marks laid out flat, best score first.

    owner: (N,) row of the mark's patient. first: (N,) whether it is the best mark on its lesion. false: (N,) whether it
    hits nothing. ends: (E,) last mark of each run of equal scores. lesions, scans: (P,) of each patient.
    """

    owner: IntArray
    scores: FloatArray
    first: BoolArray
    false: BoolArray
    ends: IntArray
    lesions: FloatArray
    scans: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """FROC points from the strictest threshold on: false marks per scan and sensitivity, (P,) each."""

    false_marks: FloatArray
    sensitivity: FloatArray

    def at_rates(self) -> dict[str, float]:
        """Sensitivity at each of LUNA16's rates, by "froc_<rate>", and their mean, "cpm"."""
        is_highest = np.append(np.diff(self.false_marks) > 0, True)
        read = np.interp(RATES, self.false_marks[is_highest], self.sensitivity[is_highest]).tolist()
        named = {f"froc_{rate}": value for rate, value in zip(RATES, read, strict=True)}
        return named | {"cpm": float(np.mean(read))}


def curve(marks: FrocMarks, weight: FloatArray | None = None) -> Curve:
    """The FROC curve with each patient (P,) counted weight times, once by default."""
    weight = np.ones(len(marks.lesions)) if weight is None else weight
    each = weight[marks.owner]
    lesions, scans = float(weight @ marks.lesions), float(weight @ marks.scans)
    found = np.cumsum(each * marks.first)[marks.ends]
    false = np.cumsum(each * marks.false)[marks.ends]
    sensitivity = np.append(0.0, found) / lesions if lesions else np.full(len(found) + 1, np.nan)
    return Curve(np.append(0.0, false) / max(scans, 1.0), sensitivity)


def ends_of(ordered: FloatArray) -> IntArray:
    """Last place of each run of equal values, (E,), of sorted ones."""
    if not ordered.size:
        return np.zeros(0, dtype=np.int64)
    return np.flatnonzero(np.append(np.diff(ordered) != 0, True))


def of_scans(patients: Sequence[str], scans: Sequence[tuple[str, ScanMarks]]) -> FrocMarks:
    """Lay out marks by scan, each with its patient's name; patients: names in the order of the rows."""
    rows = {name: row for row, name in enumerate(patients)}
    lesions, counts = np.zeros(len(patients)), np.zeros(len(patients))
    events: list[tuple[float, int, bool, bool]] = []
    for name, marks in scans:
        lesions[rows[name]] += marks.lesions
        counts[rows[name]] += 1
        found: set[int] = set()
        for score, hit in sorted(zip(marks.scores, marks.hits, strict=True), key=lambda mark: -mark[0]):
            events.append((score, rows[name], hit is not None and hit not in found, hit is None))
            found |= set() if hit is None else {hit}
    events.sort(key=lambda event: -event[0])
    scores, owner, first, false = (np.array([event[part] for event in events]) for part in range(4))
    return FrocMarks(
        owner.astype(np.int64),
        scores.astype(np.float64),
        first.astype(np.bool_),
        false.astype(np.bool_),
        ends_of(scores),
        lesions,
        counts,
    )
