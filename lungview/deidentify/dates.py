"""DICOM dates moved by whole days (PS3.5 6.2: DA and DT)."""

import re
from datetime import date, timedelta

_DATE = re.compile(r"(\d{4})\.?(\d{2})\.?(\d{2})")


def shifted(value: str, by: timedelta) -> str:
    """A DA or DT value with its date moved and its time of day as it is; "" where there is no whole date in it."""
    match = _DATE.match(value.strip())
    if match is None:
        return ""
    try:
        moved = date(*map(int, match.groups())) + by
    except (ValueError, OverflowError):
        return ""
    rest = value.strip()[match.end() :]
    return f"{moved:%Y%m%d}".rjust(8, "0") + (rest if re.fullmatch(r"[\d.+\-]*", rest) else "")
