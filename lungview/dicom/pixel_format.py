"""What a raw header says of how its pixels are stored."""

from lungview.dicom import numbers, syntaxes, tags, text
from lungview.dicom.header import RawHeader
from lungview.domain.study import PixelFormat

FORMAT_TAGS = (
    tags.SAMPLES_PER_PIXEL,
    tags.PHOTOMETRIC,
    tags.ROWS,
    tags.COLUMNS,
    tags.BITS_ALLOCATED,
    tags.BITS_STORED,
    tags.HIGH_BIT,
    tags.PIXEL_REPRESENTATION,
    tags.PIXEL_PADDING,
    tags.PIXEL_PADDING_LIMIT,
    tags.RESCALE_INTERCEPT,
    tags.RESCALE_SLOPE,
    tags.MODALITY_LUT,
)
"""What a pixel format is made of, its place in the file aside."""


def decode_format(header: RawHeader, values: dict[int, bytes], frame: int) -> PixelFormat:
    """Return how one frame's pixels are stored; values: the header's, with what the frame says of itself."""

    def number(tag: int, default: int = 0) -> int:
        return numbers.uint16(values.get(tag), default)

    bits_allocated = number(tags.BITS_ALLOCATED, 16)
    bits_stored = min(number(tags.BITS_STORED) or bits_allocated, bits_allocated)
    rows, columns = number(tags.ROWS), number(tags.COLUMNS)
    samples = number(tags.SAMPLES_PER_PIXEL, 1)
    is_signed = number(tags.PIXEL_REPRESENTATION) == 1
    slope = numbers.decimal(values.get(tags.RESCALE_SLOPE))
    shift = number(tags.HIGH_BIT, bits_stored - 1) + 1 - bits_stored
    is_plain = header.transfer_syntax_uid in syntaxes.PLAIN_ONCE_UNPACKED and shift == 0
    is_located = header.pixel_offset >= 0 and is_plain and bits_allocated % 8 == 0
    return PixelFormat(
        rows=rows,
        columns=columns,
        bits_allocated=bits_allocated,
        bits_stored=bits_stored,
        is_signed=is_signed,
        samples=samples,
        photometric=text.plain(values.get(tags.PHOTOMETRIC, b"")).upper() or ("RGB" if samples > 1 else "MONOCHROME2"),
        transfer_syntax_uid=header.transfer_syntax_uid,
        slope=1.0 if slope is None or slope == 0 else slope,
        intercept=numbers.decimal(values.get(tags.RESCALE_INTERCEPT)) or 0.0,
        padding=_padding(values, is_signed),
        has_modality_lut=tags.MODALITY_LUT in values,
        offset=header.pixel_offset + frame * (rows * columns * samples * bits_allocated // 8) if is_located else -1,
        fragments_offset=header.fragments_offset,
        is_packed=header.is_packed,
        shift=shift if 0 < shift <= bits_allocated - bits_stored else 0,
    )


def _padding(values: dict[int, bytes], is_signed: bool) -> tuple[int, int] | None:
    """Return the first and last stored value that stand for "no measurement" (DICOM PS3.3 C.7.5.1.1.2)."""
    if not values.get(tags.PIXEL_PADDING):
        return None

    def stored(tag: int) -> int:
        filed = numbers.uint16(values[tag])
        # Signedness follows Pixel Representation, whatever VR a writer chose; 0xF830 is -2000.
        return filed - 0x10000 if is_signed and filed >= 0x8000 else filed

    first = stored(tags.PIXEL_PADDING)
    last = stored(tags.PIXEL_PADDING_LIMIT) if values.get(tags.PIXEL_PADDING_LIMIT) else first
    return min(first, last), max(first, last)
