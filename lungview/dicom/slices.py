"""Read single slices of a stack into their place in a volume."""

import sys

import numpy as np
from numpy.typing import NDArray

from lungview.dicom import problems
from lungview.dicom.decode import Decoder
from lungview.dicom.pixels import Rule, StoredArray, rescale_in_place, rule_for, to_float32, to_int16
from lungview.dicom.sources import SourceReader, read_into
from lungview.domain.arrays import HuArray
from lungview.domain.study import Instance, PixelFormat
from lungview.domain.volume import Volume
from lungview.errors import DicomError


class SliceReader:
    """Reads slices into a volume; safe to use from several threads, each for slices of its own.

    held: slices with values that had to be held to int16's range. is_quick: whether all slices are plain enough to be
    read without decoding, so that threads would only be in the way.
    """

    def __init__(self, volume: Volume, sources: SourceReader) -> None:
        self._volume = volume
        self._sources = sources
        self._decoder = Decoder(sources)
        self.held: set[int] = set()
        self.is_quick = all(_is_plain(one.pixels) and not _must_unpack(one) for one in volume.stack.instances)

    def read(self, k: int) -> DicomError | None:
        """Fill slice k, or return what is wrong with it."""
        instance = self._volume.stack.instances[k]
        try:
            self._fill(k, instance)
        except DicomError as error:
            return _worded(instance, error)
        except (OSError, MemoryError) as error:
            return problems.failed_read(instance.source, error)
        return None

    def _fill(self, k: int, instance: Instance) -> None:
        out = self._volume.voxels[k]
        if self._volume.is_colour:
            np.copyto(out, self._decoder.colour(instance), casting="no")
            return
        rule = rule_for(instance.pixels, self._volume.stack.unit)
        if out.dtype != np.int16:
            is_plain = _is_plain(instance.pixels)
            to_float32(
                self._filed_cells(instance, rule.is_signed) if is_plain else self._decoder.stored(instance), rule, out
            )
        elif self._fill_int16(instance, rule, out):
            self.held.add(k)

    def _fill_int16(self, instance: Instance, rule: Rule, out: HuArray) -> bool:
        """Fill a plane's values; return whether any was held to int16's range."""
        if _is_plain(instance.pixels):
            self._read_plain(instance, out)
            return rescale_in_place(out, rule)
        stored = self._decoder.stored(instance, out)
        return rescale_in_place(out, rule) if stored is out else to_int16(stored, rule, out)

    def _filed_cells(self, instance: Instance, is_signed: bool) -> StoredArray:
        size = (instance.pixels.rows, instance.pixels.columns)
        if is_signed:
            signed = np.empty(size, np.int16)
            self._read_plain(instance, signed)
            return signed
        unsigned = np.empty(size, np.uint16)
        self._read_plain(instance, unsigned)
        return unsigned

    def _read_plain(self, instance: Instance, cells: NDArray[np.int16] | NDArray[np.uint16]) -> None:
        """Fill 16-bit cells as filed from a plain file, a packed one or a zip member."""
        offset = instance.pixels.offset
        if not _must_unpack(instance):
            if read_into(instance.source.path, offset, cells.view(np.uint8).reshape(-1).data) < cells.nbytes:
                raise DicomError(_too_short(instance))
            return
        data = self._sources.whole(instance.source)
        if len(data) < offset + cells.nbytes:
            raise DicomError(_too_short(instance))
        np.copyto(cells, np.frombuffer(data, cells.dtype, cells.size, offset).reshape(cells.shape))


def _must_unpack(instance: Instance) -> bool:
    """Whether an instance's bytes are not in its file as they are."""
    return instance.pixels.is_packed or bool(instance.source.member)


def _too_short(instance: Instance) -> str:
    if instance.frames > 1:
        return f"is cut short and does not hold frame {instance.frame + 1} of {instance.frames}"
    return "is shorter than it was when it was scanned"


def _is_plain(pixels: PixelFormat) -> bool:
    """Whether the file holds 16-bit cells of this machine's byte order at a known place."""
    return (
        pixels.offset >= 0
        and pixels.bits_allocated == 16
        and pixels.samples == 1
        and not pixels.is_colour
        and not pixels.has_modality_lut
        and sys.byteorder == "little"
    )


def _worded(instance: Instance, error: DicomError) -> DicomError:
    """Make a sentence of a clause that lower layers give without the file's name."""
    text = str(error)
    if text.startswith(instance.source.name):
        return error
    return DicomError(f"{instance.source.name} {text}. Copy it again.")
