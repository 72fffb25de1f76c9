"""Curves of a run, drawn by pyqtgraph, which has no types and is touched here alone.

Importing pyqtgraph takes half a second, making one of its plots two frames: the first is a job, and the plots are made
one at a time, each once it can be seen, so that the window goes on answering.
"""

import time
from collections.abc import Sequence
from typing import ClassVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lungview.task import Task
from lungview.ui import theme
from lungview.ui.heap import collector_paused
from lungview.ui.theme import Size

_LOOK_MS = 15
_BETWEEN_S = 0.04
"""From one plot made to the next."""

Points = tuple[list[float], list[float]]
"""Where along the axis, and how high."""


class Plot(QWidget):
    """Some curves over one axis; nothing on it can be dragged or clicked away. Blank until load_library has run."""

    _made_s: ClassVar[float] = 0.0
    is_library_loaded: ClassVar[bool] = False

    def __init__(self, title: str, names: Sequence[tuple[str, str]], *, across: str = "") -> None:
        """names: (name, colour) of each curve."""
        super().__init__()
        self._title, self._names, self._across = title, tuple(names), across
        self._points: list[Points] = [([], []) for _ in names]
        self._spans: tuple[tuple[float, float], tuple[float, float] | None] | None = None
        self._graph: _Graph | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._make)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)

    @property
    def drawn(self) -> list[int]:
        """How many points each curve has."""
        return [len(across) for across, _ in self._points]

    def draw(self, number: int, across: Sequence[float], up: Sequence[float]) -> None:
        """Draw a curve anew; a single point is shown as a dot."""
        points = list(across), list(up)
        if points == self._points[number]:
            return
        is_new = bool(across) != bool(self._points[number][0])
        self._points[number] = points
        if self._graph is not None:
            self._graph.draw(number, points)
            if is_new:
                self._graph.name_curves(self.drawn)

    def span(self, across: tuple[float, float], up: tuple[float, float] | None = None) -> None:
        """Fix what is shown."""
        if (across, up) != self._spans and across[1] > across[0]:
            self._spans = across, up
            if self._graph is not None:
                self._graph.span(across, up)

    def showEvent(self, event: QShowEvent) -> None:
        """Make the plot, when its turn comes."""
        super().showEvent(event)
        if self._graph is None and not self._timer.isActive():
            self._timer.start()

    def _make(self) -> None:
        if not self.is_library_loaded or time.monotonic() - Plot._made_s < _BETWEEN_S:
            self._timer.start()
            return
        graph = self._graph = _Graph(self, self._title, self._names, self._across)
        for number, points in enumerate(self._points):
            graph.draw(number, points)
        graph.name_curves(self.drawn)
        if self._spans is not None:
            graph.span(*self._spans)
        Plot._made_s = time.monotonic()


def load_library(_task: Task) -> None:
    """Import pyqtgraph; for a job."""
    with collector_paused():
        import pyqtgraph  # noqa: F401
    Plot.is_library_loaded = True


class _Graph:
    """What pyqtgraph draws inside a plot."""

    def __init__(self, place: QWidget, title: str, names: Sequence[tuple[str, str]], across: str) -> None:
        import pyqtgraph

        colours = theme.current_palette()
        self._title, self._names = title, tuple(names)
        self._plot = pyqtgraph.PlotWidget(background=colours.panel)
        self._plot.setMenuEnabled(False)
        self._plot.setMouseEnabled(False, False)
        self._plot.hideButtons()
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(colours.line)
            axis.setTextPen(colours.secondary_text)
            axis.enableAutoSIPrefix(False)
        self._plot.getAxis("left").setWidth(56)
        if across:
            self._plot.setLabel("bottom", across, color=colours.secondary_text)
        self._plot.showGrid(x=False, y=True, alpha=0.15)
        self._curves = [
            self._plot.plot(pen=pyqtgraph.mkPen(colour, width=2, style=style))
            for (_name, colour), style in zip(names, _styles(len(names)), strict=True)
        ]
        layout = place.layout()
        assert layout is not None
        layout.addWidget(self._plot)

    def draw(self, number: int, points: Points) -> None:
        """Draw a curve anew."""
        across, up = points
        self._curves[number].setData(across, up, symbol="o" if len(across) < 2 else None, symbolSize=6)

    def name_curves(self, drawn: Sequence[int]) -> None:
        """The title names the curves drawn in their colours: a legend inside would hide them."""
        shown = [each for each, count in zip(self._names, drawn, strict=True) if count and len(self._names) > 1]
        named = " · ".join(f'<span style="color:{colour}">{name}</span>' for name, colour in shown)
        colour, size = theme.current_palette().secondary_text, f"{Size.SMALL_FONT}px"
        self._plot.setTitle(f"{self._title}: {named}" if named else self._title, color=colour, size=size)

    def span(self, across: tuple[float, float], up: tuple[float, float] | None) -> None:
        """Fix what is shown."""
        self._plot.setXRange(*across, padding=0.02)
        if up is not None:
            self._plot.setYRange(*up, padding=0.03)


def _styles(count: int) -> list[Qt.PenStyle]:
    """Curves differ by line as well as by hue."""
    return [Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine][:count]
