"""Read the wanted elements of a little-endian DICOM header, without pydicom and without a copy of the rest.

It follows DICOM PS3.5 section 7 and PS3.10 section 7.1. Whatever is unusual is left to pydicom, by OddHeaderError:
a slow answer rather than a wrong one.
"""

from dataclasses import dataclass
from itertools import pairwise
from struct import Struct
from struct import error as StructError  # noqa: N812 - the standard library's own lower-case name says too little
from typing import Final

from lungview.dicom import kinds, syntaxes, tags
from lungview.dicom.header_runs import Element, SharedRuns
from lungview.dicom.sequences import UNDEFINED, OddHeaderError, skip_undefined

PREAMBLE: Final = 128
_NOTHING: Final = SharedRuns(())
_MAX_VALUE: Final = 4096
_FOR_PYDICOM: Final = frozenset({syntaxes.DEFLATED, syntaxes.BIG_ENDIAN})

_explicit: Final = Struct("<I2sH").unpack_from
_implicit: Final = Struct("<II").unpack_from
_uint32: Final = Struct("<I").unpack_from

_LONG: Final = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_SHORT: Final = frozenset(
    {
        b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO", b"LT", b"PN", b"SH", b"SL",
        b"SS", b"ST", b"TM", b"UI", b"UL", b"US",
    }
)  # fmt: skip


_KNOWN: Final = _SHORT | _LONG


def _as_filed(tag: int) -> int:
    """Return the tag as the four bytes of a little-endian file read as one number: element << 16 | group."""
    return (tag & 0xFFFF) << 16 | tag >> 16


_WANTED: Final = {_as_filed(tag): tag for tag in tags.WANTED} | {
    _as_filed(group << 16 | tags.OVERLAY_ROWS & 0xFFFF): tags.OVERLAY_ROWS for group in tags.OVERLAY_GROUPS
}
_PIXELS: Final = frozenset(_as_filed(tag) for tag in (tags.PIXEL_DATA, tags.FLOAT_PIXEL_DATA, tags.DOUBLE_PIXEL_DATA))
_SOP_CLASS: Final = _as_filed(tags.SOP_CLASS_UID)
_META_SYNTAX: Final = _as_filed(0x00020010)
_META_CLASS: Final = _as_filed(0x00020002)
_META_INSTANCE: Final = _as_filed(0x00020003)


class ShortHeadError(Exception):
    """The bytes at hand end before the header does."""


@dataclass(slots=True)
class RawHeader:
    """The wanted elements of a file as its bytes.

    values: tag -> value as filed, numbers little endian, sequences as b"". pixel_offset: where pixel data begin in the
    file, bytes; -1 where they are compressed or not plainly there. pixel_length: their length as filed, -1 where
    unknown. fragments_offset: where the items of compressed pixel data begin, bytes, -1 where there are none.
    has_pixels: whether there is a pixel data element. is_packed: whether places count in the file as unpacked.
    frames: what differs per frame, in frame order, of a file that keeps geometry per frame; empty for all others.
    """

    transfer_syntax_uid: str
    values: dict[int, bytes]
    pixel_offset: int = -1
    pixel_length: int = -1
    fragments_offset: int = -1
    has_pixels: bool = False
    is_packed: bool = False
    frames: tuple[dict[int, bytes], ...] = ()


class HeaderParser:
    """Parses headers; passes over what a file has in common with those before it, which is most of it in a series."""

    def __init__(self) -> None:
        self._shared: dict[str, SharedRuns] = {}

    def parse(self, data: bytes, *, is_whole: bool) -> RawHeader:
        """Read the header from the first bytes of a file; stops early at objects that are no images.

        is_whole: data is all of the file, so that running out of it is its end.
        Raises ShortHeadError where more bytes are needed and OddHeaderError where pydicom should look.
        """
        if data[PREAMBLE : PREAMBLE + 4] != b"DICM":
            raise OddHeaderError
        syntax, values, start = _read_meta(data)
        header = RawHeader(syntax, values)
        if kinds.name_of_other_kind(values.get(tags.SOP_CLASS_UID, b"")):
            return header
        is_explicit = data[start + 4 : start + 6] in _KNOWN
        if not syntax or syntax in _FOR_PYDICOM or is_explicit == (syntax in syntaxes.WITHOUT_VR):
            raise OddHeaderError  # some writers declare one encoding and write the other
        shared = self._shared.get(syntax, _NOTHING)
        trail: list[int] = []
        _walk(data, start, header, is_whole, shared, trail)
        if header.has_pixels and (shared is _NOTHING or shared.are_of_another_series(len(trail))):
            self._shared[syntax] = SharedRuns(_elements(syntax, data, start))
        return header


def _elements(syntax: str, data: bytes, start: int) -> list[Element]:
    """Return the elements of a header that has been read, its pixel data left out; none where a tag comes twice."""
    trail: list[int] = []
    header = RawHeader(syntax, {})
    _walk(data, start, header, True, _NOTHING, trail)
    found: list[Element] = []
    met: set[int] = set()
    for begin, end in pairwise(trail):
        (filed,) = _uint32(data, begin)
        met.add(filed)
        tag = _WANTED.get(filed)
        values = {} if tag is None or tag not in header.values else {tag: header.values[tag]}
        found.append(Element(data[begin:end], filed & 0xFFFF, values))
    return found if len(met) == len(found) else []


def end_of_meta(data: bytes) -> tuple[str, int]:
    """Return the transfer syntax of a file and where its data set begins; ("", 0) where it has no meta information."""
    if data[PREAMBLE : PREAMBLE + 4] != b"DICM":
        return "", 0
    try:
        syntax, _, start = _read_meta(data)
    except ShortHeadError:
        return "", 0
    return syntax, start


def _read_meta(data: bytes) -> tuple[str, dict[int, bytes], int]:
    """Return the transfer syntax, class and instance UID as first values, and where the data set begins."""
    position = PREAMBLE + 4
    syntax = ""
    values: dict[int, bytes] = {}
    try:
        while data[position : position + 2] == b"\x02\x00":
            tag, vr, length = _explicit(data, position)
            position += 8
            if vr in _LONG:
                (length,) = _uint32(data, position)
                position += 4
            value = data[position : position + length]
            position += length
            if tag == _META_SYNTAX:
                syntax = value.rstrip(b"\0 ").decode("ascii", "replace")
            elif tag == _META_CLASS:
                values[tags.SOP_CLASS_UID] = value
            elif tag == _META_INSTANCE:
                values[tags.SOP_INSTANCE_UID] = value
    except StructError:
        raise ShortHeadError from None
    return syntax, values, position


def _walk(data: bytes, position: int, header: RawHeader, is_whole: bool, shared: SharedRuns, trail: list[int]) -> None:
    """Collect wanted values of a data set up to its pixel data; trail: gets where elements and runs begin."""
    runs, has_vr = shared.by_tag, header.transfer_syntax_uid not in syntaxes.WITHOUT_VR
    values, group = header.values, 0
    try:
        while True:
            trail.append(position)
            run = runs.get(data[position : position + 4])
            if run and group <= run.first_group and (run := shared.fitting(run, data, position)):
                values.update(run.values)
                position += len(run.content)
                group = run.last_group
                continue
            # Written out here rather than called: this is done for every element of every file.
            vr, start = b"", position + 8
            if has_vr:
                tag, vr, length = _explicit(data, position)
                if vr not in _SHORT:
                    length, start = _long_length(data, vr, start)
            else:
                tag, length = _implicit(data, position)
            if tag & 0xFFFF < group:
                raise OddHeaderError
            group = tag & 0xFFFF
            if tag in _PIXELS:
                return _note_pixels(header, start, length)
            if length == UNDEFINED:
                position = skip_undefined(data, start, is_implicit=not has_vr or vr == b"UN")
            else:
                position = start + length
            if tag in _WANTED and _keep(values, tag, data[start:position]):
                return None
    except StructError:
        return _note_end(data, position, is_whole)


def _long_length(data: bytes, vr: bytes, start: int) -> tuple[int, int]:
    """Return the length of an element whose length takes four bytes more, and where its value begins."""
    if vr not in _LONG:
        raise OddHeaderError
    (length,) = _uint32(data, start)
    return length, start + 4


def _keep(values: dict[int, bytes], filed_tag: int, value: bytes) -> bool:
    """Store a wanted value; return True where it says that the rest of the file matters not."""
    tag = _WANTED[filed_tag]
    if tag in tags.SEQUENCES:
        values[tag] = b""
    elif len(value) > _MAX_VALUE:
        raise OddHeaderError
    elif value:  # an empty UID does not hide the one that the file meta information holds
        values[tag] = value
    return filed_tag == _SOP_CLASS and kinds.name_of_other_kind(value) != ""


def _note_pixels(header: RawHeader, offset: int, length: int) -> None:
    header.has_pixels = True
    if syntaxes.is_encapsulated(header.transfer_syntax_uid):
        header.fragments_offset = offset
    elif length != UNDEFINED:
        header.pixel_offset, header.pixel_length = offset, length


def _note_end(data: bytes, position: int, is_whole: bool) -> None:
    """Judge having run out of bytes at a position: the end of the file, or of what was read of it."""
    if not is_whole:
        raise ShortHeadError
    if position != len(data):
        raise OddHeaderError
