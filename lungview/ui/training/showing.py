"""From a lesion gained or lost to its slice in the viewer."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from lungview.domain.study import Stack
from lungview_training.config import SourceConfig, SourceKind

if TYPE_CHECKING:
    from lungview.reading.comparison import LesionRow
    from lungview.ui.main_window import MainWindow
    from lungview.ui.state import ViewerState
    from lungview_training.supervision.proof import Thumb


def show_lesion(
    window: "MainWindow", sources: Sequence[SourceConfig], thumb: "Thumb", on_shown: Callable[[], None] = lambda: None
) -> None:
    """Open the folder if need be, choose the series, go to the slice, and select the lesion once it is known.

    sources: what was learned from. on_shown: called once the slice is there.
    """
    source = next((each for each in sources if thumb.file.is_relative_to(each.path)), sources[0])
    if source.kind is SourceKind.IMAGES:
        window.centre.messages.tell("This lesion is of a picture folder, which the viewer does not open.")
        return
    if window.reading.path == source.path.resolve() or window.reading.path == source.path:
        _go(window, thumb, on_shown)
        return

    def then(_path: object) -> None:
        window.reading.opened.disconnect(then)
        _go(window, thumb, on_shown)

    window.reading.opened.connect(then)
    window.opening.open_path(source.path, source.annotations)


def _go(window: "MainWindow", thumb: "Thumb", on_shown: Callable[[], None]) -> None:
    stack = _stack_of(window, thumb)
    if stack is None:
        window.centre.messages.tell("The series of this lesion is not in the folder any more.")
        return
    window.reading.choose_stack(stack)
    window.state.go_to_slice(thumb.slice_index)
    _select(window.state, thumb)
    window.activateWindow()
    on_shown()


def _select(state: "ViewerState", thumb: "Thumb") -> None:
    """Select the lesion's row, now or as soon as rows are worked out, unless the reader has gone elsewhere by then."""

    def choose() -> None:
        row_id = row_of(state.rows, thumb)
        is_there = state.stack is not None and state.stack.key == thumb.stack and state.slice_index == thumb.slice_index
        if is_there and row_id is not None:
            state.select(row_id)
        if not is_there or row_id is not None:
            state.rows_changed.disconnect(choose)

    state.select(None)
    state.rows_changed.connect(choose)
    choose()


def row_of(rows: "Sequence[LesionRow]", thumb: "Thumb") -> str | None:
    """The row that the reader's box belongs to: of those with a box on that slice, the one that overlaps it most."""
    if thumb.box is None:
        return None
    boxes = {row.id: row.reader.boxes.get(thumb.slice_index) for row in rows if row.reader is not None}
    overlaps = {row_id: box.iou(thumb.box) for row_id, box in boxes.items() if box is not None}
    best = max(overlaps, key=lambda row_id: overlaps[row_id], default=None)
    return best if best is not None and overlaps[best] > 0 else None


def _stack_of(window: "MainWindow", thumb: "Thumb") -> Stack | None:
    case = window.state.case
    return next((each for each in case.scan.stacks if each.key == thumb.stack), None) if case is not None else None
