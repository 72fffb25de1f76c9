"""The score threshold: a slider, the model's named stops, and what validation lets expect."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSlider, QVBoxLayout, QWidget

from lungview.domain.detection import ModelInfo, OperatingPoint
from lungview.ui import theme
from lungview.ui.display_state import DisplayState
from lungview.ui.expected_marks import expected_at, in_words
from lungview.ui.state import ViewerState
from lungview.ui.theme import Space

_STEPS = 1000
_HANDLE = 12


class ThresholdBar(QWidget):
    """Moves the display's score threshold; marks and findings follow live."""

    def __init__(self, state: ViewerState, display: DisplayState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state, self._display = state, display
        self._value = QLabel()
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setRange(0, _STEPS)
        self._slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._slider.setAccessibleName("Score threshold")
        self._scale = _Scale()
        self._stops = QHBoxLayout()
        self._stops.setSpacing(Space.TIGHT)
        self._buttons: list[tuple[QPushButton, OperatingPoint]] = []
        self._told = QLabel()
        self._told.setProperty("role", "small")
        self._told.setWordWrap(True)
        self._lay_out()
        self._slider.valueChanged.connect(lambda value: display.set_score_threshold(value / _STEPS))
        display.score_threshold_changed.connect(lambda _threshold: self._show_threshold())
        state.model_changed.connect(self._show_model)
        self._show_model()

    def _lay_out(self) -> None:
        title = QLabel("Score threshold")
        title.setProperty("role", "title")
        top = QHBoxLayout()
        top.addWidget(title)
        top.addStretch()
        top.addWidget(self._value)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.BETWEEN, Space.INSIDE, Space.BETWEEN, Space.INSIDE)
        column.setSpacing(Space.TIGHT)
        column.addLayout(top)
        column.addWidget(self._slider)
        column.addWidget(self._scale)
        column.addLayout(self._stops)
        column.addWidget(self._told)

    def _show_model(self) -> None:
        model = self._state.model
        for button, _point in self._buttons:
            self._stops.removeWidget(button)
            button.deleteLater()
        points = tuple(sorted(model.operating_points, key=lambda p: p.score_threshold)) if model else ()
        self._buttons = [(self._stop_button(point), point) for point in points]
        for button, _point in self._buttons:
            self._stops.addWidget(button)
        self._scale.set_stops(tuple(point.score_threshold for point in points))
        self._slider.setEnabled(model is not None and model.has_score)
        self._show_threshold()

    def _stop_button(self, point: OperatingPoint) -> QPushButton:
        button = QPushButton(f"{point.name.capitalize()}\n{_figures(point)}")
        button.setProperty("role", "stop")
        button.setCheckable(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setToolTip(f"Score threshold {point.score_threshold:.2f}; what validation found there")
        button.clicked.connect(lambda: self._choose(point))
        return button

    def _choose(self, point: OperatingPoint) -> None:
        self._display.set_score_threshold(point.score_threshold)
        self._show_threshold()

    def _show_threshold(self) -> None:
        threshold, model = self._display.score_threshold, self._state.model
        self._slider.blockSignals(True)  # the slider's steps must not round the threshold of a stop
        self._slider.setValue(round(threshold * _STEPS))
        self._slider.blockSignals(False)
        for button, point in self._buttons:
            button.setChecked(abs(point.score_threshold - threshold) < 5e-4)
        self._value.setText(_value(model, threshold))
        self._told.setText(_told(model, threshold))


class _Scale(QWidget):
    """Small ticks under the slider's groove where the stops are."""

    def __init__(self) -> None:
        super().__init__()
        self._stops: tuple[float, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_stops(self, stops: tuple[float, ...]) -> None:
        """Thresholds to mark."""
        self._stops = stops
        self.update()

    def sizeHint(self) -> QSize:
        """Room for the ticks."""
        return QSize(100, 5)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """One tick per stop, under where the handle's middle comes to stand."""
        painter = QPainter(self)
        painter.setPen(QColor(theme.current_palette().secondary_text))
        for stop in self._stops:
            x = round(_HANDLE / 2 + stop * (self.width() - _HANDLE))
            painter.drawLine(x, 0, x, 4)


def _figures(point: OperatingPoint) -> str:
    if point.sensitivity is None:
        return f"{point.score_threshold:.2f}"
    if point.false_marks_per_scan is None:
        return f"finds {point.sensitivity * 100:.0f} %"
    return f"{point.sensitivity * 100:.0f} %, {point.false_marks_per_scan:.1f} false"


def _value(model: ModelInfo | None, threshold: float) -> str:
    if model is None:
        return ""
    return f"{threshold:.2f}" if model.has_score else "no score"


def _told(model: ModelInfo | None, threshold: float) -> str:
    if model is None:
        return "The model is not loaded yet"
    if not model.has_score:
        return "This model gives a box without a score on every slice; there is nothing to set"
    lowest = min((point.score_threshold for point in model.operating_points), default=0.0)
    expected = in_words(expected_at(model.operating_points, threshold), is_below=threshold < lowest)
    return f"{expected}. {model.stops_note}" if model.stops_note else expected
