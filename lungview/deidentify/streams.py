"""Compressed pixels without the remarks that their makers put into them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydicom import Dataset

_JPEG: Final = b"\xff\xd8"
_JPEG_2000: Final = b"\xff\x4f"
_REMARKS: Final = {_JPEG: frozenset((0xFE, *range(0xE0, 0xF0))), _JPEG_2000: frozenset((0x64,))}
"""Segments that may hold words: COM and APPn of JPEG, COM of JPEG 2000."""
_LONGEST: Final = {0xE0: 16, 0xE8: 16, 0xEE: 16}
"""APPn that decoders need to know the colours, and the bytes that those take; a longer one holds something else."""
_DATA_BEGINS: Final = {_JPEG: 0xDA, _JPEG_2000: 0x90}
_ENDS: Final = b"\xff\xd9"


def remove_remarks(dataset: "Dataset") -> None:
    """Write compressed frames again without their remarks; pixels are untouched.

    Raises ValueError where frames cannot be told apart.
    """
    from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames

    count = int(dataset.get("NumberOfFrames", 1) or 1)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=count))
    cleaned = [without_remarks(frame) for frame in frames]
    if "ExtendedOffsetTable" in dataset:
        dataset.PixelData, offsets, lengths = encapsulate_extended(cleaned)
        dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = offsets, lengths
    else:
        dataset.PixelData = encapsulate(cleaned)
    dataset["PixelData"].VR = "OB"


def without_remarks(stream: bytes) -> bytes:
    """A JPEG, JPEG-LS or JPEG 2000 stream without comments, and without what follows its end; any other as it is."""
    kind = stream[:2]
    if kind not in _REMARKS:
        return stream
    end = stream.rfind(_ENDS)
    whole = stream if end < 0 else stream[: end + len(_ENDS)]
    return b"".join((kind, *_segments(whole, kind)))


def _segments(stream: bytes, kind: bytes) -> Iterator[bytes]:
    """The segments of a stream's head that are kept, then all that follows it."""
    at = 2
    while at + 4 <= len(stream) and stream[at] == 0xFF and stream[at + 1] != _DATA_BEGINS[kind]:
        marker, end = stream[at + 1], at + 2 + int.from_bytes(stream[at + 2 : at + 4])
        if marker == 0xFF:  # fill
            at += 1
            continue
        if marker not in _REMARKS[kind] or end - at <= _LONGEST.get(marker, 0) + 2:
            yield stream[at:end]
        at = end
    yield stream[at:]
