"""Read one file's header into entries, or say why it is not among the images."""

import logging
from collections.abc import Mapping
from typing import Final

from lungview.dicom import kinds, problems, syntaxes, tags
from lungview.dicom.entries import Entry, EntryBuilder
from lungview.dicom.header import PREAMBLE, HeaderParser, RawHeader, ShortHeadError
from lungview.dicom.inflate import is_deflated, is_gzip
from lungview.dicom.numbers import decimal, integer, is_plausible, uint16
from lungview.dicom.sequences import OddHeaderError
from lungview.dicom.sources import SourceReader
from lungview.domain.study import FileProblem, FileSource
from lungview.errors import DicomError, NotDicomError
from lungview.logs import describe

_FIRST_READ: Final = 8 << 10
_LAST_READ: Final = 64 << 20
_GROWTH: Final = 8
_MAX_PIXELS: Final = 1 << 30
"""Pixels of one plane: 32768 x 32768."""
_ANY_SIZE: Final = 64 << 20
"""Bytes of pixels that a compressed file may hold, however small it is."""
_MAX_PACKING: Final = 2000
"""How many times smaller than its pixels a larger compressed file may be."""
_MAX_FRAMES: Final = 100_000


log = logging.getLogger(__name__)


class FileReader:
    """Reads headers, and remembers how long they were: those of one series are much alike."""

    def __init__(self, reader: SourceReader) -> None:
        self._reader = reader
        self._builder = EntryBuilder()
        self._parser = HeaderParser()
        self._first_read = _FIRST_READ

    def read(self, source: FileSource) -> list[Entry] | FileProblem:
        """Return the planes of a file, or the problem with it; fails for no content whatever."""
        try:
            header, size = self._header(source)
        except OSError as error:
            return problems.unreadable(source, error)
        except NotDicomError:
            return problems.not_dicom(source)
        except DicomError as error:
            return problems.broken(source, str(error))
        except MemoryError:
            return problems.too_large_for_memory(source)
        try:
            return _problem_of(source, header, size) or self._builder.build(source, header)
        except Exception as error:  # one file's odd header must not keep the others back
            log.error("a header was not understood: %s", describe(error))
            return problems.broken(source, "has a header that makes no sense")

    def _header(self, source: FileSource) -> tuple[RawHeader, int]:
        """Return the header, and the size of the file in bytes once unpacked."""
        count = self._first_read
        head, size = self._reader.head(source, count)
        if is_gzip(head):
            return self._packed_header(source, head)
        try:
            while True:
                try:
                    header = self._parser.parse(head, is_whole=len(head) >= size)
                    break
                except ShortHeadError:
                    if count >= _LAST_READ or len(head) >= size:
                        raise OddHeaderError from None
                    count *= _GROWTH
                    head, size = self._reader.head(source, count)
        except OddHeaderError:
            if is_deflated(head):
                return self._packed_header(source, head)
            return self._header_by_pydicom(source, head), size
        # What was enough for this file is asked for at once for the next, within reason.
        self._first_read = min(max(_FIRST_READ, count), _FIRST_READ * _GROWTH * 2)
        return self._with_frames(source, header), size

    def _packed_header(self, source: FileSource, head: bytes) -> tuple[RawHeader, int]:
        data = self._reader.whole(source)
        try:
            header = self._with_frames(source, self._parser.parse(data, is_whole=True))
        except (OddHeaderError, ShortHeadError):
            header = self._header_by_pydicom(source, data)
        header.pixel_offset = header.fragments_offset = -1  # places in unpacked bytes mean nothing in the file
        if is_deflated(head):
            header.transfer_syntax_uid = syntaxes.DEFLATED
        return header, len(data)

    def _header_by_pydicom(self, source: FileSource, head: bytes) -> RawHeader:
        from lungview.dicom import pydicom_header

        if not _may_be_dicom(head):
            raise NotDicomError("is no DICOM file")
        with self._reader.stream(source) as stream:
            return pydicom_header.read_header(stream)

    def _with_frames(self, source: FileSource, header: RawHeader) -> RawHeader:
        """Let pydicom add what frames say of themselves, where a file keeps geometry per frame."""
        if tags.PER_FRAME_FUNCTIONAL_GROUPS not in header.values:
            return header
        from lungview.dicom import pydicom_header

        with self._reader.stream(source) as stream:
            header.frames = pydicom_header.read_header(stream).frames
        return header


def _may_be_dicom(head: bytes) -> bool:
    """Whether pydicom should be asked at all: a preamble, or a first group number that a data set could begin with."""
    if head[PREAMBLE : PREAMBLE + 4] == b"DICM":
        return True
    return head[:2] in {b"\x02\x00", b"\x08\x00", b"\x00\x08", b"\x00\x02"}


def _problem_of(source: FileSource, header: RawHeader, size: int) -> FileProblem | None:
    """Judge a header: None where it describes an image whose pixels can be there."""
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
    if header.pixel_offset < 0 and unpacked > max(_ANY_SIZE, _MAX_PACKING * size):
        return problems.bad_value(source, f"size of {columns} x {rows} pixels for its {size} bytes")
    held = size - header.pixel_offset
    # Of several frames those that are there are shown, and the others told when they are read.
    if header.pixel_offset >= 0 and held < needed // frames:
        return problems.truncated(source, held, needed)
    return None


def _has_plausible_rescale(values: Mapping[int, bytes]) -> bool:
    """Whether slope and intercept are absent, empty, or numbers that can be reckoned with."""
    filed = (values.get(tag, b"").strip(b"\0 ") for tag in (tags.RESCALE_SLOPE, tags.RESCALE_INTERCEPT))
    return all(not each or is_plausible(decimal(each)) for each in filed)
