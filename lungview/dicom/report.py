"""Say what is odd about the geometry of an ordered stack, and what was done about it."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from lungview.dicom.entries import Entry
from lungview.dicom.ordering import SAME_POSITION_MM, normal_of, places_of, positions_along_normal
from lungview.domain.arrays import FloatArray
from lungview.domain.geometry_report import GeometryIssue, GeometryNote, GeometryReport, OrderRule
from lungview.domain.study import StackKind

GAP_FACTOR: Final = 1.5
"""A step this many times the usual one leaves out slices."""
SAME_STEP: Final = 0.05
"""Relative difference up to which steps are the same."""
TILT_DEGREES: Final = 0.2
"""Angle between the normal and the way from slice to slice from which the stack is sheared."""
MAX_THICKNESS_MM: Final = 25.0
SQUARE: Final = 1e-3
_MEASURED: Final = frozenset({StackKind.VOLUME, StackKind.SINGLE_POSITION})


def report_on(
    entries: Sequence[Entry], rule: OrderRule, kind: StackKind, notes: Sequence[GeometryNote] = ()
) -> GeometryReport:
    """Return the report of planes in their order; notes: what splitting the series has noted already."""
    positions = positions_along_normal(entries) if kind is not StackKind.UNPLACED else None
    if positions is None and rule is OrderRule.SLICE_LOCATION:
        positions = np.asarray([entry.instance.slice_location_mm for entry in entries], dtype=np.float64)
    spacing = usual_spacing(positions)
    tilt = _tilt(entries) if rule is OrderRule.POSITION else 0.0
    found = [
        *notes,
        *_notes_on_order(entries, rule, kind),
        *_notes_on_steps(positions, spacing),
        *_note_on_tilt(tilt),
        *_notes_on_pixels(entries, kind),
        *_notes_on_thickness(entries, spacing, kind),
        *_notes_on_patient(entries),
        *_note_on_overlays(entries),
    ]
    return GeometryReport(rule, spacing, tilt, tuple(found))


def usual_spacing(positions: FloatArray | None) -> float | None:
    """Return the median distance between neighbouring places, mm; None where there are not two."""
    if positions is None or len(positions) < 2:
        return None
    steps = np.diff(positions)
    steps = steps[steps >= SAME_POSITION_MM]
    return round(float(np.median(steps)), 6) if len(steps) else None


def _tilt(entries: Sequence[Entry]) -> float:
    """Return the angle between the normal and the way from the first slice to the last, degrees."""
    first, last = entries[0].instance.position, entries[-1].instance.position
    orientation = entries[0].instance.orientation
    if first is None or last is None or orientation is None:
        return 0.0
    way = np.subtract(last, first)
    length = float(np.linalg.norm(way))
    if length < SAME_POSITION_MM:
        return 0.0
    cosine = abs(float(way @ normal_of(orientation))) / length
    return round(float(np.degrees(np.arccos(min(1.0, cosine)))), 3)


def _notes_on_order(entries: Sequence[Entry], rule: OrderRule, kind: StackKind) -> list[GeometryNote]:
    if kind is StackKind.CAPTURE or rule is OrderRule.POSITION or (len(entries) < 2 and kind is not StackKind.UNPLACED):
        return []
    if kind is StackKind.SINGLE_POSITION:
        text = f"All {len(entries)} slices stand at one place; they are shown in the order of their {rule}s."
        slices = tuple(range(len(entries)))
        return [GeometryNote(GeometryIssue.DUPLICATE_POSITION, text, slices, float(len(entries)))]
    if any(entry.instance.position is None for entry in entries):
        text = f"The files give no position; the slices are ordered by {rule}."
        return [GeometryNote(GeometryIssue.MISSING_POSITION, text)]
    return []


def _notes_on_steps(positions: FloatArray | None, spacing: float | None) -> list[GeometryNote]:
    """Note doubled places, gaps, and steps that vary throughout."""
    if positions is None or spacing is None:
        return []
    notes = _note_on_duplicates(positions)
    steps = np.diff(positions)
    distinct = steps >= SAME_POSITION_MM
    gaps = np.flatnonzero(steps > GAP_FACTOR * spacing)
    others = steps[distinct & (steps <= GAP_FACTOR * spacing)]
    vary = bool(len(others)) and float(np.ptp(others)) > max(2 * SAME_STEP * spacing, 2 * SAME_POSITION_MM)
    if vary or _are_many(len(gaps), int(np.count_nonzero(distinct))):
        low, high = float(steps[distinct].min()), float(steps[distinct].max())
        text = (
            f"The distance between slices varies from {low:.3g} to {high:.3g} mm; each slice keeps its own position,"
            " and other planes and measurements use it."
        )
        return [*notes, GeometryNote(GeometryIssue.MIXED_SPACING, text, value=round(high - low, 6))]
    return [*notes, *(_note_on_gap(int(k), positions, spacing) for k in gaps)]


def _are_many(gaps: int, steps: int) -> bool:
    """Whether wide steps are too many to be gaps: one of two, or several that are a third of all."""
    return gaps > 0 and (steps <= 2 or (gaps > 1 and gaps * 3 > steps))


def _note_on_duplicates(positions: FloatArray) -> list[GeometryNote]:
    places = places_of(positions)
    counts = np.bincount(places)
    crowded = counts[places] > 1
    if not crowded.any() or len(counts) == 1:
        return []
    slices = tuple(int(k) for k in np.flatnonzero(crowded))
    text = (
        f"{int((counts > 1).sum())} positions occur more than once ({len(slices)} slices); all were kept,"
        " side by side in the order of their instance numbers."
    )
    return [GeometryNote(GeometryIssue.DUPLICATE_POSITION, text, slices, float((counts - 1).sum()))]


def _note_on_gap(k: int, positions: FloatArray, spacing: float) -> GeometryNote:
    step = float(positions[k + 1] - positions[k])
    missing = max(1, round(step / spacing) - 1)
    text = (
        f"Between {positions[k]:.1f} and {positions[k + 1]:.1f} mm slices are missing (about {missing} at the usual"
        f" {spacing:.3g} mm); the slices on both sides are shown next to each other at their true positions."
    )
    return GeometryNote(GeometryIssue.GAP, text, (k, k + 1), round(step, 6))


def _note_on_tilt(tilt: float) -> list[GeometryNote]:
    if tilt < TILT_DEGREES:
        return []
    text = (
        f"The gantry was tilted by {tilt:.1f} degrees: slices are sheared against each other. They are shown as filed;"
        " other planes and measurements use each slice's own position."
    )
    return [GeometryNote(GeometryIssue.TILT, text, value=tilt)]


def _notes_on_pixels(entries: Sequence[Entry], kind: StackKind) -> list[GeometryNote]:
    if kind is StackKind.CAPTURE:
        return []
    notes = []
    spacing = entries[0].instance.pixel_spacing_mm
    if spacing is None:
        text = "The files give no pixel spacing; 1 mm stands in for it, so sizes in mm are not to be trusted."
        notes.append(GeometryNote(GeometryIssue.MISSING_PIXEL_SPACING, text))
    elif abs(spacing[0] - spacing[1]) > SQUARE * max(spacing):
        text = f"Pixels are {spacing[0]:.4g} mm high and {spacing[1]:.4g} mm wide; measurements use both."
        notes.append(GeometryNote(GeometryIssue.NON_SQUARE_PIXELS, text, value=round(spacing[0] / spacing[1], 6)))
    paddings = {entry.instance.pixels.padding for entry in entries} - {None}
    if paddings and entries[0].facts.unit == "HU":
        values = ", ".join(
            sorted(str(first) if first == last else f"{first} to {last}" for first, last in _known(paddings))
        )
        text = f"Pixels outside the measured field are filed as {values}; they are shown as air (-1024 HU)."
        notes.append(GeometryNote(GeometryIssue.PADDING, text))
    return notes


def _known(paddings: set[tuple[int, int] | None]) -> list[tuple[int, int]]:
    return [padding for padding in paddings if padding is not None]


def _notes_on_thickness(entries: Sequence[Entry], spacing: float | None, kind: StackKind) -> list[GeometryNote]:
    thicknesses = sorted({t for entry in entries if (t := entry.instance.slice_thickness_mm) is not None})
    if not thicknesses or entries[0].facts.modality != "CT" or kind not in _MEASURED:
        return []
    worst = thicknesses[-1] if thicknesses[-1] > MAX_THICKNESS_MM else thicknesses[0]
    if not 0 < worst <= MAX_THICKNESS_MM:
        text = (
            f"A header gives a slice thickness of {worst:g} mm, which cannot be; the distance between slices is used."
        )
        return [GeometryNote(GeometryIssue.IMPLAUSIBLE_THICKNESS, text, value=worst)]
    thickness = thicknesses[len(thicknesses) // 2]
    if spacing is None or abs(thickness - spacing) <= SAME_STEP * spacing:
        return []
    effect = "overlap" if thickness > spacing else "leave tissue between them unseen"
    text = (
        f"Slices are {thickness:g} mm thick and {spacing:.3g} mm apart, so they {effect}; distances are reckoned by"
        " position."
    )
    return [GeometryNote(GeometryIssue.THICKNESS_DIFFERS, text, value=thickness)]


def _notes_on_patient(entries: Sequence[Entry]) -> list[GeometryNote]:
    if not entries[0].facts.patient_position.upper().startswith("FF"):
        return []
    text = "The patient lay feet first; positions are the patient's own, so order and sides are not affected."
    return [GeometryNote(GeometryIssue.FEET_FIRST, text)]


def _note_on_overlays(entries: Sequence[Entry]) -> list[GeometryNote]:
    slices = tuple(k for k, entry in enumerate(entries) if entry.instance.has_overlay)
    if not slices:
        return []
    which = f"{len(slices)} of {len(entries)} slices come" if len(entries) > 1 else "The slice comes"
    text = f"{which} with graphics of the file's own, which the window lays over the pixels and can leave out."
    return [GeometryNote(GeometryIssue.OVERLAY, text, slices, float(len(slices)))]
