"""Judge whether a header describes an image that can be shown: what it is, and whether its numbers can be true."""

from collections.abc import Mapping
from typing import Final

from lungview.dicom import kinds, problems, syntaxes, tags
from lungview.dicom.header import RawHeader
from lungview.dicom.numbers import decimal, integer, is_plausible, uint16
from lungview.domain.study import FileProblem, FileSource

_MAX_PIXELS: Final = 1 << 30
"""Pixels of one plane: 32768 x 32768."""
_ANY_SIZE: Final = 64 << 20
"""Bytes of pixels that a compressed file may hold, however small it is."""
_MAX_PACKING: Final = 2000
"""How many times smaller than its pixels a larger compressed file may be."""
_MAX_FRAMES: Final = 100_000


def problem_of(source: FileSource, header: RawHeader, size: int) -> FileProblem | None:
    """Judge a header: None where it describes an image whose pixels can be there.

    size: of the file, bytes. What is sound in a file of some size is so in a larger one.
    """
    values = header.values
    kind = kinds.name_of_other_kind(values.get(tags.SOP_CLASS_UID, b""))
    if kind:
        return problems.other_kind(source, kind)
    if syntaxes.is_video(header.transfer_syntax_uid):
        return problems.unsupported(source, "is a video", "Open it with a program that plays DICOM videos.")
    if syntaxes.is_elsewhere(header.transfer_syntax_uid):
        return problems.unsupported(
            source, "names a server that keeps its pixels", "Fetch the images from that server."
        )
    rows, columns = uint16(values.get(tags.ROWS)), uint16(values.get(tags.COLUMNS))
    if not header.has_pixels or (not rows and not values.get(tags.SOP_CLASS_UID)):
        is_image = rows > 0 or (tags.IMAGE_TYPE in values and tags.SOP_CLASS_UID in values)
        return problems.no_pixels(source) if is_image else problems.no_image(source)
    return _problem_of_pixels(source, header, rows, columns, size)


def _problem_of_pixels(source: FileSource, header: RawHeader, rows: int, columns: int, size: int) -> FileProblem | None:
    values = header.values
    frames = integer(values.get(tags.NUMBER_OF_FRAMES)) if values.get(tags.NUMBER_OF_FRAMES) else 1
    if not rows or not columns or rows * columns > _MAX_PIXELS:
        return problems.bad_value(source, f"size of {columns} x {rows} pixels")
    if frames is None or frames > _MAX_FRAMES:
        return problems.bad_value(source, "number of frames")
    frames = max(frames, 1)
    if header.frames and len(header.frames) != frames:
        return problems.bad_value(source, "number of frames")
    bits = uint16(values.get(tags.BITS_ALLOCATED), 16)
    if bits not in {1, 8, 16, 32, 64}:
        return problems.bad_value(source, "number of bits per pixel")
    for each in (values, *header.frames):
        if not _has_plausible_rescale(each):
            return problems.bad_value(source, "rescale slope or intercept")
    samples = uint16(values.get(tags.SAMPLES_PER_PIXEL), 1)
    is_subsampled = values.get(tags.PHOTOMETRIC, b"").startswith(b"YBR_FULL_422")
    needed = rows * columns * frames * (2 if is_subsampled else samples) * bits // 8
    unpacked = needed * max(16 // bits, 1)  # a pixel takes two bytes at least once it is a value
    is_compressed = header.is_packed or header.pixel_offset < 0
    if is_compressed and unpacked > max(_ANY_SIZE, _MAX_PACKING * size):
        return problems.bad_value(source, f"size of {columns} x {rows} pixels for its {size} bytes")
    held = size - header.pixel_offset
    # Of several frames those that are there are shown, and the others told when they are read.
    if not is_compressed and held < needed // frames:
        return problems.truncated(source, held, needed)
    return None


def _has_plausible_rescale(values: Mapping[int, bytes]) -> bool:
    """Whether slope and intercept are absent, empty, or numbers that can be reckoned with."""
    filed = (values.get(tag, b"").strip(b"\0 ") for tag in (tags.RESCALE_SLOPE, tags.RESCALE_INTERCEPT))
    return all(not each or is_plausible(decimal(each)) for each in filed)
