"""The slider under the pane: where in the stack the slice is, and where the boxes are."""

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lungview.ui import theme
from lungview.ui.display_state import DisplayState
from lungview.ui.state import ViewerState
from lungview.ui.theme import Mark, Size, Space

_HEIGHT = 40
_ENDS = 10
"""Free px at both ends, so that the handle is whole on the first and last slice."""
_TICK_TOP, _TICK_HEIGHT, _TICK_GAP = 6, 8, 3
_TRACK_HEIGHT = 4
_REDRAW_MS = 150


class SliceSlider(QWidget):
    """Ticks of readers' boxes above those of the model, a track that fills where slices were viewed, and a handle.

    Click or drag jumps; the wheel steps as over the slice.
    """

    def __init__(self, state: ViewerState, display: DisplayState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state, self.display = state, display
        self._ticks: QPixmap | None = None
        self._width_of_number = 0
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName("Slices")
        self._redraw = QTimer(self)
        self._redraw.setSingleShot(True)
        self._redraw.setInterval(_REDRAW_MS)
        self._redraw.timeout.connect(self._drop_ticks)
        state.slice_changed.connect(lambda _index: self.update())
        for changed in (state.stack_changed, state.findings_changed):
            changed.connect(self._drop_ticks)
        for changed in (
            state.detections_changed, state.viewed_changed, display.score_threshold_changed,
            display.ai_shown_changed, display.reader_shown_changed,
        ):  # fmt: skip
            changed.connect(self._redraw_soon)

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(400, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Room for the ticks and the number."""
        return QSize(200, _HEIGHT)

    def redraw(self) -> None:
        """Draw the ticks anew, in the colours in use."""
        self._drop_ticks()

    def slice_at(self, x: float) -> int:
        """The slice under a place across the widget."""
        track = self._track()
        share = (x - track.left()) / max(track.width(), 1.0)
        return min(max(round(share * (self._count() - 1)), 0), max(self._count() - 1, 0))

    def place_of(self, index: int) -> float:
        """Where across the widget a slice stands."""
        track = self._track()
        return track.left() + track.width() * index / max(self._count() - 1, 1)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Ticks from the cache, then the handle and the number."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.current_palette().panel))
        if self._state.stack is None:
            return
        if self._ticks is None:
            self._ticks = self._draw_ticks()
        painter.drawPixmap(0, 0, self._ticks)
        self._paint_handle(painter)
        self._paint_number(painter)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the ticks out anew."""
        super().resizeEvent(event)
        self._drop_ticks()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Jump."""
        self._follow(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag."""
        self._follow(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step as over the slice."""
        step = 5 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        turned = event.angleDelta().y() or event.angleDelta().x()
        self._state.step_slice(-step if turned > 0 else step)

    def event(self, event: object) -> bool:
        """Say what stands under the cursor."""
        if isinstance(event, QHelpEvent) and self._state.stack is not None:
            QToolTip.showText(event.globalPos(), self._describe(self.slice_at(event.pos().x())), self)
            return True
        return super().event(event)  # type: ignore[arg-type]  # any QEvent

    def _follow(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton and self._state.stack is not None:
            self._state.go_to_slice(self.slice_at(event.position().x()))

    def _describe(self, index: int) -> str:
        readers = len(self._state.reader_boxes(index))
        marks = len(self._state.detections_on(index, self.display.score_threshold))
        parts = [f"Slice {index + 1}"]
        parts += [f"{readers} reader {'box' if readers == 1 else 'boxes'}"] if readers else []
        parts += [f"{marks} AI {'box' if marks == 1 else 'boxes'}"] if marks else []
        parts += [] if index in self._state.viewed else ["not viewed"]
        return ", ".join(parts)

    def _count(self) -> int:
        return self._state.stack.slice_count if self._state.stack is not None else 0

    def _track(self) -> QRectF:
        """The track's place; a number of up to nine characters stands at its right."""
        return QRectF(_ENDS, _HEIGHT - 14, max(self.width() - 2 * _ENDS - self._number_width(), 1), _TRACK_HEIGHT)

    def _number_width(self) -> int:
        if not self._width_of_number:
            self._width_of_number = QFontMetrics(theme.font(Size.SMALL_FONT)).horizontalAdvance("0000 / 0000")
        return self._width_of_number + Space.INSIDE

    def _redraw_soon(self, *_: object) -> None:
        if not self._redraw.isActive():
            self._redraw.start()

    def _drop_ticks(self) -> None:
        self._ticks = None
        self.update()

    def _draw_ticks(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        made = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        made.setDevicePixelRatio(ratio)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        self._paint_track(painter)
        threshold = self.display.score_threshold
        if self.display.shows_reader:
            self._paint_ticks(painter, [i for i, found in self._state.findings.items() if found], Mark.READER, 0)
        if self.display.shows_ai:
            marked = [i for i in self._state.detections if self._state.detections_on(i, threshold)]
            self._paint_ticks(painter, marked, Mark.AI, _TICK_HEIGHT + 1)
        painter.end()
        return made

    def _paint_track(self, painter: QPainter) -> None:
        colours, track = theme.current_palette(), self._track()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.line))
        painter.drawRoundedRect(track, 2, 2)
        painter.setBrush(theme.mixed(colours.text, colours.panel, 0.45))
        half = max(track.width() / max(self._count() - 1, 1) / 2, 0.5) if self._count() > 1 else track.width()
        for first, last in _runs(self._state.viewed):
            left = max(self.place_of(first) - half, track.left())
            right = min(self.place_of(last) + half, track.right())
            painter.drawRect(QRectF(left, track.top(), right - left, _TRACK_HEIGHT))

    def _paint_ticks(self, painter: QPainter, indices: list[int], colour: str, top: int) -> None:
        track, count = self._track(), self._count()
        width = min(max(track.width() / max(count, 1) - 1, 2.0), 6.0)
        left, step = track.left() - width / 2, track.width() / max(count - 1, 1)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        painter.drawRects([QRectF(left + step * index, _TICK_TOP - 2 + top, width, _TICK_HEIGHT) for index in indices])

    def _paint_handle(self, painter: QPainter) -> None:
        colours = theme.current_palette()
        middle = QPointF(self.place_of(self._state.slice_index), self._track().center().y())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(colours.panel))
        painter.setBrush(QColor(colours.text))
        painter.drawEllipse(middle, 7, 7)

    def _paint_number(self, painter: QPainter) -> None:
        painter.setFont(theme.font(Size.SMALL_FONT))
        painter.setPen(QColor(theme.current_palette().secondary_text))
        width = self._number_width()
        place = QRect(self.width() - width - Space.INSIDE, self.height() - 24, width, 24)
        text = f"{self._state.slice_index + 1} / {self._count()}"
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)


def _runs(indices: frozenset[int]) -> list[tuple[int, int]]:
    """First and last of each run of neighbouring indices."""
    runs: list[tuple[int, int]] = []
    for index in sorted(indices):
        if runs and index == runs[-1][1] + 1:
            runs[-1] = runs[-1][0], index
        else:
            runs.append((index, index))
    return runs
