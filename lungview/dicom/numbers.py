"""Turn the bytes of number elements into numbers; what is no number becomes None (DICOM PS3.5 section 6.2)."""

from functools import lru_cache
from math import isfinite
from typing import Final

from lungview.domain.geometry import Point

FARTHEST_MM: Final = 1e6
"""No slice lies a kilometre away; squares and sums of larger numbers are no numbers any more."""
_SPACINGS_MM: Final = (1e-5, 1e3)
LARGEST: Final = 1e12
"""No window and no rescale uses numbers beyond this, or between 0 and its inverse."""


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


def length(value: bytes | None) -> float | None:
    """Return the first number of a decimal string in mm, None where absent or beyond anything that is measured."""
    number = decimal(value)
    return number if number is not None and abs(number) <= FARTHEST_MM else None


def is_plausible(number: float | None) -> bool:
    """Whether a number is one, and neither so large nor so small that reckoning with it fails."""
    return number is not None and (number == 0 or 1 / LARGEST <= abs(number) <= LARGEST)


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
    """Return three coordinates in mm, None where they are not three numbers that a patient may lie at."""
    numbers = decimals(value)
    if numbers is None or len(numbers) != 3 or max(map(abs, numbers)) > FARTHEST_MM:
        return None
    return numbers[0], numbers[1], numbers[2]


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
    """Return the distance between rows, then between columns, mm; None where no pixel may be of that size."""
    numbers = decimals(value)
    least, most = _SPACINGS_MM
    if numbers is None or len(numbers) != 2 or not least <= min(numbers) <= max(numbers) <= most:
        return None
    return numbers[0], numbers[1]
