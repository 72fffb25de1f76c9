"""What names a weights file, whatever it is called; knows no torch."""

import hashlib
from pathlib import Path

from lungview.errors import WeightsError


def sha256_of(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WeightsError(f"{path.name} cannot be read: {error.strerror or error}.") from error
