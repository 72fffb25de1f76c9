"""Stored values to values with a unit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lungview.dicom.pixels import AIR_HU, INT16, Rule, rescale_in_place, rule_for, to_float32, to_int16
from lungview.domain.study import PixelFormat

ALL_CELLS = np.arange(65536, dtype=np.uint16).reshape(256, 256)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    """Rules as real files have them, and stranger ones."""
    bits = draw(st.sampled_from((16, 15, 13, 12, 8)))
    is_signed = draw(st.booleans())
    low = -(1 << bits - 1) if is_signed else 0
    high = (1 << bits - (1 if is_signed else 0)) - 1
    edge = draw(st.one_of(st.none(), st.integers(low, high), st.sampled_from((-2000, -32768, 0, 63536))))
    return Rule(
        bits_stored=bits,
        is_signed=is_signed,
        slope=draw(st.sampled_from((1.0, 1.0, 1.0, 2.0, 0.5, -1.0, 0.684))),
        intercept=draw(st.sampled_from((-1024.0, 0.0, -1000.0, -8192.0, 100.0, -0.5, 32767.0, -40000.0))),
        padding=None if edge is None else (edge, edge + draw(st.sampled_from((0, 0, 3)))),
        is_hu=draw(st.booleans()),
        inverted=False,
    )


def by_the_book(cells: np.ndarray, rule: Rule) -> tuple[np.ndarray, bool]:
    """The rule of the module's first lines, written out one pixel kind at a time."""
    unused = 16 - rule.bits_stored
    filed = cells.view(np.int16).astype(float) if rule.is_signed else cells.astype(float)
    masked = (cells << unused).astype(np.uint16)
    stored = (masked.view(np.int16) >> unused if rule.is_signed else masked >> unused).astype(float)
    values = stored * rule.slope + rule.intercept
    if rule.is_hu:
        first, last = rule.padding or (1.0, 0.0)
        padded = ((stored >= first) & (stored <= last)) | ((filed >= first) & (filed <= last)) | (values <= -2000)
        values = np.where(padded, AIR_HU, values)
    rounded = np.rint(values)
    held = bool(((rounded < INT16.min) | (rounded > INT16.max)).any())
    return np.clip(rounded, INT16.min, INT16.max).astype(np.int16), held


@settings(max_examples=150, deadline=None)
@given(rules(), st.data())
def test_every_cell_becomes_the_value_that_the_rule_says(rule: Rule, data: st.DataObject) -> None:
    # A slice of few values takes the short ways, one of all values the long one.
    low = data.draw(st.integers(0, 65535))
    few = (low + np.arange(64, dtype=np.uint32)).astype(np.uint16).reshape(8, 8)
    for cells in (ALL_CELLS, few):
        expected, held = by_the_book(cells, rule)
        out = cells.copy().view(np.int16)
        assert rescale_in_place(out, rule) == held
        np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize(
    ("bits", "is_signed", "padding"), [(12, False, None), (16, True, None), (16, True, -2000), (16, True, -32768)]
)
def test_usual_ct_slices_need_no_table(
    bits: int, is_signed: bool, padding: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(rule: Rule) -> None:
        raise AssertionError("the table was used")

    monkeypatch.setattr("lungview.dicom.pixels._table", fail)
    rule = Rule(bits, is_signed, 1.0, -1024.0, None if padding is None else (padding, padding), True, False)
    stored = np.array([[padding or 0, 0, 1024, 3000]], dtype=np.int16)
    assert not rescale_in_place(stored, rule)
    np.testing.assert_array_equal(stored, [[-1024, -1024, 0, 1976]])


def test_values_beyond_int16_are_held_and_told() -> None:
    stored = np.array([[0, 65535]], dtype=np.uint16)
    out = np.zeros((1, 2), dtype=np.int16)
    rule = rule_for(PixelFormat(1, 2, slope=2.0, intercept=-1024.0), "HU")
    assert to_int16(stored, rule, out)
    np.testing.assert_array_equal(out, [[-1024, 32767]])


def test_monochrome1_turns_numbers_without_a_unit_but_never_hu() -> None:
    stored = np.array([[0, 100, 255]], dtype=np.uint8)
    out = np.zeros((1, 3), dtype=np.int16)
    pixels = PixelFormat(1, 3, bits_allocated=8, bits_stored=8, photometric="MONOCHROME1")
    to_int16(stored, rule_for(pixels, ""), out)
    np.testing.assert_array_equal(out, [[255, 155, 0]])
    to_int16(stored, rule_for(pixels, "HU"), out)
    np.testing.assert_array_equal(out, [[0, 100, 255]])


def test_wide_and_real_pixels_are_rescaled_and_rounded_to_even() -> None:
    out = np.zeros((1, 4), dtype=np.int16)
    rule = Rule(32, False, 0.5, 0.0, (9, 9), True, False)
    to_int16(np.array([[1, 3, 5, 9]], dtype=np.uint32), rule, out)
    np.testing.assert_array_equal(out, [[0, 2, 2, AIR_HU]])


def test_pet_values_keep_their_fractions_and_padding_becomes_zero() -> None:
    out = np.zeros((1, 3), dtype=np.float32)
    rule = Rule(16, False, 0.25, 0.0, (0, 0), False, False)
    to_float32(np.array([[0, 1, 7]], dtype=np.uint16), rule, out)
    np.testing.assert_array_equal(out, np.array([[0.0, 0.25, 1.75]], dtype=np.float32))
