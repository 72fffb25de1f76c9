"""Decode with GDCM the JPEG files that pydicom's plug-ins refuse: progressive kinds, and slightly wrong ones."""

import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from lungview.dicom.pixels import StoredArray
from lungview.dicom.sources import SourceReader
from lungview.domain.study import Instance

_lock = threading.Lock()


def decode_plane(instance: Instance, sources: SourceReader) -> StoredArray | None:
    """Return the stored values of one plane without colour, (row, column), None where GDCM cannot read it either."""
    import gdcm

    pixels = instance.pixels
    if pixels.is_colour:
        return None
    with _lock, _as_file(instance, sources) as path:
        gdcm.Trace.WarningOff()
        gdcm.Trace.ErrorOff()
        reader = gdcm.ImageReader()
        reader.SetFileName(str(path))
        if not reader.Read():
            return None
        image = reader.GetImage()
        text = image.GetBuffer()
        kind = image.GetPixelFormat()
        bits, is_signed = int(kind.GetBitsAllocated()), bool(kind.GetPixelRepresentation())
    if text is None or bits not in {8, 16}:
        return None
    # GDCM's Python wrapping hands bytes over as text.
    values = np.frombuffer(
        text.encode(sys.getfilesystemencoding(), "surrogateescape"),
        np.dtype(f"<{'i' if is_signed else 'u'}{bits // 8}"),
    )
    size = pixels.rows * pixels.columns
    plane = values[instance.frame * size : (instance.frame + 1) * size]
    return plane.reshape(pixels.rows, pixels.columns) if plane.size == size else None


@contextmanager
def _as_file(instance: Instance, sources: SourceReader) -> Iterator[Path]:
    """Give a path that GDCM can open: the file itself, or a copy of a zip member that is gone afterwards."""
    if not instance.source.member:
        yield instance.source.path
        return
    with tempfile.TemporaryDirectory(prefix="lungview-") as folder:
        copy = Path(folder) / "plane.dcm"
        copy.write_bytes(sources.whole(instance.source))
        yield copy
