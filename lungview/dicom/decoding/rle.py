"""Decode RLE frames whose segments hold more than their pixels (DICOM PS3.5 annex G), which fast decoders refuse."""

from itertools import pairwise
from struct import Struct
from struct import error as StructError  # noqa: N812 - the standard library's own lower-case name says too little
from typing import Final

import numpy as np
from numpy.typing import NDArray

_HEADER: Final = Struct("<16I")


def decode_padded(frame: bytes, samples: int, pixels: int, itemsize: int) -> NDArray[np.generic]:
    """Return (sample, pixel) unsigned cells; what a segment holds beyond its pixels is left alone.

    Raises ValueError where the segments are not those of such a frame, or hold too little.
    """
    try:
        count, *offsets = _HEADER.unpack_from(frame)
    except StructError:
        raise ValueError from None
    if count != samples * itemsize:
        raise ValueError
    bounds = [*offsets[:count], len(frame)]
    planes = [_segment(frame[begin:end], pixels) for begin, end in pairwise(bounds)]
    # Of a sample's bytes the highest comes first.
    cells = np.stack(planes).reshape(samples, itemsize, pixels)[:, ::-1].transpose(0, 2, 1)
    return np.ascontiguousarray(cells).view(f"<u{itemsize}").reshape(samples, pixels)


def _segment(data: bytes, count: int) -> NDArray[np.uint8]:
    """Return the first count bytes that a segment stands for."""
    out = bytearray()
    position = 0
    while len(out) < count:
        if position >= len(data):
            raise ValueError
        head = data[position]
        if head < 128:
            out += data[position + 1 : position + 2 + head]
            position += 2 + head
        elif head > 128:
            out += data[position + 1 : position + 2] * (257 - head)
            position += 2
        else:
            position += 1
    return np.frombuffer(bytes(out[:count]), np.uint8)
