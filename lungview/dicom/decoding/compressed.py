"""Read compressed planes: their bytes out of their files, their pixels out of a decoding process."""

import logging
import math
import threading
import zlib
from functools import partial
from typing import Final

import numpy as np

from lungview.dicom import syntaxes
from lungview.dicom.decoding.frames import FrameReader
from lungview.dicom.decoding.jobs import Frame, Job
from lungview.dicom.decoding.pool import StalledError, decoding_pool
from lungview.dicom.decoding.process import LostProcessError, NeedsMemoryError, UndecodableError
from lungview.dicom.pixels import StoredArray
from lungview.dicom.sources import SourceReader
from lungview.domain.arrays import HuArray
from lungview.domain.study import Instance, PixelFormat
from lungview.errors import DicomError, UnsupportedTransferSyntaxError

log = logging.getLogger(__name__)

_MAX_LOST: Final = 3
"""Decoding processes that one stack may cost; what it still holds is then left alone."""


class CompressedReader:
    """Reads compressed planes; safe to use from several threads."""

    def __init__(self, sources: SourceReader) -> None:
        self._frames = FrameReader(sources)
        self._lock = threading.Lock()
        self._lost = 0

    def read(self, instance: Instance, cells: HuArray | None = None) -> StoredArray:
        """Return the stored values of a plane, (row, column[, sample]).

        cells: (row, column), where they are put if 16 bits hold them, unsigned ones by their bits; then it is returned.

        Raises OSError where the file cannot be read, DicomError with a clause or a sentence where it cannot be decoded.
        """
        syntax = instance.pixels.transfer_syntax_uid
        codec = syntaxes.codec_of(syntax)
        if codec is not None:
            plane = self._decoded(instance, codec, cells if instance.pixels.shift == 0 else None)
        elif syntax in {syntaxes.FRAMED, syntaxes.DEFLATED_FRAMES}:
            plane = _plain_plane(instance.pixels, self._frames.read(instance), syntax)
        else:
            raise UnsupportedTransferSyntaxError(
                f"{instance.source.name} is compressed as {syntaxes.name_of(syntax)}, which no decoder here reads."
                " Export it again uncompressed."
            )
        if plane is None:
            raise DicomError(f"{_named(instance)} holds pixels that cannot be decoded. Copy it again.")
        return plane if cells is not None and plane is cells else _as_stored(plane, instance.pixels)

    def _decoded(self, instance: Instance, codec: syntaxes.Codec, cells: HuArray | None) -> StoredArray | None:
        """Return what a decoder makes of a plane, None where it makes nothing of it."""
        if self._lost >= _MAX_LOST:
            raise DicomError(
                f"{_named(instance)} was left unread, because {_MAX_LOST} others here broke the decoder."
                " Export the series again uncompressed."
            )
        pixels = instance.pixels
        job = Job(
            codec,
            pixels.rows,
            pixels.columns,
            pixels.samples,
            max(1, pixels.bits_allocated // 8),
            pixels.photometric == "RGB",
        )
        frame = self._frames.read(instance)
        try:
            return decoding_pool().decode(job, frame, partial(_fetched, cells=cells))
        except UndecodableError:
            return None
        except (LostProcessError, StalledError) as error:
            with self._lock:
                self._lost += 1
            log.warning("a %s frame was given up: %s", codec, type(error).__name__)
            broke = "break" if isinstance(error, LostProcessError) else "stall"
            name = syntaxes.name_of(pixels.transfer_syntax_uid)
            raise DicomError(
                f"{_named(instance)} holds pixels that {broke} the decoder of {name}; nothing else was touched by it."
                " Copy it again, or export it uncompressed."
            ) from error
        except NeedsMemoryError as error:
            raise DicomError(
                f"{_named(instance)} holds pixels that need more memory than one slice may take."
                " Export it again uncompressed."
            ) from error


def _fetched(plane: StoredArray, cells: HuArray | None) -> StoredArray:
    """Return values copied out of shared memory, into cells where they fit."""
    if cells is None or plane.dtype.itemsize > 2:
        return plane.copy()
    np.copyto(cells.view(f"{plane.dtype.kind}2"), plane)
    return cells


def _named(instance: Instance) -> str:
    frame = f" (frame {instance.frame + 1})" if instance.frames > 1 else ""
    return f"{instance.source.name}{frame}"


def _plain_plane(pixels: PixelFormat, frame: Frame, syntax: str) -> StoredArray | None:
    """Return a plane whose frame holds its cells as they are, or deflated; None where they are not all there."""
    if pixels.bits_allocated not in {8, 16, 32}:
        return None
    dtype = np.dtype(f"<u{pixels.bits_allocated // 8}")
    shape = (pixels.rows, pixels.columns) if pixels.samples == 1 else (pixels.rows, pixels.columns, pixels.samples)
    needed = math.prod(shape) * dtype.itemsize
    if syntax == syntaxes.DEFLATED_FRAMES:
        try:
            frame = zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, needed)
        except zlib.error:
            return None
    return np.frombuffer(frame, dtype, math.prod(shape)).reshape(shape) if len(frame) >= needed else None


def _as_stored(plane: StoredArray, pixels: PixelFormat) -> StoredArray:
    """Return decoded cells as the stored values that the header tells of: some streams know no sign."""
    if pixels.is_colour:
        return plane
    bits = plane.dtype.itemsize * 8
    if pixels.shift and int(plane.max()) >> pixels.bits_stored:
        plane = np.right_shift(plane, pixels.shift, dtype=plane.dtype)
    if (plane.dtype.kind == "i") == pixels.is_signed or pixels.bits_stored > bits:
        return plane
    unused = bits - pixels.bits_stored
    if pixels.is_signed:
        signed = plane.view(f"<i{plane.dtype.itemsize}")
        return (signed << unused) >> unused if unused else signed
    unsigned = plane.view(f"<u{plane.dtype.itemsize}")
    return unsigned & ((1 << pixels.bits_stored) - 1) if unused else unsigned
