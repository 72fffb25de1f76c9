"""Put the planes of a stack in order, by the best rule that its files allow.

Slice 0 is the one with the lowest position along the normal, row direction x column direction. For the usual axial
slices the normal points to the head, so slice 0 is nearest the feet.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from lungview.dicom.entries import Entry
from lungview.domain.arrays import FloatArray, IntArray
from lungview.domain.geometry_report import OrderRule

SAME_POSITION_MM: Final = 0.01
"""Slices nearer than this stand at one place: writers round positions to a thousandth or finer."""

AXIAL: Final = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
"""The orientation taken where files give positions but no orientation."""

_UNNUMBERED: Final = 1 << 40


def normal_of(orientation: Sequence[float]) -> FloatArray:
    """(3,) unit vector row direction x column direction."""
    normal = np.cross(np.asarray(orientation[:3], dtype=np.float64), np.asarray(orientation[3:], dtype=np.float64))
    return np.asarray(normal / np.linalg.norm(normal), dtype=np.float64)


def positions_along_normal(entries: Sequence[Entry]) -> FloatArray | None:
    """(N,) position of each plane along the first one's normal, mm; None unless every plane gives its own."""
    points = [entry.instance.position for entry in entries if entry.instance.position is not None]
    if not entries or len(points) != len(entries):
        return None
    normal = normal_of(entries[0].instance.orientation or AXIAL)
    return np.asarray(np.asarray(points, dtype=np.float64) @ normal, dtype=np.float64)


def places_of(positions: FloatArray) -> IntArray:
    """(N,) rank of each position among the distinct places, lowest 0; those of one place share a rank."""
    ascending = np.argsort(positions, kind="stable")
    ranks = np.zeros(len(positions), dtype=np.int64)
    ranks[ascending[1:]] = np.cumsum(np.diff(positions[ascending]) >= SAME_POSITION_MM)
    return ranks


def is_single_position(positions: FloatArray) -> bool:
    """Whether several planes all stand at one place."""
    return len(positions) > 1 and float(np.ptp(positions)) < SAME_POSITION_MM


def order(entries: Sequence[Entry], *, by_place: bool = True) -> tuple[list[Entry], OrderRule]:
    """Return the planes in order, and the rule that the order rests on.

    entries: in the order in which their files were listed, which decides where nothing else does. Planes at one place
    follow their instance numbers. by_place: False for planes whose places mean no order, as in different directions.
    """
    filed = sorted(entries, key=_filed_key)
    if not by_place:
        return filed, _rule_of_filing(filed)
    positions = positions_along_normal(filed)
    if positions is not None and not is_single_position(positions):
        return [filed[k] for k in np.argsort(places_of(positions), kind="stable")], OrderRule.POSITION
    locations = [entry.instance.slice_location_mm for entry in filed]
    known = [location for location in locations if location is not None]
    if positions is None and len(known) == len(filed) and len(set(known)) > 1:
        return [filed[k] for k in np.argsort(np.asarray(known), kind="stable")], OrderRule.SLICE_LOCATION
    return filed, _rule_of_filing(filed)


def _filed_key(entry: Entry) -> tuple[int, int, int]:
    instance = entry.instance
    number = instance.instance_number
    return _UNNUMBERED if number is None else number, instance.acquisition_number or 0, instance.frame


def _rule_of_filing(filed: Sequence[Entry]) -> OrderRule:
    if len(filed) > 1 and len({entry.instance.source for entry in filed}) == 1:
        return OrderRule.FRAME_NUMBER
    keys = {_filed_key(entry) for entry in filed}
    is_numbered = len(keys) == len(filed) and all(entry.instance.instance_number is not None for entry in filed)
    return OrderRule.INSTANCE_NUMBER if is_numbered else OrderRule.FILE_NAME
