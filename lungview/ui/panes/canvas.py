"""The widget that paints a slice and what lies over it."""

from collections.abc import Sequence
from typing import Protocol

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QWidget

from lungview.domain.arrays import VoxelArray
from lungview.domain.box import Box
from lungview.domain.window import LUNG, Window
from lungview.ui import theme
from lungview.ui.panes.slice_image import SliceImage
from lungview.ui.panes.text import draw_message
from lungview.ui.panes.view import Framing, View


class Overlay(Protocol):
    """Something painted over a slice. It decides itself whether it is shown; hidden, it returns at once."""

    def paint(self, painter: QPainter, view: View) -> None:
        """Paint in pane coordinates."""
        ...


class SliceCanvas(QWidget):
    """Shows one 2D slice through a window, placed by a framing, with overlays in their order.

    It borrows the slice's memory and keeps no copy of voxels: only the part of the slice that is on screen is turned
    into grey, when it is painted. An own widget because pyqtgraph's image item misses the frame time at the 99th
    percentile, and a GL widget paints nothing on an offscreen platform.
    """

    view_changed = Signal()
    """Zoom, pan or size changed."""

    def __init__(self, parent: QWidget | None = None, overlays: Sequence[Overlay] = ()) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(64, 64)
        self.overlays: list[Overlay] = list(overlays)
        self._image = SliceImage()
        self._picture: tuple[QImage, Box] | None = None
        self._values: VoxelArray | None = None
        self._window, self._is_inverted = LUNG, False
        self._is_smooth = True
        self._message = ""
        self._framing = Framing(Box(0, 0, 1, 1))

    @property
    def values(self) -> VoxelArray | None:
        """The slice shown: (rows, columns) or (rows, columns, 3); None where there is none."""
        return self._values

    def show_values(self, values: VoxelArray | None, message: str = "") -> None:
        """Show another slice, or the message where there is none; zoom and pan stay."""
        self._values, self._message, self._picture = values, message, None
        self.update()

    @property
    def message(self) -> str:
        """What is written in place of a slice."""
        return self._message

    def set_window(self, window: Window, inverted: bool = False) -> None:
        """Show the values through this window."""
        if (window, inverted) != (self._window, self._is_inverted):
            self._window, self._is_inverted, self._picture = window, inverted, None
            self.update()

    def set_smooth(self, smooth: bool) -> None:
        """Interpolate between slice pixels, or show them as squares."""
        self._is_smooth = smooth
        self.update()

    @property
    def framing(self) -> Framing:
        """What part of the slice is shown."""
        return self._framing

    def set_framing(self, framing: Framing) -> None:
        """Show this part of the slice."""
        if framing != self._framing:
            self._framing = framing
            self.view_changed.emit()
            self.update()

    @property
    def view(self) -> View:
        """Where the slice falls in this widget now."""
        return self._framing.view(self.width(), self.height())

    def fit(self) -> None:
        """Fit the frame into the widget."""
        self.set_framing(self._framing.fitted())

    def zoom_by(self, factor: float, at: QPointF) -> None:
        """Zoom, keeping the slice point under the widget's point at where it is."""
        self.set_framing(self._framing.zoomed(factor, at, self.view))

    def pan_by(self, delta: QPointF) -> None:
        """Move the slice by a distance in px."""
        self.set_framing(self._framing.panned(delta, self.view))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the framing; only the view changes."""
        super().resizeEvent(event)
        self.view_changed.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint black, the slice, then the overlays."""
        view = self.view
        with QPainter(self) as painter:
            self._paint_around(painter, view, self._values)
            if self._values is not None:
                self._paint_slice(painter, view, self._values)
            for overlay in self.overlays:
                overlay.paint(painter, view)
            if self._message:
                draw_message(painter, QRectF(self.rect()), self._message)

    def _paint_around(self, painter: QPainter, view: View, values: VoxelArray | None) -> None:
        """Paint what the slice leaves free black; filling under the slice too would cost a tenth of the frame."""
        if values is None:
            painter.fillRect(view.rect, QColor(theme.DARK.image))
            return
        covered = view.box_rect(Box(0, 0, values.shape[1], values.shape[0])).adjusted(1, 1, -1, -1).toRect()
        painter.setClipRegion(QRegion(self.rect()) - QRegion(covered))
        painter.fillRect(view.rect, QColor(theme.DARK.image))
        painter.setClipping(False)

    def picture_of(self, values: VoxelArray, image: SliceImage) -> QImage:
        """Turn the part of the slice that is on screen into a picture, by an image whose buffer it may use."""
        return image.render(values, self._window, self._is_inverted)

    def forget_picture(self) -> None:
        """Turn the slice into a picture anew at the next paint."""
        self._picture = None
        self.update()

    def _paint_slice(self, painter: QPainter, view: View, values: VoxelArray) -> None:
        part = _whole_pixels(view.visible_part(), values.shape[0], values.shape[1])
        if part.area <= 0:
            return
        if self._picture is None or self._picture[1] != part:
            rows, columns = slice(int(part.ymin), int(part.ymax)), slice(int(part.xmin), int(part.xmax))
            self._picture = self.picture_of(values[rows, columns], self._image), part
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._is_smooth)
        painter.drawImage(view.box_rect(part), self._picture[0])


def _whole_pixels(part: Box, rows: int, columns: int) -> Box:
    """The slice pixels that a part touches, with one more on each side so that interpolation has its neighbours."""
    grown = Box(part.xmin // 1, part.ymin // 1, -(-part.xmax // 1), -(-part.ymax // 1)).grown(1)
    return grown.clipped(rows, columns)
