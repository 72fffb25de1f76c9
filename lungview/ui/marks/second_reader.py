"""Reading first, the model second: its findings are held back until the reader commits, and what changed is noted."""

import json
import logging
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject

from lungview.domain.finding import ReviewState
from lungview.files import append_line
from lungview.marks.mark import Marks
from lungview.ui.marks.editor import MarksEditor, now
from lungview.ui.marks.keeper import MarksKeeper
from lungview.ui.state import ViewerState

log = logging.getLogger(__name__)


class SecondReader(QObject):
    """Holds the model's findings back in every case that the reader has not committed yet.

    is_on: whether the reader has chosen this mode. log_file: gets a JSON line when a read is committed, and one with
    what came of the model's help when the case is left. Cases are named by their key, a hash.
    """

    def __init__(
        self,
        state: ViewerState,
        editor: MarksEditor,
        keeper: MarksKeeper,
        log_file: Path,
        is_on: Callable[[], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._state, self._editor, self._keeper = state, editor, keeper
        self._log_file, self._is_on = log_file, is_on
        self._begun_s = time.monotonic()
        self._before: Marks | None = None
        self._verdicts: dict[str, str] = {}
        self._key = self._left = ""
        self._unwritten: list[str] = []
        state.stack_about_to_change.connect(self._on_leaving)
        state.stack_changed.connect(self._on_stack_changed)
        keeper.record_changed.connect(self.follow)

    @property
    def is_waiting(self) -> bool:
        """Whether the model's findings are held back now."""
        return self._state.is_ai_withheld

    def follow(self) -> None:
        """Hold back or show, by mode and case."""
        if self._keeper.key != self._key:
            self._key, self._before, self._begun_s = self._keeper.key, None, time.monotonic()
            self._verdicts = {}
        self._state.withhold_ai(self._is_on() and bool(self._key) and not self._keeper.record.is_committed)

    def commit(self) -> None:
        """The reader is done without the model: note what was found, and show the model's findings."""
        if not self.is_waiting:
            return
        self._before = dict(self._editor.marks)
        self._note("committed", {"boxes": self._boxes(self._before), "slices_viewed": len(self._state.viewed)})
        self._keeper.commit()
        self.follow()

    def note_verdict(self, row_id: str, made: ReviewState) -> None:
        """Remember what the reader makes of a finding once the model is shown."""
        if self._before is not None:
            self._verdicts[row_id] = made.value

    def close(self) -> None:
        """Note what came of the model's help, where it was shown in this sitting."""
        before, after = self._before, self._editor.marks
        if before is None:
            return
        self._note(
            "ended",
            {
                "added": self._boxes({each: mark for each, mark in after.items() if each not in before}),
                "removed": self._boxes({each: mark for each, mark in before.items() if each not in after}),
                "changed": self._boxes(
                    {each: after[each] for each in before if after.get(each, before[each]) != before[each]}
                ),
                "accepted": sum(made == ReviewState.ACCEPTED for made in self._verdicts.values()),
                "dismissed": sum(made == ReviewState.DISMISSED for made in self._verdicts.values()),
            },
        )
        self._before = None

    def _on_leaving(self) -> None:
        """Note what came of it now: which stack comes next is known only after."""
        self._left = self._key if self._before is not None else ""
        self.close()

    def _on_stack_changed(self) -> None:
        """Another stack of the same study goes on with the same reading."""
        if self._left and self._keeper.key == self._left:
            self._before, self._verdicts = dict(self._editor.marks), {}
        self._left = ""

    def _boxes(self, marks: Marks) -> list[dict[str, object]]:
        """Boxes by slice number of the stack shown, counted from 1; 0 on other stacks of the study."""
        numbers = {place: number for number, place in enumerate(self._editor.places, start=1)}
        return [
            {
                "lesion": mark.lesion,
                "slice": numbers.get(mark.place, 0),
                "box": list(mark.box.as_tuple()),
                "label": mark.label,
                "origin": mark.origin.kind.value,
            }
            for mark in sorted(marks.values(), key=lambda mark: (numbers.get(mark.place, 0), mark.id))
        ]

    def _note(self, event: str, facts: dict[str, object]) -> None:
        model = self._state.model
        line = {
            "version": 1,
            "time": now(),
            "event": event,
            "case": self._key,
            "reader": self._editor.author,
            "model": model.weights_sha256[:16] if model is not None else "",
            "seconds": round(time.monotonic() - self._begun_s, 1),
            **facts,
        }
        self._unwritten.append(json.dumps(line))
        try:
            while self._unwritten:
                append_line(self._log_file, self._unwritten[0])
                del self._unwritten[0]
        except OSError as error:  # tried again with the next line
            log.warning("the reading log was not written: %s", error.strerror or type(error).__name__)
