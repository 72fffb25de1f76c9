"""What the mouse does over a slice: wheel, drags and clicks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent

from lungview.domain.window import Window
from lungview.ui.display_state import DisplayState, MouseScheme
from lungview.ui.panes.canvas import SliceCanvas
from lungview.ui.state import ViewerState


class Drag(StrEnum):
    """What a drag changes."""

    WINDOW = "window"
    ZOOM = "zoom"
    PAN = "pan"
    SCROLL = "scroll"


DRAGS: Mapping[MouseScheme, Mapping[Qt.MouseButton, Drag]] = {
    MouseScheme.STANDARD: {
        Qt.MouseButton.LeftButton: Drag.WINDOW,
        Qt.MouseButton.MiddleButton: Drag.PAN,
        Qt.MouseButton.RightButton: Drag.ZOOM,
    },
    MouseScheme.PACS: {
        Qt.MouseButton.LeftButton: Drag.ZOOM,
        Qt.MouseButton.MiddleButton: Drag.PAN,
        Qt.MouseButton.RightButton: Drag.WINDOW,
    },
}

CLICK_REACH = 4
"""A press that moves no farther than this, px, is a click and not a drag."""

NOTCH = 120
"""Wheel units of one notch; fine wheels and touchpads send parts of it."""

ZOOM_PER_PX = 1.01
ZOOM_PER_NOTCH = 1.15
WINDOW_SHARE_PER_PX = 1 / 256
"""A drag over 256 px changes the window by its width at the start."""
PX_PER_SLICE = 8


@dataclass(slots=True)
class _Press:
    """A button held down: where it began, where it was last, and what it found."""

    button: Qt.MouseButton
    start: QPointF
    last: QPointF
    window: Window
    slice_index: int
    is_drag: bool = False


class PaneMouse:
    """Turns mouse events over a canvas into changes of slice, window, zoom and pan.

    on_click is called with the button and the place of a press that did not become a drag.
    """

    def __init__(
        self,
        canvas: SliceCanvas,
        state: ViewerState,
        display: DisplayState,
        on_click: Callable[[Qt.MouseButton, QPointF], None],
    ) -> None:
        self._canvas, self._state, self._display = canvas, state, display
        self._on_click = on_click
        self._press: _Press | None = None
        self._wheel = 0
        self.tool: Drag | None = None
        """What the left button drags in place of the scheme's choice."""

    def wheel(self, event: QWheelEvent) -> None:
        """Scroll by slices, by five with Shift; with Ctrl zoom at the cursor. Never zooms by itself."""
        # Some platforms turn Shift + wheel into a sideways wheel.
        turned = event.angleDelta().y() or event.angleDelta().x()
        event.accept()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._canvas.zoom_by(ZOOM_PER_NOTCH ** (turned / NOTCH), event.position())
            return
        if turned * self._wheel < 0:
            self._wheel = 0
        self._wheel += turned
        notches = int(self._wheel / NOTCH)
        self._wheel -= notches * NOTCH
        if notches:
            step = 5 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
            self._state.step_slice(-notches * step)

    def press(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        at = event.position()
        self._press = _Press(event.button(), at, at, self._display.window, self._state.slice_index)

    def move(self, event: QMouseEvent) -> None:
        """Go on with a drag."""
        press = self._press
        if press is None:
            return
        at = event.position()
        if not press.is_drag and (at - press.start).manhattanLength() <= CLICK_REACH:
            return
        press.is_drag = True
        action = self._action(press.button)
        if action is not None:
            self._drag(action, press, at)
        press.last = at

    def release(self, event: QMouseEvent) -> None:
        """End a drag, or tell of a click."""
        press, self._press = self._press, None
        if press is not None and not press.is_drag and press.button == event.button():
            self._on_click(press.button, press.start)

    def cancel(self) -> None:
        """Forget a button held down."""
        self._press = None

    def _action(self, button: Qt.MouseButton) -> Drag | None:
        if button == Qt.MouseButton.LeftButton and self.tool is not None:
            return self.tool
        return DRAGS[self._display.mouse_scheme].get(button)

    def _drag(self, action: Drag, press: _Press, at: QPointF) -> None:
        whole, step = at - press.start, at - press.last
        if action is Drag.WINDOW:
            self._display.set_window(dragged_window(press.window, whole))
        elif action is Drag.ZOOM:
            self._canvas.zoom_by(ZOOM_PER_PX ** -step.y(), press.start)
        elif action is Drag.PAN:
            self._canvas.pan_by(step)
        else:
            self._state.go_to_slice(press.slice_index + int(whole.y() / PX_PER_SLICE))


def dragged_window(window: Window, moved: QPointF) -> Window:
    """Return the window after a drag: right widens it, down raises its centre, in steps that fit its width."""
    step = max(window.width, 64.0) * WINDOW_SHARE_PER_PX
    width = max(window.width + moved.x() * step, 1.0)
    return Window(float(round(window.centre + moved.y() * step)), float(round(width)))
