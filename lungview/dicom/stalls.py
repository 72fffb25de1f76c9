"""How long files are waited for that do not answer, as on a network drive that has gone."""

import os
from collections import Counter
from typing import Final

FIRST_S: Final = 20.0
"""A drive that sleeps takes some seconds to wake up."""
NEXT_S: Final = 5.0
LAST_S: Final = 0.5
_FEW: Final = 3
"""So many files in a row that do not answer, and a drive is taken to be gone."""


class Patience:
    """Patience with files: long for the first that does not answer, short once several in a row have not."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._by_folder: Counter[str] = Counter()

    @property
    def seconds(self) -> float:
        """How long the next file is waited for."""
        if self._in_a_row == 0:
            return FIRST_S
        return NEXT_S if self._in_a_row < _FEW else LAST_S

    def answered(self) -> None:
        """Note that a file could be read, or was refused."""
        self._in_a_row = 0

    def stalled(self, path: str) -> None:
        """Note that a file has not answered."""
        self._in_a_row += 1
        self._by_folder[os.path.dirname(path)] += 1  # noqa: PTH120 - no file is touched, and paths may be odd

    def is_given_up(self, path: str) -> bool:
        """Whether so many files of a file's folder have not answered that it is not tried."""
        return self._in_a_row >= _FEW and self._by_folder[os.path.dirname(path)] >= _FEW  # noqa: PTH120
