"""Compressed streams lose their remarks and not their pixels."""

from collections.abc import Callable

import numpy as np
import pytest
from imagecodecs import jpeg2k_decode, jpeg2k_encode, jpeg8_decode, jpeg8_encode, jpegls_decode, jpegls_encode

from lungview.deidentify.streams import without_remarks

PIXELS = np.random.default_rng(0).integers(0, 256, (32, 24)).astype(np.uint8)
CODECS: dict[str, tuple[Callable[..., object], Callable[..., object], bytes]] = {
    "JPEG": (jpeg8_encode, jpeg8_decode, b"\xff\xfe"),
    "JPEG-LS": (jpegls_encode, jpegls_decode, b"\xff\xfe"),
    "JPEG 2000": (lambda pixels: jpeg2k_encode(pixels, codecformat="j2k"), jpeg2k_decode, b"\xff\x64"),
}


@pytest.mark.parametrize("name", CODECS)
def test_a_remark_goes_and_the_pixels_stay(name: str) -> None:
    encode, decode, marker = CODECS[name]
    stream = bytes(memoryview(encode(PIXELS)))  # type: ignore[arg-type]
    words = b"\0\1" + b"DOE^JOHN" if name == "JPEG 2000" else b"DOE^JOHN"
    remark = marker + (len(words) + 2).to_bytes(2) + words
    # Behind the first segment: JPEG 2000 wants its SIZ first.
    at = 4 + int.from_bytes(stream[4:6])
    told = stream[:at] + remark + stream[at:] + b"DOE^JOHN"
    plain = without_remarks(told)
    assert b"DOE" in told
    assert b"DOE" not in plain
    assert (np.asarray(decode(plain)) == np.asarray(decode(stream))).all()


def test_an_application_segment_goes_unless_it_tells_the_colours() -> None:
    exif = b"\xff\xe1\x00\x0aDOE^JOHN"
    adobe = b"\xff\xee\x00\x0eAdobe" + b"\0" * 7
    rest = b"\xff\xda\x00\x02\x01\x02\xff\xd9"
    assert without_remarks(b"\xff\xd8" + exif + adobe + rest) == b"\xff\xd8" + adobe + rest


@pytest.mark.parametrize("stream", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xfe\xff\xff12", b"RLE"])
def test_damaged_and_other_streams_end_without_an_error(stream: bytes) -> None:
    assert without_remarks(stream) in (stream, stream[:2])
