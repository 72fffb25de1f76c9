"""Read compressed frames out of files."""

import threading
from dataclasses import dataclass

from lungview.dicom.decoding.fragments import Span, frame_spans
from lungview.dicom.decoding.jobs import Frame
from lungview.dicom.pydicom_bounds import parse
from lungview.dicom.pydicom_quiet import quiet
from lungview.dicom.sources import SourceReader, read_at
from lungview.domain.study import FileSource, Instance
from lungview.errors import DicomError


@dataclass(frozen=True, slots=True)
class _Located:
    """A file's frames. content: what the spans count in; None for the file itself, which is read as it is needed."""

    source: FileSource
    content: bytes | None
    spans: list[list[Span]]


class FrameReader:
    """Reads compressed frames; keeps where the last multi-frame file has them. Safe to use from several threads."""

    def __init__(self, sources: SourceReader) -> None:
        self._sources = sources
        self._lock = threading.Lock()
        self._kept: _Located | None = None

    def read(self, instance: Instance) -> Frame:
        """Return the compressed bytes of a plane; OSError where unreadable, DicomError with a clause where damaged."""
        located = self._located(instance)
        if instance.frame >= len(located.spans):
            raise DicomError(f"holds {len(located.spans)} of its {instance.frames} frames")
        spans = located.spans[instance.frame]
        content = located.content
        if content is None:
            return b"".join(read_at(instance.source.path, start, length) for start, length in spans)
        if len(spans) == 1:
            start, length = spans[0]
            return memoryview(content)[start : start + length]
        return b"".join(content[start : start + length] for start, length in spans)

    def _located(self, instance: Instance) -> _Located:
        with self._lock:
            kept = self._kept
        if kept is not None and kept.source == instance.source:
            return kept
        located = self._locate(instance)
        if instance.frames > 1:
            with self._lock:
                self._kept = located
        return located

    def _locate(self, instance: Instance) -> _Located:
        source, start = instance.source, instance.pixels.fragments_offset
        if start >= 0 and not source.member and instance.frames > 1:
            with source.path.open("rb") as stream:

                def from_file(offset: int, count: int) -> bytes:
                    stream.seek(offset)
                    return stream.read(count)

                return _Located(source, None, frame_spans(from_file, start, instance.frames))
        content, start = self._content(source, start)

        def from_content(offset: int, count: int) -> bytes:
            return content[offset : offset + count]

        return _Located(source, content, frame_spans(from_content, start, instance.frames))

    def _content(self, source: FileSource, start: int) -> tuple[bytes, int]:
        """Return bytes that hold the pixel data's items, and where these begin in them."""
        if start < 0:
            return self._by_pydicom(source), 0
        if source.member:
            return self._sources.whole(source), start
        return read_at(source.path, start), 0

    def _by_pydicom(self, source: FileSource) -> bytes:
        """Return the items of a file whose header only a full parser reads."""
        data = self._sources.whole(source)
        try:
            with quiet():
                content = parse(data).get("PixelData")
        except DicomError:
            raise
        except Exception as error:  # a broken file can raise nearly anything inside the parser
            raise DicomError("has a header that cannot be read") from error
        if not isinstance(content, bytes):
            raise DicomError("holds no pixels")
        return content
