"""Read one file's header into entries, or say why it is not among the images."""

import logging
from typing import Final

from lungview.dicom import problems, syntaxes, tags
from lungview.dicom.entries import Entry, EntryBuilder
from lungview.dicom.header import PREAMBLE, HeaderParser, RawHeader, ShortHeadError
from lungview.dicom.inflate import is_deflated, is_gzip, unpacked_head
from lungview.dicom.sequences import OddHeaderError
from lungview.dicom.sources import SourceReader
from lungview.domain.study import FileProblem, FileSource
from lungview.errors import DicomError, NotDicomError
from lungview.logs import describe

_FIRST_READ: Final = 8 << 10
_LAST_READ: Final = 64 << 20
_GROWTH: Final = 8
_PACKED_READ: Final = 32 << 10
_UNPACKED_READ: Final = 64 << 10
"""Bytes of a packed file that hold the header of nearly any slice."""

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
            return self._builder.build(source, header, size)
        except Exception as error:  # one file's odd header must not keep the others back
            log.error("a header was not understood: %s", describe(error))
            return problems.broken(source, "has a header that makes no sense")

    def _header(self, source: FileSource) -> tuple[RawHeader, int]:
        """Return the header, and the size of the file in bytes as it lies there."""
        count = self._first_read
        head, size = self._reader.head(source, count)
        if is_gzip(head):
            return self._packed_header(source)
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
                return self._packed_header(source)
            return self._header_by_pydicom(source, head), size
        # What was enough for this file is asked for at once for the next, within reason.
        self._first_read = min(max(_FIRST_READ, count), _FIRST_READ * _GROWTH * 2)
        return self._with_frames(source, header), size

    def _packed_header(self, source: FileSource) -> tuple[RawHeader, int]:
        """Return the header of a file that is packed as a whole, and its size in bytes as it lies there.

        No more of it is unpacked than holds the header; damage further on shows when the pixels are read.
        """
        head, size = self._reader.head(source, _PACKED_READ)
        try:
            header = self._parser.parse(unpacked_head(head, _UNPACKED_READ), is_whole=False)
        except (OddHeaderError, ShortHeadError):
            header = self._whole_header(source)
        header = self._with_frames(source, header)
        header.is_packed, header.fragments_offset = True, -1
        if is_deflated(head):
            header.transfer_syntax_uid = syntaxes.DEFLATED
        return header, size

    def _whole_header(self, source: FileSource) -> RawHeader:
        data = self._reader.whole(source)
        try:
            return self._parser.parse(data, is_whole=True)
        except (OddHeaderError, ShortHeadError):
            return self._header_by_pydicom(source, data)

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
