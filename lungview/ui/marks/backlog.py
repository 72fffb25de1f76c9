"""Cases that were left while the disk refused their marks: tried again until they are saved."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer

from lungview.errors import LungViewError
from lungview.marks.mark import Marks
from lungview.marks.record import CaseRecord

RETRY_MS = 5000


@dataclass(slots=True)
class OpenCase:
    """A case whose marks are shown, or were. base: the record as it was last known to be on disk. written: marks that
    the annotation files tell. sizes: (rows, columns) by image."""

    key: str
    base: CaseRecord
    record: CaseRecord
    written: Marks
    sizes: dict[str, tuple[int, int]]


class Backlog(QObject):
    """Records by key. write: keeps one, raising LungViewError; on_failed: told of each attempt that fails."""

    def __init__(
        self,
        write: Callable[[OpenCase, CaseRecord], CaseRecord],
        on_failed: Callable[[Exception], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._write, self._on_failed = write, on_failed
        self._cases: dict[str, tuple[OpenCase, CaseRecord]] = {}
        self._timer = QTimer(self)
        self._timer.setInterval(RETRY_MS)
        self._timer.timeout.connect(self.save)

    def __bool__(self) -> bool:
        return bool(self._cases)

    def put(self, opened: OpenCase, mine: CaseRecord) -> None:
        """Let a case wait for a disk that takes it."""
        self._cases[opened.key] = opened, mine
        self._timer.start()

    def take(self, key: str) -> tuple[CaseRecord, CaseRecord] | None:
        """What a case's record was made from, and the record, where it waits; it does no more."""
        opened, mine = self._cases.pop(key, (None, CaseRecord()))
        return None if opened is None else (opened.base, mine)

    def save(self) -> None:
        """Save what waits; what the disk still refuses is tried again soon."""
        for key, (opened, mine) in list(self._cases.items()):
            try:
                opened.base = self._write(opened, mine)
                del self._cases[key]
            except LungViewError as error:
                self._on_failed(error)
        if not self._cases:
            self._timer.stop()
