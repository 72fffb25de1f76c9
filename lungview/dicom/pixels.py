"""Turn stored pixel values into values with a unit (DICOM PS3.3 C.7.6.3 and C.11.1.1.2).

value = stored * slope + intercept in double precision, rounded to the nearest whole number (half to even) where the
volume is int16, and held to what int16 can hold. CT pixels that stand for "no measurement" become air: those in the
file's padding range, and those at or below -2000 HU, which no tissue and no noise reaches but which scanners write
outside the measured circle without always saying so.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lungview.domain.arrays import BoolArray, HuArray
from lungview.domain.study import PixelFormat, Stack

AIR_HU: Final = -1024
NO_MEASUREMENT_HU: Final = -2000
INT16: Final = np.iinfo(np.int16)

StoredArray = NDArray[np.generic]
"""Pixels as a decoder returns them, of any integer or floating type, (row, column)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of pixel becomes a value; what PixelFormat says, without what it says of files.

    is_hu: padding becomes air. inverted: MONOCHROME1 of values without a unit, turned so that high is bright. CT
    numbers are never turned: they mean the same under either interpretation.
    """

    bits_stored: int
    is_signed: bool
    slope: float
    intercept: float
    padding: tuple[int, int] | None
    is_hu: bool
    inverted: bool

    @property
    def lowest(self) -> int:
        """The lowest stored value."""
        return -(1 << self.bits_stored - 1) if self.is_signed else 0

    @property
    def highest(self) -> int:
        """The highest stored value."""
        return (1 << self.bits_stored - (1 if self.is_signed else 0)) - 1

    @property
    def is_shift(self) -> bool:
        """Whether a value is the stored one plus a whole number."""
        return (
            self.slope == 1.0 and self.intercept.is_integer() and abs(self.intercept) <= INT16.max and not self.inverted
        )


def rule_for(pixels: PixelFormat, unit: str) -> Rule:
    """Return how an instance's pixels, as filed or as a modality LUT has left them, become values of a unit."""
    if pixels.has_modality_lut:
        return Rule(16, False, 1.0, 0.0, None, unit == "HU", False)
    return Rule(
        bits_stored=pixels.bits_stored,
        is_signed=pixels.is_signed,
        slope=pixels.slope,
        intercept=pixels.intercept,
        padding=pixels.padding,
        is_hu=unit == "HU",
        inverted=unit != "HU" and pixels.photometric == "MONOCHROME1",
    )


def fits_int16(stack: Stack) -> bool:
    """Whether int16 is what the stack's values are kept in: HU always, others where it holds them exactly."""
    if stack.unit == "HU":
        return True
    rules = {rule_for(instance.pixels, stack.unit) for instance in stack.instances}
    has_lut = any(instance.pixels.has_modality_lut for instance in stack.instances)
    return not has_lut and all(
        rule.bits_stored <= 16
        and rule.slope == 1.0
        and rule.intercept.is_integer()
        and INT16.min <= rule.lowest + rule.intercept
        and rule.highest + rule.intercept <= INT16.max
        for rule in rules
    )


@lru_cache(maxsize=64)
def _table(rule: Rule) -> tuple[HuArray, BoolArray]:
    """(65536,) int16 value of every 16-bit cell as filed, and whether that value was held to int16's range."""
    cells = np.arange(65536, dtype=np.uint16)
    if rule.is_signed:
        unused = 16 - rule.bits_stored
        stored = (cells.view(np.int16) << unused >> unused).astype(np.float64)
        filed = cells.view(np.int16).astype(np.float64)
    else:
        stored = (cells & ((1 << rule.bits_stored) - 1)).astype(np.float64)
        filed = cells.astype(np.float64)
    # Some writers pad with a number wider than Bits Stored: the cell as filed counts too.
    padded = is_padding(stored, rule) | is_padding(filed, rule)
    values = exact_values(stored, rule)
    if rule.is_hu:
        padded |= values <= NO_MEASUREMENT_HU
        values[padded] = AIR_HU
    rounded = np.rint(values)
    held = (rounded < INT16.min) | (rounded > INT16.max)
    table: HuArray = np.clip(rounded, INT16.min, INT16.max).astype(np.int16)
    return table, held


def is_padding(stored: NDArray[np.float64], rule: Rule) -> BoolArray:
    """Whether stored values stand for "no measurement" by the file's own word."""
    if rule.padding is None:
        return np.zeros(stored.shape, dtype=np.bool_)
    first, last = rule.padding
    return np.asarray((stored >= first) & (stored <= last))


def exact_values(stored: NDArray[np.float64], rule: Rule) -> NDArray[np.float64]:
    """Rescaled values in double precision, padding not looked at."""
    if rule.inverted:
        stored = rule.lowest + rule.highest - stored
    return np.asarray(stored * rule.slope + rule.intercept)


def rescale_in_place(cells: HuArray, rule: Rule) -> bool:
    """Turn 16-bit cells as filed into int16 values; return whether any was held to int16's range.

    cells: (row, column), C-contiguous; unsigned cells are in it by their bits.
    """
    if not rule.is_shift or not _shift_in_place(cells, rule):
        table, held = _table(rule)
        filed = cells.view(np.uint16)
        was_held = bool(held.any() and held[filed].any())
        np.take(table, filed, out=cells, mode="clip")
        return was_held
    return False


def _shift_in_place(cells: HuArray, rule: Rule) -> bool:
    """Do in a few passes what the table does, where adding the intercept is enough; else change nothing, say False.

    Sums are taken modulo 2^16, which is exact wherever the result fits, for signed and unsigned cells alike.
    """
    shift = int(rule.intercept)
    view = cells if rule.is_signed else cells.view(np.uint16)
    floor = NO_MEASUREMENT_HU - shift if rule.is_hu else None
    if not _is_padding_below(rule, floor):
        return False
    is_full = rule.bits_stored == 16
    if rule.highest + shift > INT16.max and not (is_full and int(view.max()) + shift <= INT16.max):
        return False
    if floor is None and rule.lowest + shift < INT16.min and not (is_full and int(view.min()) + shift >= INT16.min):
        return False
    _keep_stored_bits(cells, rule)
    if floor is not None and rule.lowest <= floor:
        measured = view > floor
        if not measured.all():
            if shift != AIR_HU:
                np.subtract(cells, np.int16(AIR_HU - shift), out=cells)
            np.multiply(cells, measured, out=cells)
            np.add(cells, np.int16(AIR_HU), out=cells)
            return True
    np.add(cells, np.int16(shift), out=cells)
    return True


def _is_padding_below(rule: Rule, floor: int | None) -> bool:
    """Whether all padding that matters lies in the stored range and at or below the floor of what can be measured."""
    if rule.padding is None or floor is None:
        return True
    first, last = rule.padding
    return (first == last == AIR_HU - int(rule.intercept)) or (rule.lowest <= first and last <= floor)


def _keep_stored_bits(cells: HuArray, rule: Rule) -> None:
    """Clear the bits above Bits Stored, or fill them with the sign: overlays and rubbish live there in old files."""
    unused = 16 - rule.bits_stored
    if unused and rule.is_signed:
        np.left_shift(cells, unused, out=cells)
        np.right_shift(cells, unused, out=cells)
    elif unused:
        np.bitwise_and(cells, np.int16((1 << rule.bits_stored) - 1), out=cells)


def to_int16(stored: StoredArray, rule: Rule, out: HuArray) -> bool:
    """Write the values of decoded pixels of any type into out; return whether any was held to int16's range."""
    if stored.dtype.kind in "iu" and stored.dtype.itemsize <= 2 and rule.bits_stored <= 16:
        np.copyto(out, stored.astype(np.int16 if stored.dtype.kind == "i" else np.uint16).view(np.int16))
        return rescale_in_place(out, rule)
    numbers = stored.astype(np.float64)
    values = exact_values(numbers, rule)
    if rule.is_hu:
        values[is_padding(numbers, rule) | (values <= NO_MEASUREMENT_HU)] = AIR_HU
    return round_into(values, out)


def round_into(values: NDArray[np.float64], out: HuArray) -> bool:
    """Round values to the nearest, hold them to int16's range, and return whether any had to be held."""
    rounded = np.rint(np.nan_to_num(values))
    np.copyto(out, np.clip(rounded, INT16.min, INT16.max), casting="unsafe")
    return bool((rounded < INT16.min).any() or (rounded > INT16.max).any())


def to_float32(stored: StoredArray, rule: Rule, out: NDArray[np.float32]) -> None:
    """Write the values of pixels into out in single precision; padding becomes 0."""
    numbers = stored.astype(np.float64)
    values = exact_values(numbers, rule)
    values[is_padding(numbers, rule)] = 0.0
    np.copyto(out, values, casting="same_kind")
