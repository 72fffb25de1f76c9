"""A case record as JSON, and back."""

import json
from dataclasses import asdict

from lungview.domain.box import Box
from lungview.files import parse_json
from lungview.marks.mark import Mark, Origin, OriginKind, Place
from lungview.marks.record import CaseRecord

VERSION = 1


class NewerVersionError(ValueError):
    """The file was written by a later version of this program, so it must not be written over."""


def to_json(record: CaseRecord) -> bytes:
    """Write a record down."""
    table = {
        "version": VERSION,
        "path": record.path,
        "opened": record.opened,
        "reviewed": record.reviewed,
        "is_committed": record.is_committed,
        "unsure": dict(record.unsure),
        "marks": [asdict(record.marks[each]) for each in sorted(record.marks)],
    }
    return json.dumps(table, indent=1, allow_nan=False).encode()


def from_json(data: bytes) -> CaseRecord:
    """Read a record. Raises ValueError where the data make no sense, NewerVersionError where they are of the future."""
    table = parse_json(data)
    if not isinstance(table, dict) or not isinstance(table.get("version"), int):
        raise ValueError("no case record")
    if table["version"] > VERSION:
        raise NewerVersionError(f"version {table['version']}")
    try:
        marks = tuple(_mark(each) for each in table["marks"])
        return CaseRecord(
            marks={mark.id: mark for mark in marks},
            path=str(table["path"]),
            opened=str(table["opened"]),
            reviewed=str(table["reviewed"]),
            is_committed=bool(table["is_committed"]),
            unsure={str(key): float(each) for key, each in table["unsure"].items()},
        )
    except (KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"no case record: {error!r}") from error


def _mark(table: dict[str, object]) -> Mark:
    words = {name: str(table[name]) for name in ("id", "lesion", "label", "author", "time")}
    place, origin = table["place"], table["origin"]
    if not isinstance(place, dict) or not isinstance(origin, dict):
        raise TypeError("place or origin is no table")
    return Mark(
        place=Place(str(place["sop_instance_uid"]), int(place["frame"])),
        box=_box(table["box"]),
        origin=Origin(
            OriginKind(origin["kind"]),
            by=str(origin["by"]),
            score=None if origin["score"] is None else float(origin["score"]),
            box=None if origin["box"] is None else _box(origin["box"]),
            seed=str(origin["seed"]),
        ),
        **words,
    )


def _box(table: object) -> Box:
    if not isinstance(table, dict):
        raise TypeError("a box is no table")
    return Box(*(float(table[name]) for name in ("xmin", "ymin", "xmax", "ymax")))
