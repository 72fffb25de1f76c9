"""Reading PNG files that may be anything: their form, size and kind are looked at before a pixel is decoded."""

import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MAX_PIXELS = 1 << 26
"""Pixels of one slice: 8192 x 8192, sixty times a CT slice."""

_GREY = ("1", "L", "I", "I;16", "I;16B", "I;16L")
"""Pillow's names for grey PNGs of one to sixteen bits."""

_BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    OverflowError,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises for damaged files, a SyntaxError for a broken PNG among them."""


class PictureFileError(Exception):
    """A file is no picture that can be read; the text is a clause with the file as its subject."""


class ColouredPictureError(PictureFileError):
    """A picture has colours."""


def grey_size(path: Path) -> tuple[int, int]:
    """(rows, columns) of a sound grey PNG; its checksums are looked at, its pixels are not decoded."""
    try:
        with _opened(path) as image:
            columns, rows = image.size
            image.verify()
    except _BROKEN as error:
        raise PictureFileError("cannot be read as a picture") from error
    return rows, columns


def read_grey(path: Path) -> NDArray[np.generic]:
    """(rows, columns) bool, uint8 or uint16 of a grey PNG, as stored."""
    try:
        with _opened(path) as image:
            cells: NDArray[np.generic] = np.asarray(image)
    except _BROKEN as error:
        raise PictureFileError("cannot be read as a picture") from error
    return cells.astype(np.uint16) if cells.dtype.itemsize > 1 else cells


def _opened(path: Path) -> Image.Image:
    """Open a PNG, and no other form: some of those that Pillow knows start programs."""
    image = Image.open(path, formats=["PNG"])
    try:
        if image.width * image.height > MAX_PIXELS:
            raise PictureFileError(f"has {image.width} x {image.height} pixels, more than any slice")
        if image.mode not in _GREY:
            raise ColouredPictureError("is not a grey picture")
    except BaseException:
        image.close()
        raise
    return image
