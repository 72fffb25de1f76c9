"""Taking hold of one of the reader's boxes selects its finding, so that zoom and verdicts are about it."""

from PySide6.QtCore import QObject

from lungview.ui.marks.editor import MarksEditor
from lungview.ui.state import ViewerState


class FindingFollowsBox(QObject):
    """Once for each lesion taken hold of: the reader may choose another finding while the box stays selected."""

    def __init__(self, state: ViewerState, editor: MarksEditor, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._editor = state, editor
        self._lesion = ""
        editor.selection_changed.connect(self._follow)
        state.rows_changed.connect(self._follow)  # of a new box the finding is worked out a moment later

    def _follow(self) -> None:
        mark = self._editor.selected
        if mark is None or mark.lesion == self._lesion:
            self._lesion = "" if mark is None else self._lesion
            return
        index = self._state.slice_index
        rows = (row for row in self._state.rows if row.reader is not None and row.reader.boxes.get(index) == mark.box)
        row = next(rows, None)
        if row is not None:
            self._lesion = mark.lesion
            self._state.select(row.id)
