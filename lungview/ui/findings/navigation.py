"""Going from finding to finding, and saying what is made of each."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lungview.domain.finding import ReviewState
from lungview.ui.state import ViewerState

if TYPE_CHECKING:
    from lungview.reading.comparison import LesionRow


class FindingNavigator(QObject):
    """Selects lesion rows, jumps to their slice, and records the reader's verdicts."""

    def __init__(self, state: ViewerState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.record: Callable[[LesionRow, ReviewState], None] = lambda row, made: state.review(row.id, made)
        """What takes a verdict down."""

    def jump_to(self, row_id: str) -> None:
        """Select a row and look at its slice."""
        self._state.select(row_id)
        row = self._state.selected_row
        if row is not None:
            self._state.go_to_slice(row.key_slice)

    def step(self, count: int) -> None:
        """Go to the next (1) or previous (-1) row; held to the list's ends."""
        rows = self._state.rows
        if not rows:
            return
        place = self._place()
        wanted = (0 if count > 0 else len(rows) - 1) if place is None else place + count
        self.jump_to(rows[min(max(wanted, 0), len(rows) - 1)].id)

    def accept(self) -> None:
        """Accept the selected row and go on."""
        self._judge(ReviewState.ACCEPTED)

    def dismiss(self) -> None:
        """Dismiss the selected row and go on."""
        self._judge(ReviewState.DISMISSED)

    def reopen(self) -> None:
        """Take the verdict on the selected row back; stay there."""
        row = self._state.selected_row
        if row is not None:
            self.record(row, ReviewState.OPEN)

    def _judge(self, made: ReviewState) -> None:
        row = self._state.selected_row
        if row is None:
            self.step(1)  # nothing was selected, so nothing was seen: show the first instead
            return
        self.record(row, made)
        self._go_on()

    def _go_on(self) -> None:
        """To the next row without a verdict, from the top again after the last; stay where none is left."""
        rows, place = self._state.rows, self._place()
        if place is None:
            return
        for row in (*rows[place + 1 :], *rows[:place]):
            if self._state.reviews.get(row.id, ReviewState.OPEN) is ReviewState.OPEN:
                self.jump_to(row.id)
                return

    def _place(self) -> int | None:
        ids = [row.id for row in self._state.rows]
        return ids.index(self._state.selected_id) if self._state.selected_id in ids else None
