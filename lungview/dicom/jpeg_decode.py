"""Decode grey JPEG frames of every kind that DICOM knows: baseline, extended, progressive and lossless.

libjpeg-turbo does it, by imagecodecs. pydicom's own plug-ins for these lack the progressive kinds, and the one that
reads lossless JPEG ends the whole program when a file is damaged.
"""

from typing import TYPE_CHECKING, Final

import numpy as np

from lungview.dicom.pixels import StoredArray
from lungview.domain.study import Instance

if TYPE_CHECKING:
    from pydicom import Dataset

_PREFIX: Final = "1.2.840.10008.1.2.4."
SYNTAXES: Final = frozenset(_PREFIX + last for last in ("50", "51", "53", "55", "57", "70"))


def decode_jpeg(instance: Instance, dataset: "Dataset") -> StoredArray:
    """Return the stored values of one plane without colour, (row, column); raises what the decoder raises."""
    from imagecodecs import jpeg8_decode
    from pydicom.encaps import get_frame

    frame = get_frame(dataset.PixelData, instance.frame, number_of_frames=instance.frames)
    plane = np.asarray(jpeg8_decode(frame))
    pixels = instance.pixels
    if not pixels.is_signed:
        return plane
    # The stream knows no sign: it holds the bits of the stored value.
    unused = 16 - pixels.bits_stored
    signed: StoredArray = (plane.astype(np.uint16) << unused).astype(np.uint16).view(np.int16) >> unused
    return signed
