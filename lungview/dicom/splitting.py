"""Split the planes of one series into parts that each make sense on their own.

A SeriesInstanceUID promises less than one would think: it may hold several acquisitions at the same positions,
localizers beside slices, screenshots, several orientations and sizes.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Final, TypeVar

from lungview.dicom import kinds
from lungview.dicom.acquisitions import split_acquisitions
from lungview.dicom.entries import Entry
from lungview.dicom.ordering import AXIAL, is_single_position, normal_of, positions_along_normal
from lungview.dicom.parts import Part, split_by
from lungview.domain.geometry import letters_for
from lungview.domain.geometry_report import GeometryIssue, GeometryNote
from lungview.domain.study import StackKind

_SAME_DIRECTION: Final = 2e-3
"""Largest difference between cosines of one orientation: a tenth of a degree."""
_SAME_SPACING: Final = 1e-3
"""Largest relative difference between pixel spacings taken as one."""
_MAX_ORIENTATIONS: Final = 4
_KIND_NAMES: Final = {StackKind.LOCALIZER: "localizer", StackKind.CAPTURE: "secondary capture"}
_SCREENSHOT: Final = frozenset({"SCREEN SAVE", "SCREEN_SAVE", "DOSEINFO", "DOSE_INFO", "SCREENSHOT"})


def split_series(entries: Sequence[Entry]) -> list[Part]:
    """Return the parts of one series, each with its kind, with what tells it apart and what was done."""
    parts = _split_kinds(Part(tuple(entries)))
    for step in _STEPS:
        parts = [piece for part in parts for piece in step(part)]
    return [_with_final_kind(part) for part in parts]


def _split_kinds(part: Part) -> list[Part]:
    parts = split_by(part, kind_of, lambda kind: _KIND_NAMES.get(kind, ""))
    return [replace(piece, kind=kind_of(piece.entries[0])) for piece in parts]


def kind_of(entry: Entry) -> StackKind:
    """What a plane is by its class and Image Type (DICOM PS3.3 C.8.2.1.1.1); VOLUME until its place is looked at."""
    facts = entry.facts
    return _kind_by(facts.image_type, facts.sop_class_uid, entry.instance.pixels.is_colour)


@lru_cache(maxsize=64)
def _kind_by(image_type: tuple[str, ...], sop_class_uid: str, is_colour: bool) -> StackKind:
    words = {word.upper() for word in image_type}
    if is_colour or kinds.is_secondary_capture(sop_class_uid) or words & _SCREENSHOT:
        return StackKind.CAPTURE
    return StackKind.LOCALIZER if words & {"LOCALIZER", "SCOUT"} else StackKind.VOLUME


def _split_modalities(part: Part) -> list[Part]:
    return split_by(part, lambda entry: (entry.facts.modality, entry.facts.unit), lambda key: " ".join(key).strip())


def _split_sizes(part: Part) -> list[Part]:
    def size(entry: Entry) -> tuple[int, int, bool]:
        pixels = entry.instance.pixels
        return pixels.rows, pixels.columns, pixels.is_colour

    def label(key: tuple[int, int, bool]) -> str:
        return f"{key[1]} x {key[0]}{' colour' if key[2] else ''}"

    return split_by(part, size, label, GeometryIssue.MIXED_SIZE, "slices of different sizes")


def _split_unplaced(part: Part) -> list[Part]:
    if part.kind is StackKind.CAPTURE:
        return [part]
    return split_by(
        part,
        lambda entry: entry.instance.position is not None,
        lambda is_placed: "" if is_placed else "no position",
        GeometryIssue.MISSING_POSITION,
        "slices with and without a position",
    )


def _split_frames_of_reference(part: Part) -> list[Part]:
    if part.kind is StackKind.CAPTURE:
        return [part]
    names: dict[str, int] = {}
    for entry in part.entries:
        names.setdefault(entry.facts.frame_of_reference_uid, len(names) + 1)
    return split_by(
        part, lambda entry: names[entry.facts.frame_of_reference_uid], lambda number: f"frame of reference {number}"
    )


def _split_orientations(part: Part) -> list[Part]:
    if part.kind is StackKind.CAPTURE:
        return [part]
    cluster = _clusters(part.entries, _orientation, lambda a, b: _nearest(a, b) < _SAME_DIRECTION)
    count = len(set(cluster.values()))
    if count > _MAX_ORIENTATIONS and count > len(part.entries) // 2:
        text = f"The slices lie in {count} different planes; they were kept in the order in which they were filed."
        note = GeometryNote(GeometryIssue.MIXED_ORIENTATION, text, value=float(count))
        return [replace(part.with_entries(part.entries, note=note), kind=StackKind.UNPLACED)]
    return split_by(
        part, lambda entry: cluster[_orientation(entry)], plane_name, GeometryIssue.MIXED_ORIENTATION, "planes"
    )


def _split_pixel_spacings(part: Part) -> list[Part]:
    if part.kind is StackKind.CAPTURE:
        return [part]
    cluster = _clusters(
        part.entries,
        _spacing,
        lambda a, b: all(abs(p - q) <= _SAME_SPACING * max(p, q) for p, q in zip(a, b, strict=True)),
    )
    return split_by(
        part,
        lambda entry: cluster[_spacing(entry)],
        lambda spacing: f"{spacing[0]:.3g} mm pixels" if spacing[0] else "no pixel spacing",
        GeometryIssue.MIXED_PIXEL_SPACING,
        "pixel spacings",
    )


def _split_acquisitions(part: Part) -> list[Part]:
    return split_acquisitions(part) if part.kind is StackKind.VOLUME else [part]


_STEPS: Final[tuple[Callable[[Part], list[Part]], ...]] = (
    _split_modalities,
    _split_sizes,
    _split_frames_of_reference,
    _split_unplaced,
    _split_orientations,
    _split_pixel_spacings,
    _split_acquisitions,
)


def _with_final_kind(part: Part) -> Part:
    if part.kind is not StackKind.VOLUME:
        return part
    positions = positions_along_normal(part.entries)
    if positions is None:
        locations = {entry.instance.slice_location_mm for entry in part.entries}
        is_located = None not in locations and len(locations) == len(part.entries) > 1
        return part if is_located else replace(part, kind=StackKind.UNPLACED)
    return replace(part, kind=StackKind.SINGLE_POSITION) if is_single_position(positions) else part


Value = TypeVar("Value", bound=Hashable)
Cosines = tuple[float, float, float, float, float, float]


def _orientation(entry: Entry) -> Cosines:
    return entry.instance.orientation or AXIAL


def _spacing(entry: Entry) -> tuple[float, float]:
    return entry.instance.pixel_spacing_mm or (0.0, 0.0)


def plane_name(orientation: Cosines) -> str:
    """Return axial, coronal or sagittal by the nearest axis of the normal."""
    x, y, z = (float(part) for part in normal_of(orientation))
    letters = letters_for((x, y, z))[:1]
    return {"H": "axial", "F": "axial", "A": "coronal", "P": "coronal", "L": "sagittal", "R": "sagittal"}[letters]


def _nearest(a: Cosines, b: Cosines) -> float:
    return max(abs(p - q) for p, q in zip(a, b, strict=True))


def _clusters(
    entries: Sequence[Entry], value: Callable[[Entry], Value], is_same: Callable[[Value, Value], bool]
) -> dict[Value, Value]:
    """Return for each value met the first value met that is the same within tolerance."""
    cluster: dict[Value, Value] = {}
    for met in map(value, entries):
        if met not in cluster:
            cluster[met] = next((known for known in dict.fromkeys(cluster.values()) if is_same(known, met)), met)
    return cluster
