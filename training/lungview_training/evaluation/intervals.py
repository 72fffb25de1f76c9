"""95 % intervals from patients drawn anew, since slices of one patient tell much the same."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import FloatArray

DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """A value, None where it cannot be told, and its 95 % interval, None where patients are too few for one."""

    value: float | None
    interval_95: tuple[float, float] | None


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """Named values (F,) as measured, and the same (D, F) of each draw of patients; NaN where nothing can be told."""

    names: tuple[str, ...]
    values: FloatArray
    draws: FloatArray

    def figures(self) -> Mapping[str, Figure]:
        """Each value with its interval."""
        return {name: figure_of(self.values[at], self.draws[:, at]) for at, name in enumerate(self.names)}

    def minus(self, other: "Drawn") -> "Drawn":
        """The differences; both must have been drawn from the same patients with the same seed."""
        return Drawn(self.names, self.values - other.values, self.draws - other.draws)


def draw(
    measure: Callable[[FloatArray], Mapping[str, float]], patients: int, *, draws: int = DRAWS, seed: int = 0
) -> Drawn:
    """Measure with each of so many patients weighed 1, and again with as many patients drawn with replacement.

    measure: takes how often each patient counts, (P,). Under two patients nothing can be drawn.
    """
    once = measure(np.ones(patients))
    values = np.array(list(once.values()), dtype=np.float64)
    rows = np.full((0, len(once)), np.nan)
    if patients > 1:
        weights = np.random.default_rng(seed).multinomial(patients, np.full(patients, 1 / patients), size=draws)
        rows = np.array([list(measure(weight).values()) for weight in weights.astype(np.float64)])
    return Drawn(tuple(once), values, rows.reshape(-1, len(once)))


def figure_of(value: float, drawn: FloatArray) -> Figure:
    """A value with the interval of its draws; draws that could not tell are left out."""
    known = drawn[np.isfinite(drawn)]
    if not np.isfinite(value):
        return Figure(None, None)
    if not known.size:
        return Figure(float(value), None)
    low, high = np.percentile(known, (2.5, 97.5))
    return Figure(float(value), (float(low), float(high)))
