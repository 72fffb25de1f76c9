"""Decode the pixels of any file with pydicom and its plug-ins."""

import logging
import threading
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np

from lungview.dicom import jpeg_decode, syntaxes
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

_PREFIX: Final = "1.2.840.10008.1.2."
_OWN_JPEG: Final = "own"
_PLUGINS: Final = {
    _PREFIX + "5": ("pylibjpeg", "pydicom"),
    _PREFIX + "4.50": ("pillow",),
    _PREFIX + "4.51": ("pillow",),
    _PREFIX + "4.80": ("pyjpegls",),
    _PREFIX + "4.81": ("pyjpegls",),
    _PREFIX + "4.90": ("pylibjpeg",),
    _PREFIX + "4.91": ("pylibjpeg",),
    _PREFIX + "4.201": ("pylibjpeg",),
    _PREFIX + "4.202": ("pylibjpeg",),
    _PREFIX + "4.203": ("pylibjpeg",),
}
"""Which of pydicom's plug-ins decode what. Named, because one that pydicom would ask first, where it is installed, ends
the whole program when a stream is damaged."""


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
                plane = _whole(instance, lambda: apply_modality_lut(plane, dataset))
        return plane

    def colour(self, instance: Instance) -> UInt8Array:
        """Return a colour plane as (row, column, 3) RGB, YBR and palettes converted, deeper colours cut to 8 bits."""
        from pydicom.pixels.processing import apply_color_lut

        with quiet():
            dataset, shift = self._dataset(instance)
            plane = self._plane(instance, dataset, shift)
            bits = instance.pixels.bits_stored
            if instance.pixels.photometric.startswith("PALETTE"):
                plane = _whole(instance, lambda: apply_color_lut(plane, dataset))
                bits = plane.dtype.itemsize * 8
        if plane.ndim == 2:
            plane = np.repeat(plane[:, :, np.newaxis], 3, axis=2)
        if plane.ndim != 3 or plane.shape[2] < 3:
            raise _damaged(instance)
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
        """Return one plane as its decoder hands it over; raises DicomError with a sentence where that fails."""
        syntax = instance.pixels.transfer_syntax_uid
        plugins = _plugins(instance)
        if plugins is None:
            raise UnsupportedTransferSyntaxError(
                f"{instance.source.name} is compressed as {syntaxes.name_of(syntax)}, which no decoder here reads."
                " Export it again uncompressed."
            )
        for plugin in plugins:
            try:
                plane = _decode(instance, dataset, plugin)
            except BaseException as error:
                # Every decoder has exceptions of its own; one written in Rust even raises beside Exception.
                if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
                    raise
                log.info("a plane of transfer syntax %s cannot be decoded: %s", syntax, type(error).__name__)
                continue
            if plane.shape[:2] == (instance.pixels.rows, instance.pixels.columns):
                return plane.astype(np.int64) >> shift if shift else plane
        raise _damaged(instance)


def _whole(instance: Instance, make: Callable[[], StoredArray]) -> StoredArray:
    """Return a plane that a look-up table makes; a table that makes none is damage."""
    try:
        plane = make()
    except Exception as error:  # the table may be of any type, length or place
        raise _damaged(instance) from error
    if plane.shape[:2] != (instance.pixels.rows, instance.pixels.columns):
        raise _damaged(instance)
    return plane


def _plugins(instance: Instance) -> tuple[str, ...] | None:
    """Return the decoders to try, in order, by pydicom's names; None where none reads the transfer syntax."""
    syntax = instance.pixels.transfer_syntax_uid
    if not syntaxes.is_encapsulated(syntax):
        return ("",)
    if syntax in jpeg_decode.SYNTAXES and not instance.pixels.is_colour:
        return (_OWN_JPEG,)
    return _PLUGINS.get(syntax)


def _decode(instance: Instance, dataset: "Dataset", plugin: str) -> StoredArray:
    from pydicom.pixels.utils import pixel_array

    if plugin == _OWN_JPEG:
        return jpeg_decode.decode_jpeg(instance, dataset)
    return pixel_array(dataset, index=instance.frame, decoding_plugin=plugin)


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
