"""Decode the pixels of any file with pydicom and its plug-ins, and with GDCM where they give up."""

import logging
import threading
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np

from lungview.dicom import syntaxes
from lungview.dicom.pixels import StoredArray
from lungview.dicom.pydicom_header import name_syntax
from lungview.dicom.pydicom_quiet import quiet
from lungview.dicom.sources import SourceReader
from lungview.domain.arrays import UInt8Array
from lungview.domain.study import FileSource, Instance
from lungview.errors import DicomError, UnsupportedTransferSyntaxError

if TYPE_CHECKING:
    from pydicom import Dataset

log = logging.getLogger(__name__)

_JPEG: Final = "1.2.840.10008.1.2.4."
_GDCM_SYNTAXES: Final = frozenset(_JPEG + last for last in ("50", "51", "53", "55", "57", "70"))
"""What GDCM is asked for when pydicom fails: JPEG, of which pydicom lacks the progressive kinds."""


class Decoder:
    """Decodes planes; keeps the last multi-frame file parsed, so that its frames do not each parse it again.

    Safe to use from several threads.
    """

    def __init__(self, sources: SourceReader) -> None:
        self._sources = sources
        self._lock = threading.Lock()
        self._kept: tuple[FileSource, Dataset, int] | None = None

    def stored(self, instance: Instance) -> StoredArray:
        """Return the stored values of a plane without colour, (row, column), the modality LUT applied where it has one.

        Raises OSError where the file cannot be read, DicomError with a sentence where it cannot be decoded.
        """
        from pydicom.pixels.processing import apply_modality_lut

        with quiet():
            dataset, shift = self._dataset(instance)
            plane = self._plane(instance, dataset, shift)
            if instance.pixels.has_modality_lut:
                plane = apply_modality_lut(plane, dataset)
        return plane

    def colour(self, instance: Instance) -> UInt8Array:
        """Return a colour plane as (row, column, 3) RGB, YBR and palettes converted, deeper colours cut to 8 bits."""
        from pydicom.pixels.processing import apply_color_lut

        with quiet():
            dataset, shift = self._dataset(instance)
            plane = self._plane(instance, dataset, shift)
            bits = instance.pixels.bits_stored
            if instance.pixels.photometric.startswith("PALETTE"):
                plane = apply_color_lut(plane, dataset)
                bits = plane.dtype.itemsize * 8
        if plane.ndim == 2:
            plane = np.repeat(plane[:, :, np.newaxis], 3, axis=2)
        shallow: UInt8Array = (plane[:, :, :3].astype(np.int64) >> max(0, bits - 8)).astype(np.uint8)
        return shallow

    def _dataset(self, instance: Instance) -> "tuple[Dataset, int]":
        """Return the parsed file, and by how many bits its stored values are to be shifted down."""
        from pydicom import dcmread

        source = instance.source
        with self._lock:
            if self._kept is not None and self._kept[0] == source:
                return self._kept[1:]
        try:
            dataset = dcmread(BytesIO(self._sources.whole(source)), force=True)
            name_syntax(dataset)
            shift = _take_high_bit(dataset)
        except (OSError, DicomError):
            raise
        except Exception as error:  # a broken file can raise nearly anything inside the parser
            raise _damaged(instance) from error
        if instance.frames > 1:
            with self._lock:
                self._kept = (source, dataset, shift)
        return dataset, shift

    def _plane(self, instance: Instance, dataset: "Dataset", shift: int) -> StoredArray:
        from pydicom.pixels.utils import pixel_array

        _silence_gdcm()
        try:
            plane = pixel_array(dataset, index=instance.frame)
        except MemoryError:
            raise
        except Exception as error:  # every plug-in has exceptions of its own
            return self._plane_by_gdcm(instance, error)
        expected = (instance.pixels.rows, instance.pixels.columns)
        if plane.shape[:2] != expected:
            raise _damaged(instance)
        return plane.astype(np.int64) >> shift if shift else plane

    def _plane_by_gdcm(self, instance: Instance, failure: Exception) -> StoredArray:
        """Try GDCM; else say in a sentence whether a decoder is missing or the file is damaged."""
        syntax = instance.pixels.transfer_syntax_uid
        if syntax in _GDCM_SYNTAXES:
            from lungview.dicom.gdcm_decode import decode_plane

            plane = decode_plane(instance, self._sources)
            if plane is not None:
                return plane
        log.info("a plane of transfer syntax %s cannot be decoded: %s", syntax, type(failure).__name__)
        if isinstance(failure, NotImplementedError):
            raise UnsupportedTransferSyntaxError(
                f"{instance.source.name} is compressed as {syntaxes.name_of(syntax)}, which no decoder here reads."
                " Export it again uncompressed."
            ) from failure
        raise _damaged(instance) from failure


@cache
def _silence_gdcm() -> None:
    """Keep GDCM, which pydicom asks first for JPEG, from writing to the terminal what it cannot read."""
    try:
        import gdcm
    except ImportError:
        return
    for switch in (gdcm.Trace.WarningOff, gdcm.Trace.ErrorOff, gdcm.Trace.DebugOff):
        switch()


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
