"""Find the frames in encapsulated pixel data (DICOM PS3.5 section A.4)."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from struct import Struct
from typing import Final

from lungview.errors import DicomError

Span = tuple[int, int]
"""Where a piece of a frame begins, and how many bytes it has."""

ReadAt = Callable[[int, int], bytes]
"""Reads so many bytes from a place, fewer at the end of what there is."""

_ITEM: Final = 0xE000FFFE
_END: Final = 0xE0DDFFFE
_MAX_FRAGMENTS: Final = 1_000_000
_STARTS: Final = (b"\xff\xd8", b"\xff\x4f", b"\0\0\0\x0c", b"\xff\x0a")
"""How code streams begin: JPEG and JPEG-LS, JPEG 2000 bare and boxed (JPEG XL boxed too), JPEG XL."""

_item: Final = Struct("<II").unpack


def frame_spans(read_at: ReadAt, start: int, frames: int) -> list[list[Span]]:
    """Return the pieces of each frame, in frame order; fewer frames than asked for where the file holds fewer.

    read_at, start: where the first item, the offset table, begins. Raises DicomError with a clause where there are no
    items, or where it cannot be known which frame a piece belongs to.
    """
    table, pieces = _items(read_at, start)
    if frames == 1:
        return [pieces] if pieces else []
    if len(pieces) == frames:
        return [[piece] for piece in pieces]
    by_table = _by_table(table, pieces, frames)
    if by_table is not None:
        return by_table
    if len(pieces) < frames:
        return [[piece] for piece in pieces]
    return _by_starts(read_at, pieces, frames)


def _items(read_at: ReadAt, start: int) -> tuple[tuple[int, ...], list[Span]]:
    """Return the basic offset table, and where each fragment is."""
    length = _item_length(read_at(start, 8))
    if length is None:
        raise DicomError("holds compressed pixels that are not laid out in items")
    content = read_at(start + 8, length) if length else b""
    table = Struct(f"<{len(content) // 4}I").unpack(content[: len(content) // 4 * 4])
    position = start + 8 + length
    pieces: list[Span] = []
    while len(pieces) < _MAX_FRAGMENTS:
        length = _item_length(read_at(position, 8))
        if length is None:  # the end, or a file cut short, whose last piece its decoder will judge
            break
        pieces.append((position + 8, length))
        position += 8 + length
    return table, pieces


def _item_length(head: bytes) -> int | None:
    """Return the length of an item's content; None where another thing, or nothing, stands there."""
    if len(head) < 8:
        return None
    tag, length = _item(head)
    return length if tag == _ITEM and length != 0xFFFFFFFF else None


def _by_table(table: Sequence[int], pieces: Sequence[Span], frames: int) -> list[list[Span]] | None:
    """Return the pieces by the offset table, None where it does not fit them."""
    if len(table) != frames or not pieces:
        return None
    first = pieces[0][0] - 8
    places = {start - 8 - first: number for number, (start, _) in enumerate(pieces)}
    if any(offset not in places for offset in table) or list(table) != sorted(set(table)):
        return None
    bounds = [*(places[offset] for offset in table), len(pieces)]
    return [list(pieces[begin:end]) for begin, end in pairwise(bounds)]


def _by_starts(read_at: ReadAt, pieces: Sequence[Span], frames: int) -> list[list[Span]]:
    """Return the pieces by where code streams begin, where no table says it."""
    spans: list[list[Span]] = []
    for start, length in pieces:
        if not spans or read_at(start, 4).startswith(_STARTS):
            spans.append([])
        spans[-1].append((start, length))
    if len(spans) != frames:
        raise DicomError(f"holds {len(pieces)} pieces of compressed pixels, which {frames} frames cannot be told from")
    return spans
