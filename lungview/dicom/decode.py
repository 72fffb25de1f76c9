"""Decode the pixels of any file: compressed ones in a decoding process, all others with pydicom."""

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np

from lungview.dicom import syntaxes
from lungview.dicom.decoding.compressed import CompressedReader
from lungview.dicom.pixels import StoredArray
from lungview.dicom.pydicom_bounds import parse
from lungview.dicom.pydicom_header import name_syntax
from lungview.dicom.pydicom_quiet import quiet
from lungview.dicom.sources import SourceReader
from lungview.domain.arrays import HuArray, UInt8Array
from lungview.domain.study import FileSource, Instance
from lungview.errors import DicomError

if TYPE_CHECKING:
    from pydicom import Dataset

log = logging.getLogger(__name__)

_YBR: Final = frozenset({"YBR_FULL", "YBR_FULL_422"})
_TURNED_BY_STREAM: Final = frozenset({syntaxes.Codec.JPEG, syntaxes.Codec.JPEG_XL})
"""Codecs whose streams say how their colours are kept, so that they come out as RGB."""


class Decoder:
    """Decodes planes; keeps the last multi-frame file parsed, so that its frames do not each parse it again.

    Safe to use from several threads.
    """

    def __init__(self, sources: SourceReader) -> None:
        self._sources = sources
        self._compressed = CompressedReader(sources)
        self._lock = threading.Lock()
        self._kept: tuple[FileSource, Dataset, int] | None = None

    def stored(self, instance: Instance, cells: HuArray | None = None) -> StoredArray:
        """Return the stored values of a plane without colour, (row, column), the modality LUT applied where it has one.

        cells: (row, column), where a decoder may put them as filed, unsigned ones by their bits; then it is returned.
        Raises OSError where the file cannot be read, DicomError with a sentence where it cannot be decoded.
        """
        if not instance.pixels.has_modality_lut:
            return self._plane(instance, cells)
        plane = self._plane(instance)
        from pydicom.pixels.processing import apply_modality_lut

        with quiet():
            dataset, _ = self._dataset(instance)
            return _whole(instance, lambda: apply_modality_lut(plane, dataset))

    def colour(self, instance: Instance) -> UInt8Array:
        """Return a colour plane as (row, column, 3) RGB, YBR and palettes converted, deeper colours cut to 8 bits."""
        from pydicom.pixels.processing import apply_color_lut

        plane = self._plane(instance)
        bits = instance.pixels.bits_stored
        if instance.pixels.photometric.startswith("PALETTE"):
            with quiet():
                dataset, _ = self._dataset(instance)
                plane = _whole(instance, lambda: apply_color_lut(plane, dataset))
            bits = plane.dtype.itemsize * 8
        if plane.ndim == 2:
            plane = np.repeat(plane[:, :, np.newaxis], 3, axis=2)
        if plane.ndim != 3 or plane.shape[2] < 3:
            raise _damaged(instance)
        shallow: UInt8Array = (plane[:, :, :3].astype(np.int64) >> max(0, bits - 8)).astype(np.uint8)
        return _as_rgb(shallow) if _is_still_ybr(instance) else shallow

    def _plane(self, instance: Instance, cells: HuArray | None = None) -> StoredArray:
        """Return one plane as its decoder hands it over; raises DicomError with a sentence where that fails."""
        if syntaxes.is_encapsulated(instance.pixels.transfer_syntax_uid):
            return self._compressed.read(instance, cells)
        with quiet():
            dataset, shift = self._dataset(instance)
            return self._by_pydicom(instance, dataset, shift)

    def _by_pydicom(self, instance: Instance, dataset: "Dataset", shift: int) -> StoredArray:
        from pydicom.pixels.utils import pixel_array

        try:
            plane = pixel_array(dataset, index=instance.frame)
        except Exception as error:  # a broken file can raise nearly anything inside the parser
            log.info("a plain plane cannot be read: %s", type(error).__name__)
            raise _damaged(instance) from error
        if plane.shape[:2] != (instance.pixels.rows, instance.pixels.columns):
            raise _damaged(instance)
        return plane.astype(np.int64) >> shift if shift else plane

    def _dataset(self, instance: Instance) -> "tuple[Dataset, int]":
        """Return the parsed file, and by how many bits its stored values are to be shifted down."""
        source = instance.source
        with self._lock:
            if self._kept is not None and self._kept[0] == source:
                return self._kept[1:]
        try:
            dataset = parse(self._sources.whole(source))
            if name_syntax(dataset) == syntaxes.GE_PRIVATE:
                _turn_bytes(dataset)
            shift = _take_high_bit(dataset)
        except (OSError, DicomError):
            raise
        except Exception as error:  # a broken file can raise nearly anything inside the parser
            raise _damaged(instance) from error
        if instance.frames > 1:
            with self._lock:
                self._kept = (source, dataset, shift)
        return dataset, shift


def _whole(instance: Instance, make: Callable[[], StoredArray]) -> StoredArray:
    """Return a plane that a look-up table makes; a table that makes none is damage."""
    try:
        plane = make()
    except Exception as error:  # the table may be of any type, length or place
        raise _damaged(instance) from error
    if plane.shape[:2] != (instance.pixels.rows, instance.pixels.columns):
        raise _damaged(instance)
    return plane


def _is_still_ybr(instance: Instance) -> bool:
    """Whether a compressed plane's colours come as luminance and differences; pydicom turns those of plain files."""
    pixels = instance.pixels
    return pixels.photometric in _YBR and (
        syntaxes.is_encapsulated(pixels.transfer_syntax_uid)
        and syntaxes.codec_of(pixels.transfer_syntax_uid) not in _TURNED_BY_STREAM
    )


def _as_rgb(plane: UInt8Array) -> UInt8Array:
    from pydicom.pixels.processing import convert_color_space

    turned: UInt8Array = convert_color_space(plane, "YBR_FULL", "RGB").astype(np.uint8)
    return turned


def _turn_bytes(dataset: "Dataset") -> None:
    """Make an implicit little-endian data set of one that has its pixels alone big endian."""
    from pydicom.uid import ImplicitVRLittleEndian

    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    if dataset.BitsAllocated == 16:
        dataset.PixelData = np.frombuffer(dataset.PixelData, ">u2").astype("<u2").tobytes()


def _take_high_bit(dataset: "Dataset") -> int:
    """Return how many bits stored values stand above the lowest one, in old files whose High Bit says so.

    pydicom does not look at High Bit; it is made to hand such cells over whole.
    """
    allocated, stored, high = (dataset.get(key) for key in ("BitsAllocated", "BitsStored", "HighBit"))
    if None in (allocated, stored, high) or not stored <= high + 1 <= allocated:
        return 0
    shift = int(high + 1 - stored)
    if shift:
        dataset.BitsStored, dataset.HighBit = allocated, allocated - 1
    return shift


def _damaged(instance: Instance) -> DicomError:
    frame = f" (frame {instance.frame + 1})" if instance.frames > 1 else ""
    return DicomError(f"{instance.source.name}{frame} holds pixels that cannot be decoded. Copy it again.")
