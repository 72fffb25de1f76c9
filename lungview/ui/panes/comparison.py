"""The study's five figures, live: the slice, both boxes, the zoom and the outline, and how well the boxes agree."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHeaderView, QLabel, QTableView, QVBoxLayout, QWidget

from lungview.domain.finding import Source
from lungview.reading.comparison import SliceComparison
from lungview.ui import theme
from lungview.ui.display_state import DisplayState
from lungview.ui.jobs import JobRunner
from lungview.ui.panes.figure import Figure
from lungview.ui.panes.focus import Focus
from lungview.ui.panes.mark_overlay import MarkOverlay
from lungview.ui.panes.marks import BoxMark
from lungview.ui.panes.note import NoteOverlay
from lungview.ui.panes.outline import OutlinePane
from lungview.ui.panes.pairs_model import Column, PairsModel
from lungview.ui.panes.slice_pane import SlicePane
from lungview.ui.panes.zoom import ZoomPane
from lungview.ui.state import ViewerState
from lungview.ui.theme import Size, Space

_CELLS = 6
"""Five figures and the table."""
_GAP = 2


class BoxesPane(SlicePane):
    """The current slice with the boxes of one source only, or of none."""

    def __init__(
        self,
        state: ViewerState,
        display: DisplayState,
        focus: Focus,
        source: Source | None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(state, display, focus.marks, parent)
        self._source = source
        self.overlays = [MarkOverlay(self._marks_of_source), NoteOverlay(self.note)]

    def note(self) -> str:
        """Why no box is drawn, "" where there is one or none is meant to be."""
        if self._source is None or self.values is None or self._marks_of_source():
            return ""
        if self._source is Source.READER:
            return "No reader's box on this slice" if self.display.shows_reader else "Reader marks are hidden"
        if not self.display.shows_ai:
            return "AI marks are hidden"
        has_answer = self.state.slice_index in self.state.detections
        return "No predicted box at this threshold" if has_answer else "The model has not answered for this slice yet"

    def _marks_of_source(self) -> tuple[BoxMark, ...]:
        return self.marks.current.of(self._source) if self._source is not None else ()


class ComparisonView(QWidget):
    """Five titled figures and a table of box pairs in a grid that fits its size; all share slice and window."""

    def __init__(
        self,
        state: ViewerState,
        display: DisplayState,
        focus: Focus,
        parent: QWidget | None = None,
        *,
        runner: JobRunner | None = None,
    ) -> None:
        super().__init__(parent)
        self._focus = focus
        whole = [BoxesPane(state, display, focus, source) for source in (None, Source.READER, Source.AI)]
        _link(whole)
        zoom = ZoomPane(state, display, focus)
        outline = OutlinePane(state, display, focus, runner=runner)
        self._zoom, self._outline = Figure("", zoom), Figure("", outline)
        self.figures: tuple[Figure, ...] = (
            Figure("Slice", whole[0]),
            Figure("Reader's box", whole[1]),
            Figure("Predicted box", whole[2]),
            self._zoom,
            self._outline,
        )
        self.table = PairsTable(focus)
        self._maximised: Figure | None = None
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(_GAP)
        self._columns = 0
        for figure, pane in zip(self.figures, (*whole, zoom, outline), strict=True):
            pane.maximise_requested.connect(lambda figure=figure: self._maximise(figure))
        focus.changed.connect(self._name_figures)
        self._name_figures()
        self._lay_out(3)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stand in as many columns as there is room for."""
        super().resizeEvent(event)
        self._lay_out(columns_for(self.width(), self.height()))

    def _lay_out(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        cells = [*self.figures, self.table]
        rows = -(-len(cells) // columns)
        for place, cell in enumerate(cells):
            self._grid.addWidget(cell, place // columns, place % columns)
        for column in range(len(cells)):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
            self._grid.setRowStretch(column, 1 if column < rows else 0)

    def _maximise(self, figure: Figure) -> None:
        """Show one figure alone, or all again."""
        self._maximised = None if self._maximised is figure else figure
        for each in (*self.figures, self.table):
            each.setVisible(self._maximised in {None, each})

    def _name_figures(self) -> None:
        target = self._focus.target
        whose = "reader's" if target is not None and target.source is Source.READER else "predicted"
        self._zoom.set_title(f"Zoom into the {whose} box")
        self._outline.set_title("Sobel outline of the zoom")


class PairsTable(QWidget):
    """The table of box pairs on the slice, and the slice's IoU in words."""

    def __init__(self, focus: Focus, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._focus = focus
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.model = PairsModel(focus.marks, self)
        self.caption = QLabel()
        self.caption.setProperty("role", "heading")
        self.caption.setWordWrap(True)
        self.caption.setContentsMargins(Space.BETWEEN, Space.INSIDE, Space.BETWEEN, Space.INSIDE)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(Figure("Boxes on this slice", self._body()), 1)
        focus.marks.changed.connect(self._on_marks_changed)
        self._on_marks_changed()

    def _body(self) -> QWidget:
        """The caption over the table, its corners in px."""
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.caption)
        column.addWidget(self._view(), 1)
        return body

    def _view(self) -> QTableView:
        view = QTableView()
        view.setModel(self.model)
        view.setSelectionMode(QTableView.SelectionMode.NoSelection)
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        view.setShowGrid(False)
        view.setFont(theme.font(theme.Size.SMALL_FONT))
        view.verticalHeader().hide()
        view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header = view.horizontalHeader()
        for number in Column:
            is_box = number in {Column.READER, Column.PREDICTED}
            mode = QHeaderView.ResizeMode.Stretch if is_box else QHeaderView.ResizeMode.ResizeToContents
            header.setSectionResizeMode(number, mode)
        return view

    def _on_marks_changed(self) -> None:
        self.caption.setText(describe(self._focus.marks.current.comparison))


def describe(compared: SliceComparison) -> str:
    """Say how the boxes of a slice agree."""
    overlap = compared.iou
    if overlap is None and compared.pairs:
        return "The reader accepted the model's box as it is; there is nothing to compare."
    if overlap is None:
        return "The model marks what no reader boxed here." if compared.extra else "No boxes on this slice."
    if not compared.pairs:
        return "IoU 0.00: no predicted box overlaps the reader's."
    missed = len(compared.missed)
    rest = f" over {len(compared.pairs) + missed} reader's boxes, {missed} of them missed" if missed else ""
    return f"IoU {overlap:.2f}{rest}"


def columns_for(width: int, height: int) -> int:
    """How many of the six cells stand side by side, so that the squares of the slices come out largest."""

    def side(columns: int) -> float:
        return min(width / columns, height / -(-_CELLS // columns) - Size.TITLE_ROW)

    return max((3, 2, 1), key=side)


def _link(panes: Sequence[SlicePane]) -> None:
    """Let panes zoom and move together."""
    for pane in panes:
        for other in panes:
            if other is not pane:
                pane.view_changed.connect(lambda pane=pane, other=other: other.set_framing(pane.framing))
