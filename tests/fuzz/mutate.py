"""Damage bytes in the ways that files are damaged, and in those that people who mean harm think of."""

import re
from collections.abc import Callable, Sequence
from random import Random

Mutator = Callable[[bytearray, Random, Sequence[bytes]], None]
"""Changes bytes in place; the last argument: other files of the same kind, to take parts from."""

_INTERESTING = (
    0, 1, 2, 3, 7, 8, 9, 15, 16, 31, 32, 33, 63, 64, 65, 100, 127, 128, 255, 256, 511, 512, 513, 4095, 4096,
    0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF,
    0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFFFFFFFFFF,
)  # fmt: skip
_HOSTILE_NUMBERS = (
    b"nan", b"inf", b"-inf", b"1e308", b"-1e308", b"1e-320", b"0", b"-1", b"2147483648", b"-2147483649", b"1e999",
    b"99999999999999999999", b"", b"0x10", b"1_000", b"1,5", b"\xd9\xa3", b"..", b"1\\2\\3\\4\\5\\6\\7",
)  # fmt: skip
_NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")
_VR = re.compile(rb"[\x00-\xff]{4}(?:A[ESTU]|CS|D[AST]|F[DL]|IS|L[OT]|O[BDFLVW]|PN|S[HLQSTV]|TM|U[CILNRSTV])")
_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})
_DELIMITERS = (
    b"\xfe\xff\x00\xe0\xff\xff\xff\xff", b"\xfe\xff\x00\xe0\x00\x00\x00\x00", b"\xfe\xff\x0d\xe0\x00\x00\x00\x00",
    b"\xfe\xff\xdd\xe0\x00\x00\x00\x00", b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff",
)  # fmt: skip
_PIXEL_DATA = b"\xe0\x7f\x10\x00"
_SHARE_OF_PIXELS = 1 / 3
_SHARE_OF_HEADERS = 0.8
_REACHES = (64, 256, 1024, 1 << 30)
"""Bytes from the pixel data on that damage is done to: offset table and stream headers lie first."""
_TOKENS = (
    b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"&b;", b"<annotation>", b"</annotation>", b"<object>", b"<bndbox>", b"-->",
    b'"', b"{", b"}", b"[", b"]", b",", b"\n", b"\x00", b"\xff\xfe", b"../../", b"/etc/passwd", b"NaN", b"1e400",
    b'"shape":[9223372036854775807]', b'"dtype":"F64"', b"PK\x03\x04", b"\xef\xbb\xbf", b"=cmd|'/c'!A1",
)  # fmt: skip


def mutate(original: bytes, others: Sequence[bytes], random: Random, header: int) -> bytes:
    """Return the bytes with one to four kinds of damage; header: bytes at the beginning that much damage is done to.

    A third of the damage to files with pixel data is done to these alone, since a decoder never sees the pixels of a
    file whose header is refused.
    """
    data = bytearray(original)
    is_in_pixels = random.random() < _SHARE_OF_PIXELS
    for _ in range(random.choice((1, 1, 1, 2, 4))):
        if len(data) < 8:
            break
        start, end = _place(data, random, header, is_in_pixels)
        part = data[start:end]
        random.choice(MUTATORS)(part, random, others)
        data = data[:start] + part + data[end:]
    return bytes(data)


def _place(data: bytearray, random: Random, header: int, is_in_pixels: bool) -> tuple[int, int]:
    """Return the first and the last place, at least a few bytes apart, between which damage is done."""
    pixels = data.rfind(_PIXEL_DATA) if is_in_pixels else -1
    if 0 <= pixels < len(data) - 32:
        return pixels + 4, min(len(data), pixels + random.choice(_REACHES))
    return 0, header if random.random() < _SHARE_OF_HEADERS else len(data)


def _flip_bits(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    for _ in range(random.choice((1, 1, 2, 8, 32))):
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _set_number(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    """Write an interesting number of 1, 2, 4 or 8 bytes, in either byte order."""
    size = random.choice((1, 2, 4, 8))
    place = random.randrange(len(data))
    value = random.choice(_INTERESTING) & ((1 << 8 * size) - 1)
    data[place : place + size] = value.to_bytes(size, random.choice(("little", "big")))


def _lie_about_length(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    """Change the length of a DICOM element with a value representation, or of an item."""
    found = [match.end() for match in _VR.finditer(data)]
    if not found:
        return _set_number(data, random, others)
    end = random.choice(found)
    size = 4 if bytes(data[end - 2 : end]) in _LONG else 2
    start = end + (2 if size == 4 else 0)
    was = int.from_bytes(data[start : start + size], "little")
    new = random.choice((*_INTERESTING, was + 1, max(was - 1, 0), was * 2, len(data))) & ((1 << 8 * size) - 1)
    data[start : start + size] = new.to_bytes(size, "little")
    return None


def _change_value(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    """Change a short binary value of a DICOM element: rows, bits, samples are such."""
    found = [match.end() for match in re.finditer(rb"US\x02\x00", data)]
    if not found:
        return _set_number(data, random, others)
    place = random.choice(found)
    data[place : place + 2] = (random.choice(_INTERESTING) & 0xFFFF).to_bytes(2, "little")
    return None


def _change_vr(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    found = [match.end() for match in _VR.finditer(data)]
    if found:
        end = random.choice(found)
        data[end - 2 : end] = random.choice((b"SQ", b"UN", b"OB", b"UT", b"FD", b"AT", b"PN", b"ZZ", b"\0\0"))


def _change_text_number(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    """Replace a number written in digits by one that is none, or none that fits."""
    found = list(_NUMBER.finditer(data))
    if found:
        match = random.choice(found)
        new = random.choice(_HOSTILE_NUMBERS)
        if random.random() < 0.5:  # keep the length, so that the rest stays readable
            new = new[: match.end() - match.start()].ljust(match.end() - match.start())
        data[match.start() : match.end()] = new


def _cut(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    del data[random.randrange(4, len(data)) if len(data) > 4 else 4 :]


def _delete(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    start = random.randrange(len(data))
    del data[start : start + random.choice((1, 2, 4, 8, 64, 512))]


def _repeat(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    start = random.randrange(len(data))
    piece = bytes(data[start : start + random.choice((1, 4, 8, 64, 512))])
    data[start:start] = piece * random.choice((1, 2, 8, 100))


def _swap(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    size = random.choice((1, 4, 8, 64))
    one, other = sorted((random.randrange(len(data)), random.randrange(len(data))))
    first, second = bytes(data[one : one + size]), bytes(data[other : other + size])
    data[other : other + size] = first
    data[one : one + size] = second


def _splice(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    """Go on with another file from some place."""
    other = random.choice(others)
    data[random.randrange(len(data)) :] = other[random.randrange(max(1, len(other))) :][: 64 << 10]


def _insert(data: bytearray, random: Random, others: Sequence[bytes]) -> None:
    place = random.randrange(len(data))
    token = random.choice((*_DELIMITERS, *_TOKENS))
    data[place:place] = token * random.choice((1, 1, 1, 2, 40, 2000))


MUTATORS: tuple[Mutator, ...] = (
    _flip_bits, _set_number, _lie_about_length, _lie_about_length, _change_value, _change_value, _change_vr,
    _flip_bits, _change_value, _change_text_number, _change_text_number, _set_number, _cut, _delete, _repeat, _swap,
    _splice, _insert,
)  # fmt: skip
