"""Curves of a run, drawn by pyqtgraph, which has no types and is touched here alone."""

from collections.abc import Sequence

import pyqtgraph
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lungview.ui import theme
from lungview.ui.theme import Size


class Plot(QWidget):
    """Some curves over one axis; nothing on it can be dragged or clicked away."""

    def __init__(self, title: str, names: Sequence[tuple[str, str]], *, across: str = "") -> None:
        """names: (name, colour) of each curve."""
        super().__init__()
        colours = theme.current_palette()
        self._plot = pyqtgraph.PlotWidget(background=colours.panel)
        self._plot.setMenuEnabled(False)
        self._plot.setMouseEnabled(False, False)
        self._plot.hideButtons()
        self._title, self._names = title, tuple(names)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(colours.line)
            axis.setTextPen(colours.secondary_text)
            axis.enableAutoSIPrefix(False)
        self._plot.getAxis("left").setWidth(44)
        if across:
            self._plot.setLabel("bottom", across, color=colours.secondary_text)
        self._plot.showGrid(x=False, y=True, alpha=0.15)
        self._curves = [
            self._plot.plot(pen=pyqtgraph.mkPen(colour, width=2, style=style))
            for (_name, colour), style in zip(names, _styles(len(names)), strict=True)
        ]
        self.drawn: list[int] = [0] * len(names)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._plot)
        self._name_curves()

    def draw(self, number: int, across: Sequence[float], up: Sequence[float]) -> None:
        """Draw a curve anew; a single point is shown as a dot."""
        symbol = "o" if len(across) < 2 else None
        self._curves[number].setData(list(across), list(up), symbol=symbol, symbolSize=6)
        is_new = bool(across) != bool(self.drawn[number])
        self.drawn[number] = len(across)
        if is_new:
            self._name_curves()

    def _name_curves(self) -> None:
        """The title names the curves drawn in their colours: a legend inside would hide them."""
        shown = [each for each, count in zip(self._names, self.drawn, strict=True) if count and len(self._names) > 1]
        named = " · ".join(f'<span style="color:{colour}">{name}</span>' for name, colour in shown)
        colour, size = theme.current_palette().secondary_text, f"{Size.SMALL_FONT}px"
        self._plot.setTitle(f"{self._title}: {named}" if named else self._title, color=colour, size=size)

    def span(self, across: tuple[float, float], up: tuple[float, float] | None = None) -> None:
        """Fix what is shown."""
        if across[1] > across[0]:
            self._plot.setXRange(*across, padding=0.02)
        if up is not None:
            self._plot.setYRange(*up, padding=0.03)


def _styles(count: int) -> list[Qt.PenStyle]:
    """Curves differ by line as well as by hue."""
    return [Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine][:count]
