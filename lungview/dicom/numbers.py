"""Turn the bytes of number elements into numbers; what is no number becomes None (DICOM PS3.5 section 6.2)."""

from functools import lru_cache
from math import isfinite

from lungview.domain.geometry import Point


@lru_cache(maxsize=8192)
def decimals(value: bytes) -> tuple[float, ...] | None:
    """Return the numbers of a decimal string with one or more values, None where one is no finite number."""
    try:
        numbers = tuple(float(part.strip(b"\0 ")) for part in value.split(b"\\"))
    except ValueError:
        return None
    return numbers if all(isfinite(number) for number in numbers) else None


def decimal(value: bytes | None) -> float | None:
    """Return the first number of a decimal string, None where absent or no number."""
    numbers = decimals(value) if value else None
    return numbers[0] if numbers else None


def integer(value: bytes | None) -> int | None:
    """Return an integer string's number, None where absent or no number."""
    if not value:
        return None
    try:
        return int(value.strip(b"\0 "))
    except ValueError:
        number = decimal(value)
        return int(number) if number is not None and number == int(number) else None


def uint16(value: bytes | None, default: int = 0) -> int:
    """Return a 16-bit number as filed little endian, default where absent or short."""
    return int.from_bytes(value[:2], "little") if value and len(value) >= 2 else default


@lru_cache(maxsize=8192)
def point(value: bytes) -> Point | None:
    """Return three coordinates, None where they are not three numbers."""
    numbers = decimals(value)
    return (numbers[0], numbers[1], numbers[2]) if numbers is not None and len(numbers) == 3 else None


@lru_cache(maxsize=1024)
def orientation(value: bytes) -> tuple[float, float, float, float, float, float] | None:
    """Return row then column cosines, None where they are not two directions at a right angle (C.7.6.2.1.1)."""
    numbers = decimals(value)
    if numbers is None or len(numbers) != 6:
        return None
    a, b, c, d, e, f = numbers
    along, down, across = a * a + b * b + c * c, d * d + e * e + f * f, a * d + b * e + c * f
    if not (0.9 < along < 1.1 and 0.9 < down < 1.1 and abs(across) < 0.02):
        return None
    return a, b, c, d, e, f


@lru_cache(maxsize=1024)
def spacing(value: bytes) -> tuple[float, float] | None:
    """Return the distance between rows, then between columns, mm; None where they are not two lengths."""
    numbers = decimals(value)
    if numbers is None or len(numbers) != 2 or min(numbers) <= 0:
        return None
    return numbers[0], numbers[1]
