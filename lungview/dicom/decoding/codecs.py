"""Decode one compressed frame with imagecodecs (BSD-3-Clause); runs in a decoding process and nowhere else.

Milliseconds for one 512 x 512 slice of a chest CT of 12 bits, medians of 36 on one core; the lossless give equal bits:

    syntax                imagecodecs              others
    RLE                   0.9 (imcd)               1.1 pylibjpeg-rle, 8.2 pydicom
    JPEG lossless .57/.70 1.9 (libjpeg-turbo)      8.2 gdcm; imagecodecs' ljpeg 3.4, jpegsof3 4.9
    JPEG .50, 8 bits      0.9 (libjpeg-turbo)      1.6 pillow, 3.5 gdcm
    JPEG .51, 12 bits     2.3 (libjpeg-turbo)      none of pydicom's that survives damage
    JPEG-LS .80/.81       6.5 (CharLS)             7.3 pyjpegls, 11.4 gdcm
    JPEG 2000 .90/.91     37 / 25 (OpenJPEG)       41 / 26 pylibjpeg-openjpeg, 41 pillow, 43 / 29 gdcm
    HTJ2K .201/.202       1.7 (OpenJPH)            4.4 pylibjpeg-openjpeg; imagecodecs' OpenJPEG, used for .203, 4.9
    JPEG XL .110-.112     13 (libjxl)              none

gdcm ends its whole program at some damaged streams. OpenJPH and libjpeg-turbo pass over a missing end in silence, and
CharLS hangs at some, so ends are looked for here before these are asked.
"""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from lungview.dicom.decoding.jobs import TYPES, Frame, Job
from lungview.dicom.decoding.rle import decode_padded
from lungview.dicom.decoding.streams import is_whole_j2k, is_whole_jpeg, names_its_colours
from lungview.dicom.syntaxes import Codec

Plane = NDArray[np.generic]


class DamagedFrameError(Exception):
    """A frame that is not what its file says."""


def decode(job: Job, frame: Frame, room: NDArray[np.uint8]) -> Plane:
    """Return the stored values of a frame, (row, column[, sample]); colours that its stream turned are RGB.

    room: job.room bytes, where a decoder may put them.
    Raises DamagedFrameError, MemoryError, and whatever its decoder raises.
    """
    if job.codec is Codec.RLE and job.samples == 1:
        plane = _rle_in_place(job, frame, room)
    else:
        plane = _arranged(_DECODERS[job.codec](job, bytes(frame)), job)
    if plane.shape != job.shape or plane.dtype.str not in TYPES or plane.nbytes > job.room:
        raise DamagedFrameError
    return plane


def _arranged(plane: Plane, job: Job) -> Plane:
    """Return a plane with samples last, without an axis of length one."""
    if plane.ndim == 3 and plane.shape == (job.samples, job.rows, job.columns):
        plane = np.moveaxis(plane, 0, -1)
    return plane.reshape(job.shape) if plane.size == np.prod(job.shape) and plane.ndim != len(job.shape) else plane


def _rle_in_place(job: Job, frame: Frame, room: NDArray[np.uint8]) -> Plane:
    """Decode into the room: this decoder is so fast that a copy would take a fifth of its time."""
    from imagecodecs import dicomrle_decode

    dtype = np.dtype(f"<u{job.itemsize}")
    cells = room[: job.rows * job.columns * job.itemsize]
    try:
        dicomrle_decode(frame, dtype=dtype.str, out=cells)  # type: ignore[arg-type]  # any buffers do
    except Exception:
        return _rle(job, bytes(frame))
    return cells.view(dtype).reshape(job.shape)


def _rle(job: Job, data: bytes) -> Plane:
    from imagecodecs import dicomrle_decode

    dtype = np.dtype(f"<u{job.itemsize}")
    shape = (job.samples, job.rows, job.columns) if job.samples > 1 else job.shape
    try:
        return np.frombuffer(dicomrle_decode(data, dtype=dtype.str), dtype).reshape(shape)
    except Exception:  # of its own, or of another number of pixels
        return decode_padded(data, job.samples, job.rows * job.columns, job.itemsize).reshape(shape)


def _jpeg(job: Job, data: bytes) -> Plane:
    from imagecodecs import jpeg8_decode

    if not is_whole_jpeg(data):
        raise DamagedFrameError
    if job.samples > 1 and job.is_rgb and not names_its_colours(data):
        return np.asarray(jpeg8_decode(data, colorspace="RGB", outcolorspace="RGB"))
    return np.asarray(jpeg8_decode(data))


def _jpeg_ls(job: Job, data: bytes) -> Plane:
    from imagecodecs import jpegls_decode

    if not is_whole_jpeg(data):
        raise DamagedFrameError
    return np.asarray(jpegls_decode(data))


def _jpeg_2000(job: Job, data: bytes) -> Plane:
    from imagecodecs import jpeg2k_decode

    return np.asarray(jpeg2k_decode(data))


def _htj2k(job: Job, data: bytes) -> Plane:
    from imagecodecs import htj2k_decode

    if not is_whole_j2k(data):
        raise DamagedFrameError
    return np.asarray(htj2k_decode(data))


def _jpeg_xl(job: Job, data: bytes) -> Plane:
    from imagecodecs import jpegxl_decode

    return np.asarray(jpegxl_decode(data))


_DECODERS: Final[dict[Codec, Callable[[Job, bytes], Plane]]] = {
    Codec.RLE: _rle,
    Codec.JPEG: _jpeg,
    Codec.JPEG_LS: _jpeg_ls,
    Codec.JPEG_2000: _jpeg_2000,
    Codec.HTJ2K: _htj2k,
    Codec.JPEG_XL: _jpeg_xl,
}


def load_library(codec: Codec) -> None:
    """Load a codec's library before its first frame comes."""
    import imagecodecs

    name = {
        Codec.RLE: "dicomrle_decode",
        Codec.JPEG: "jpeg8_decode",
        Codec.JPEG_LS: "jpegls_decode",
        Codec.JPEG_2000: "jpeg2k_decode",
        Codec.HTJ2K: "htj2k_decode",
        Codec.JPEG_XL: "jpegxl_decode",
    }[codec]
    getattr(imagecodecs, name)
