"""Read the wanted elements of any DICOM header with pydicom, into the same raw form as the fast parser's."""

import struct
from typing import TYPE_CHECKING, BinaryIO, Final

from lungview.dicom import syntaxes, tags
from lungview.dicom.header import PREAMBLE, RawHeader
from lungview.dicom.pydicom_bounds import Bounded, require_few_items
from lungview.dicom.pydicom_quiet import quiet
from lungview.errors import DicomError, NotDicomError

if TYPE_CHECKING:
    from pydicom import Dataset

_DEFER: Final = 1 << 20

_FRAME_TAGS: Final = (
    (0x00209113, tags.IMAGE_POSITION, tags.IMAGE_POSITION),
    (0x00209116, tags.IMAGE_ORIENTATION, tags.IMAGE_ORIENTATION),
    (0x00289110, tags.PIXEL_SPACING, tags.PIXEL_SPACING),
    (0x00289110, tags.SLICE_THICKNESS, tags.SLICE_THICKNESS),
    (0x00289145, tags.RESCALE_INTERCEPT, tags.RESCALE_INTERCEPT),
    (0x00289145, tags.RESCALE_SLOPE, tags.RESCALE_SLOPE),
    (0x00289145, tags.RESCALE_TYPE, tags.RESCALE_TYPE),
    (0x00289132, tags.WINDOW_CENTRE, tags.WINDOW_CENTRE),
    (0x00289132, tags.WINDOW_WIDTH, tags.WINDOW_WIDTH),
    (0x00189314, tags.KERNEL, tags.KERNEL),
    (0x00189329, 0x00089007, tags.IMAGE_TYPE),
    (0x00209171, tags.SLICE_LOCATION, tags.SLICE_LOCATION),
    (0x00209171, tags.INSTANCE_NUMBER, tags.INSTANCE_NUMBER),
)
"""Functional group, element in its item, and the classic element it stands for (PS3.3 C.7.6.16.2)."""

_PIXEL_TAGS: Final = frozenset(
    filed
    for tag in (tags.PIXEL_DATA, tags.FLOAT_PIXEL_DATA, tags.DOUBLE_PIXEL_DATA)
    for filed in (struct.pack("<HH", tag >> 16, tag & 0xFFFF), struct.pack(">HH", tag >> 16, tag & 0xFFFF))
)

_FRAME_CONTENT: Final = 0x00209111
_TEMPORAL_INDEX: Final = 0x00209128
_FRAME_ACQUISITION: Final = 0x00209156


def read_header(stream: BinaryIO) -> RawHeader:
    """Read a header of any transfer syntax, with or without preamble and file meta information.

    Raises NotDicomError where there is no data set, DicomError (a clause, not a sentence) where one cannot be parsed.
    """
    from pydicom import dcmread

    has_preamble = stream.read(PREAMBLE + 4)[PREAMBLE:] == b"DICM"
    stream.seek(0)
    bounded = Bounded(stream)
    try:
        with quiet():
            dataset = dcmread(bounded, stop_before_pixels=True, defer_size=_DEFER, force=True)
            header = _raw_header(dataset)
            header.has_pixels = stream.read(4) in _PIXEL_TAGS
    except (DicomError, MemoryError):
        raise
    except Exception as error:  # a hostile or broken file can raise nearly anything inside the parser
        bounded.check()
        if has_preamble:
            raise DicomError("has a header that cannot be read") from error
        raise NotDicomError("is no DICOM file") from error
    if not has_preamble and not _is_plausible(header):
        raise NotDicomError("is no DICOM file")
    return header


def _is_plausible(header: RawHeader) -> bool:
    """Whether bytes read without a preamble are a data set rather than chance."""
    return tags.SOP_CLASS_UID in header.values or {tags.ROWS, tags.COLUMNS} <= header.values.keys()


def _raw_header(dataset: "Dataset") -> RawHeader:
    meta = dataset.file_meta
    values = {
        tag: str(meta[meta_tag].value).encode()
        for meta_tag, tag in ((0x00020002, tags.SOP_CLASS_UID), (0x00020003, tags.SOP_INSTANCE_UID))
        if meta_tag in meta
    }
    big_endian = dataset.original_encoding[1] is False
    values |= {
        tag: value
        for tag in tags.WANTED
        if (value := _raw(dataset, tag, big_endian)) or (tag in tags.SEQUENCES and value is not None)
    }
    if any((group, tags.OVERLAY_ROWS & 0xFFFF) in dataset for group in tags.OVERLAY_GROUPS):
        values[tags.OVERLAY_ROWS] = b""
    header = RawHeader(name_syntax(dataset), values)
    if tags.PER_FRAME_FUNCTIONAL_GROUPS in dataset:
        header.frames = _frames(dataset, big_endian)
    return header


def name_syntax(dataset: "Dataset") -> str:
    """Return a data set's transfer syntax; put the one that pydicom has found out where a file names none."""
    from pydicom.uid import UID

    syntax = str(dataset.file_meta.get("TransferSyntaxUID", ""))
    if not syntax:
        is_implicit, is_little_endian = dataset.original_encoding
        little = syntaxes.IMPLICIT_LITTLE_ENDIAN if is_implicit else syntaxes.EXPLICIT_LITTLE_ENDIAN
        syntax = little if is_little_endian else syntaxes.BIG_ENDIAN
        dataset.file_meta.TransferSyntaxUID = UID(syntax)
    return syntax


def _raw(dataset: "Dataset", tag: int, big_endian: bool) -> bytes | None:
    """Return an element's value as its bytes, numbers little endian, b"" for sequences, None where absent."""
    if tag not in dataset:
        return None
    if tag in tags.SEQUENCES:
        return b""
    element = dataset.get_item(tag)
    value = element.value if element is not None else None
    if isinstance(value, bytes):
        return value[1::-1] if big_endian and tag in tags.UINT16 else value
    # Parsed already: pydicom looks at some elements itself, such as the character set.
    if value is None:
        return b""
    if tag in tags.UINT16:
        return int(value).to_bytes(4, "little", signed=True)[:2]
    parts = value if isinstance(value, (list, tuple)) or hasattr(value, "append") else [value]
    return "\\".join(str(part) for part in parts).encode()


def _frames(dataset: "Dataset", big_endian: bool) -> tuple[dict[int, bytes], ...]:
    """Return what each frame says of itself, what all frames share filled in."""
    raw = dataset.get_item(tags.PER_FRAME_FUNCTIONAL_GROUPS)
    if raw is not None and isinstance(raw.value, bytes):
        require_few_items(raw.value)
    shared_groups = dataset.get(tags.SHARED_FUNCTIONAL_GROUPS)
    shared = (
        _frame_values(shared_groups.value[0], big_endian) if shared_groups is not None and shared_groups.value else {}
    )
    return tuple(
        {**shared, **_frame_values(item, big_endian)} for item in dataset[tags.PER_FRAME_FUNCTIONAL_GROUPS].value
    )


def _frame_values(groups: "Dataset", big_endian: bool) -> dict[int, bytes]:
    values = {}
    for group, element, tag in _FRAME_TAGS:
        item = _first_item(groups, group)
        value = _raw(item, element, big_endian) if item is not None else None
        if value:
            values[tag] = value
    content = _first_item(groups, _FRAME_CONTENT)
    if content is not None:
        for element, tag in ((_TEMPORAL_INDEX, tags.TEMPORAL_POSITION), (_FRAME_ACQUISITION, tags.ACQUISITION_NUMBER)):
            if element in content:
                values[tag] = str(content[element].value).encode()
    return values


def _first_item(groups: "Dataset", group: int) -> "Dataset | None":
    items = groups.get(group)
    return items.value[0] if items is not None and items.value else None
