"""Drawing and dragging boxes with the mouse over a slice."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent

from lungview.domain.box import Box
from lungview.domain.finding import Source
from lungview.marks.mark import Mark
from lungview.ui.marks.editor import MarksEditor
from lungview.ui.marks.handles import CURSORS, Grip, HandlesOverlay, between, dragged, grip_at
from lungview.ui.panes.canvas import SliceCanvas
from lungview.ui.panes.marks import BoxMark
from lungview.ui.panes.mouse import CLICK_REACH

_LEFT = Qt.MouseButton.LeftButton


@dataclass(slots=True)
class _Hold:
    """The left button held down. mark: the one taken hold of, None where a new box is drawn."""

    start: QPointF
    mark: Mark | None
    grip: Grip | None
    box: Box | None = None


class BoxTool:
    """Takes the left button where it draws a box or takes hold of the selected one; leaves all else to the pane."""

    def __init__(self, canvas: SliceCanvas, editor: MarksEditor) -> None:
        self._canvas, self._editor = canvas, editor
        self._hold: _Hold | None = None
        self.overlay = HandlesOverlay(self._shown, lambda: self._hold is not None and self._hold.box is not None)
        editor.selection_changed.connect(self._on_changed)
        editor.changed.connect(canvas.update)
        editor.tool_changed.connect(lambda _on: self._on_changed())

    def press(self, event: QMouseEvent) -> bool:
        """Begin; whether the press is the tool's."""
        if event.button() != _LEFT or self._canvas.values is None or not self._editor.is_enabled:
            return False
        mark, grip = self._under(event.position())
        if mark is None and not self._editor.is_drawing:
            return False
        if mark is not None:
            self._editor.select(mark.id)
        self._hold = _Hold(event.position(), mark, grip)
        return True

    def move(self, event: QMouseEvent) -> bool:
        """Draw or drag; whether the movement is the tool's."""
        hold = self._hold
        if hold is None:
            self._show_cursor(event.position())
            return False
        if hold.box is not None or (event.position() - hold.start).manhattanLength() > CLICK_REACH:
            hold.box = self._box(hold, event.position())
            self._canvas.update()
        return True

    def release(self, event: QMouseEvent) -> bool:
        """End; whether the release is the tool's."""
        hold = self._hold
        if hold is None or event.button() != _LEFT:
            return hold is not None
        self._hold = None
        if hold.box is None:
            if hold.mark is None:
                self._editor.select(None)
        elif hold.mark is None:
            self._editor.add(hold.box)
        else:
            self._editor.set_box(hold.mark, hold.box)
        self._on_changed()
        return True

    def cancel(self) -> bool:
        """Let go of what is being drawn or dragged, and leave it as it was; whether there was anything."""
        was_holding = self._hold is not None
        if was_holding:
            self._hold = None
            self._canvas.update()
        return was_holding

    def without_dragged(self, marks: tuple[BoxMark, ...]) -> tuple[BoxMark, ...]:
        """The marks of the slice but the one under way, which is drawn where it is now."""
        hold = self._hold
        if hold is None or hold.mark is None or hold.box is None:
            return marks
        return tuple(mark for mark in marks if not (mark.source is Source.READER and mark.box == hold.mark.box))

    def _under(self, at: QPointF) -> tuple[Mark | None, Grip | None]:
        """The mark that a press takes hold of: the selected one, or with the tool any."""
        view, selected = self._canvas.view, self._editor.selected
        if selected is not None and (grip := grip_at(view.box_rect(selected.box), at)) is not None:
            return selected, grip
        if not self._editor.is_drawing:
            return None, None
        mark = self._editor.mark_at(*view.to_slice(at))
        return mark, Grip.INSIDE if mark is not None else None

    def _box(self, hold: _Hold, at: QPointF) -> Box:
        assert self._canvas.values is not None
        rows, columns = self._canvas.values.shape[:2]
        (x, y), (to_x, to_y) = self._canvas.view.to_slice(hold.start), self._canvas.view.to_slice(at)
        if hold.mark is not None and hold.grip is not None:
            return dragged(hold.mark.box, hold.grip, to_x - x, to_y - y, rows, columns)
        return between(x, y, to_x, to_y, rows, columns)

    def _shown(self) -> Box | None:
        """The box that has handles now."""
        if self._hold is not None and self._hold.box is not None:
            return self._hold.box
        selected = self._editor.selected
        return selected.box if selected is not None else None

    def _show_cursor(self, at: QPointF) -> None:
        _mark, grip = self._under(at)
        if grip is not None:
            self._canvas.setCursor(CURSORS[grip])
        elif self._editor.is_drawing:
            self._canvas.setCursor(Qt.CursorShape.CrossCursor)
        else:
            self._canvas.unsetCursor()

    def _on_changed(self) -> None:
        self._show_cursor(QPointF(self._canvas.mapFromGlobal(self._canvas.cursor().pos())))
        self._canvas.update()
