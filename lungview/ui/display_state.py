"""How things are shown: the window, what is drawn over the slice. Says nothing of what is read."""

from PySide6.QtCore import QObject, Signal

from lungview.domain.window import LUNG, Window
from lungview.ui.mouse_scheme import MouseScheme

__all__ = ["DisplayState", "MouseScheme"]


class DisplayState(QObject):
    """How the panes show the slice. One signal per fact, emitted only on a real change."""

    window_changed = Signal(Window)
    inverted_changed = Signal(bool)
    ai_shown_changed = Signal(bool)
    reader_shown_changed = Signal(bool)
    attention_shown_changed = Signal(bool)
    graphics_shown_changed = Signal(bool)
    mip_changed = Signal(bool)
    """A 10 mm maximum intensity slab in place of the single slice."""
    corner_text_changed = Signal(bool)
    gradient_shown_changed = Signal(bool)
    """The plain Sobel gradient in place of the crop under the outline."""
    score_threshold_changed = Signal(float)
    mouse_scheme_changed = Signal(MouseScheme)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._window = LUNG
        self._is_inverted = False
        self._shows_ai = True
        self._shows_reader = True
        self._shows_attention = False
        self._shows_graphics = True
        self._is_mip = False
        self._shows_corner_text = True
        self._shows_gradient = False
        self._score_threshold = 0.0
        self._mouse_scheme = MouseScheme.STANDARD

    @property
    def window(self) -> Window:
        """Which values are shown as which grey."""
        return self._window

    def set_window(self, window: Window) -> None:
        """Show another grey window."""
        if window != self._window:
            self._window = window
            self.window_changed.emit(window)

    @property
    def is_inverted(self) -> bool:
        """Whether high values are dark."""
        return self._is_inverted

    def set_inverted(self, inverted: bool) -> None:
        """Swap black and white."""
        if inverted != self._is_inverted:
            self._is_inverted = inverted
            self.inverted_changed.emit(inverted)

    @property
    def shows_ai(self) -> bool:
        """Whether the model's boxes are drawn."""
        return self._shows_ai

    def set_shows_ai(self, shown: bool) -> None:
        """Draw or hide the model's boxes."""
        if shown != self._shows_ai:
            self._shows_ai = shown
            self.ai_shown_changed.emit(shown)

    @property
    def shows_reader(self) -> bool:
        """Whether the readers' boxes are drawn."""
        return self._shows_reader

    def set_shows_reader(self, shown: bool) -> None:
        """Draw or hide the readers' boxes."""
        if shown != self._shows_reader:
            self._shows_reader = shown
            self.reader_shown_changed.emit(shown)

    @property
    def shows_attention(self) -> bool:
        """Whether the attention map lies over the slice."""
        return self._shows_attention

    def set_shows_attention(self, shown: bool) -> None:
        """Lay the attention map over the slice, or take it away."""
        if shown != self._shows_attention:
            self._shows_attention = shown
            self.attention_shown_changed.emit(shown)

    @property
    def shows_graphics(self) -> bool:
        """Whether the graphics that files bring lie over their slices."""
        return self._shows_graphics

    def set_shows_graphics(self, shown: bool) -> None:
        """Lay the files' own graphics over their slices, or take them away."""
        if shown != self._shows_graphics:
            self._shows_graphics = shown
            self.graphics_shown_changed.emit(shown)

    @property
    def is_mip(self) -> bool:
        """Whether the pane shows a 10 mm maximum intensity slab."""
        return self._is_mip

    def set_mip(self, mip: bool) -> None:
        """Show the slab or the single slice."""
        if mip != self._is_mip:
            self._is_mip = mip
            self.mip_changed.emit(mip)

    @property
    def shows_corner_text(self) -> bool:
        """Whether patient and study are written in the corners; slice and window always are."""
        return self._shows_corner_text

    def set_shows_corner_text(self, shown: bool) -> None:
        """Write or hide the corner text, for screenshots without identity."""
        if shown != self._shows_corner_text:
            self._shows_corner_text = shown
            self.corner_text_changed.emit(shown)

    @property
    def shows_gradient(self) -> bool:
        """Whether the outline pane shows the plain gradient."""
        return self._shows_gradient

    def set_shows_gradient(self, shown: bool) -> None:
        """Show the plain gradient, or the crop, under the outline."""
        if shown != self._shows_gradient:
            self._shows_gradient = shown
            self.gradient_shown_changed.emit(shown)

    @property
    def score_threshold(self) -> float:
        """Detections below this score are not shown; in [0, 1]."""
        return self._score_threshold

    def set_score_threshold(self, threshold: float) -> None:
        """Show detections from this score up."""
        threshold = min(max(threshold, 0.0), 1.0)
        if threshold != self._score_threshold:
            self._score_threshold = threshold
            self.score_threshold_changed.emit(threshold)

    @property
    def mouse_scheme(self) -> MouseScheme:
        """What dragging over a slice does."""
        return self._mouse_scheme

    def set_mouse_scheme(self, scheme: MouseScheme) -> None:
        """Drag another way."""
        if scheme != self._mouse_scheme:
            self._mouse_scheme = scheme
            self.mouse_scheme_changed.emit(scheme)
