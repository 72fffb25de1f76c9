"""DICOM files written byte by byte, so that they may say what no library would write; and strategies that do so."""

import tracemalloc
from collections.abc import Callable, Sequence
from struct import pack
from typing import TypeVar

from hypothesis import strategies as st

T = TypeVar("T")

EXPLICIT, IMPLICIT, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.1.99"
RLE, JPEG_2000, JPEG_LS, JPEG_LOSSLESS = (
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.90",
    "1.2.840.10008.1.2.4.80",
    "1.2.840.10008.1.2.4.70",
)
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0"
_LONG = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"})


def element(tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
    """One explicit little-endian element; length: what it claims, the value's own where None."""
    length = len(value) if length is None else length
    head = pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    return head + (pack("<HI", 0, length) if vr in _LONG else pack("<H", length & 0xFFFF)) + value


def implicit(tag: int, value: bytes, length: int | None = None) -> bytes:
    """The same without a value representation."""
    return pack("<HHI", tag >> 16, tag & 0xFFFF, len(value) if length is None else length) + value


def meta(syntax: str = EXPLICIT) -> bytes:
    """A preamble and file meta information."""
    filed = syntax.encode() + b"\0" * (len(syntax) % 2)
    held = element(0x00020002, "UI", b"1.2.840.10008.5.1.4.1.1.2\0") + element(0x00020010, "UI", filed)
    return bytes(128) + b"DICM" + element(0x00020000, "UL", pack("<I", len(held))) + held


def image(
    rows: int = 8,
    columns: int = 6,
    *,
    frames: str = "",
    bits: int = 16,
    samples: int = 1,
    extra: Sequence[bytes] = (),
    placed: Sequence[bytes] | None = None,
) -> bytes:
    """The elements of a CT slice up to its pixels; extra: between series and image elements; placed: of position."""
    usual = [
        element(0x00200032, "DS", b"0\\0\\0 "),
        element(0x00200037, "DS", b"1\\0\\0\\0\\1\\0 "),
    ]
    parts = [
        element(0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.2\0"),
        element(0x00080018, "UI", b"1.2.3.4\0"),
        element(0x00080060, "CS", b"CT"),
        element(0x0020000E, "UI", b"1.2.3\0"),
        *(usual if placed is None else placed),
        *extra,
        element(0x00280002, "US", pack("<H", samples)),
        element(0x00280004, "CS", b"MONOCHROME2 "),
        *([element(0x00280008, "IS", frames.encode() + b" " * (len(frames) % 2))] if frames else []),
        element(0x00280010, "US", pack("<H", rows)),
        element(0x00280011, "US", pack("<H", columns)),
        element(0x00280100, "US", pack("<H", bits)),
        element(0x00280101, "US", pack("<H", bits)),
        element(0x00280102, "US", pack("<H", max(bits, 1) - 1)),
        element(0x00280103, "US", b"\0\0"),
    ]
    return b"".join(parts)


def pixels(count: int) -> bytes:
    """Plain pixel data of so many bytes."""
    return element(0x7FE00010, "OW", bytes(count))


def fragments(*pieces: bytes, table: bytes = b"", is_ended: bool = True) -> bytes:
    """Encapsulated pixel data: an offset table, then fragments as given."""
    items = b"".join(ITEM + pack("<I", len(piece)) + piece for piece in (table, *pieces))
    return element(0x7FE00010, "OB", items + (SEQUENCE_END if is_ended else b""), UNDEFINED)


def nested(levels: int, tag: int = 0x00081140, *, is_ended: bool = True) -> bytes:
    """Sequences of undefined length inside each other."""
    begin = element(tag, "SQ", b"", UNDEFINED) + ITEM + pack("<I", UNDEFINED)
    return begin * levels + ((ITEM_END + SEQUENCE_END) * levels if is_ended else b"")


def nested_with_lengths(levels: int, tag: int = 0x00081140) -> bytes:
    """Sequences of true lengths inside each other."""
    content = b""
    for _ in range(levels):
        content = element(tag, "SQ", ITEM + pack("<I", len(content)) + content)
    return content


def peak_bytes(work: Callable[[], T]) -> tuple[T, int]:
    """What work returns, and the most memory that Python and numpy held for it."""
    tracemalloc.start()
    try:
        result = work()
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


_NUMBERS = (
    "0",
    "1",
    "-1",
    "0.7",
    "1e308",
    "-1e308",
    "1e-308",
    "nan",
    "inf",
    "-0",
    "1e999",
    "",
    " ",
    "1,5",
    "x",
    "2147483648",
)
_WORDS = (0, 1, 2, 7, 8, 16, 255, 256, 4096, 0x7FFF, 0x8000, 0xFFFF)


def _decimals(count: int) -> st.SearchStrategy[bytes]:
    """So many numbers, or a few more or less, most of them sound."""
    one = st.one_of(st.floats(-500, 500, width=16).map("{:g}".format), st.sampled_from(_NUMBERS))
    lists = st.one_of(st.lists(one, min_size=count, max_size=count), st.lists(one, max_size=count + 2))
    return lists.map(lambda parts: "\\".join(parts).encode())


def _text(tag: int, vr: str, value: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return value.map(lambda each: element(tag, vr, each + b" " * (len(each) % 2)))


def _word(tag: int, *usual: int) -> st.SearchStrategy[bytes]:
    words = st.one_of(st.sampled_from(usual), st.sampled_from(usual), st.sampled_from(_WORDS), st.integers(0, 0xFFFF))
    return words.map(lambda each: element(tag, "US", pack("<H", each)))


_CHARACTER_SETS = (b"", b"ISO_IR 100", b"ISO 2022 IR 87\\ISO 2022 IR 13", b"\\", b"nonsense")
_PHOTOMETRICS = (b"MONOCHROME2", b"MONOCHROME1", b"RGB", b"PALETTE COLOR", b"YBR_FULL_422")


@st.composite
def dicom_files(draw: st.DrawFn) -> bytes:
    """A CT slice whose header is well formed and says anything: any element absent, hostile, or in the wrong form."""
    any_text = st.binary(max_size=40)
    elements = [
        st.just(element(0x00080016, "UI", b"1.2.840.10008.5.1.4.1.1.2\0")),
        _text(0x00080005, "CS", st.sampled_from(_CHARACTER_SETS)),
        _text(0x00080008, "CS", any_text),
        _text(0x00080018, "UI", st.sampled_from((b"1.2.3", b"", b"1..2", b"9" * 64))),
        _text(0x0008103E, "LO", any_text),
        _text(0x00100010, "PN", any_text),
        _text(0x00180050, "DS", _decimals(1)),
        _text(0x00200011, "IS", _decimals(1)),
        _text(0x00200013, "IS", _decimals(1)),
        _text(0x00200032, "DS", _decimals(3)),
        _text(0x00200037, "DS", st.one_of(st.just(b"1\\0\\0\\0\\1\\0"), _decimals(6))),
        _text(0x00201041, "DS", _decimals(1)),
        _word(0x00280002, 1, 3),
        _text(0x00280004, "CS", st.sampled_from(_PHOTOMETRICS)),
        _text(0x00280008, "IS", st.one_of(st.just(b"1"), _decimals(1))),
        _word(0x00280010, 8),
        _word(0x00280011, 6),
        _text(0x00280030, "DS", _decimals(2)),
        _word(0x00280100, 16, 8, 32),
        _word(0x00280101, 12, 16),
        _word(0x00280102, 11, 15),
        _word(0x00280103, 0, 1),
        _word(0x00280120, 0),
        _text(0x00281050, "DS", _decimals(1)),
        _text(0x00281051, "DS", _decimals(1)),
        _text(0x00281052, "DS", _decimals(1)),
        _text(0x00281053, "DS", _decimals(1)),
    ]  # fmt: skip
    held = [draw(each) for each in elements if draw(st.integers(0, 11))]
    data = b"".join(held) + pixels(draw(st.sampled_from((96, 96, 96, 48, 0, 97, 288, 4096))))
    return meta() + data


_TAGS = st.sampled_from(
    ("annotation", "object", "bndbox", "size", "xmin", "ymin", "xmax", "ymax", "name", "frame", "a:b", "x_min")
)
_HEADS = ("", '<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-16"?>', "<!DOCTYPE annotation>")
_CONTENTS = st.one_of(
    st.sampled_from((*_NUMBERS, "&amp;", "&#0;", "&#x10FFFF;", "&nope;", "]]>", "<![CDATA[1]]>", "\u202e")),
    st.integers(-600, 600).map(str),
)


def _tagged(tag: str, content: str) -> str:
    return f"<{tag}>{content}</{tag}>"


def _boxed(corners: Sequence[str]) -> str:
    held = "".join(map(_tagged, ("xmin", "ymin", "xmax", "ymax"), corners))
    return f"<object><name>A</name><bndbox>{held}</bndbox></object>"


@st.composite
def annotation_files(draw: st.DrawFn) -> bytes:
    """XML that is well formed for the most part and says anything of boxes."""
    leaf = st.builds(_tagged, _TAGS, _CONTENTS)
    tree = st.recursive(
        leaf, lambda inner: st.builds(_tagged, _TAGS, st.lists(inner, max_size=5).map("".join)), max_leaves=20
    )
    box = st.lists(_CONTENTS, min_size=4, max_size=4).map(_boxed)
    inner = "".join(draw(st.lists(st.one_of(box, box, tree), max_size=4)))
    encoding = draw(st.sampled_from(("utf-8", "utf-16", "utf-8-sig")))
    return f"{draw(st.sampled_from(_HEADS))}<annotation>{inner}</annotation>".encode(encoding)
