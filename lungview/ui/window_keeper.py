"""Keeps the grey window: a stack's own at first, then the reader's choice for all series of the modality."""

from PySide6.QtCore import QObject

from lungview.domain.volume import Volume
from lungview.domain.window import PRESETS, Window, automatic
from lungview.ui.display_state import DisplayState
from lungview.ui.state import ViewerState
from lungview.ui.window_choice import file_windows, starting_window


class WindowKeeper(QObject):
    """Sets the window when a stack comes; a window set by anyone else is the reader's choice and is kept."""

    def __init__(self, state: ViewerState, display: DisplayState, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._display = state, display
        self._chosen: dict[str, Window] = {}
        self._is_setting = False
        self._wants_automatic = False
        state.stack_changed.connect(self._on_stack_changed)
        state.slice_read.connect(lambda _index: self._on_slice_read())
        state.case_changed.connect(self._chosen.clear)
        display.window_changed.connect(self._on_window_changed)

    def choose_preset(self, number: int) -> None:
        """Show a preset; number counts from 1, as its key does."""
        self._display.set_window(PRESETS[number - 1].window)

    def choose_from_file(self, number: int = 0) -> None:
        """Show one of the windows that the file names, by its place; automatic where it names none."""
        own = file_windows(self._state.stack) if self._state.stack is not None else ()
        if own:
            self._display.set_window(own[min(number, len(own) - 1)])
        else:
            self.choose_automatic()

    def choose_automatic(self) -> None:
        """Show the window that spans the slice's values."""
        volume = self._state.volume
        if volume is not None and not volume.is_colour and volume.is_read[self._state.slice_index]:
            self._display.set_window(automatic(volume.voxels[self._state.slice_index]))

    def _on_stack_changed(self) -> None:
        stack = self._state.stack
        if stack is None:
            return
        window = self._chosen.get(stack.modality) or starting_window(stack)
        self._wants_automatic = window is None
        if window is not None:
            self._set(window)

    def _on_slice_read(self) -> None:
        """The first slice of a stack whose files name no window says which values it has."""
        volume = self._state.volume
        if self._wants_automatic and volume is not None:
            self._wants_automatic = False
            self._set(_spanning(volume, self._state.slice_index))

    def _set(self, window: Window) -> None:
        self._is_setting = True
        self._display.set_window(window)
        self._is_setting = False

    def _on_window_changed(self, window: Window) -> None:
        if not self._is_setting and self._state.stack is not None:
            self._wants_automatic = False
            self._chosen[self._state.stack.modality] = window


def _spanning(volume: Volume, index: int) -> Window:
    return automatic(volume.voxels[index])


def name_of(window: Window) -> str:
    """A window as the toolbar says it: a preset's name, else width / centre."""
    for preset in PRESETS:
        if preset.window == window:
            return preset.name
    return f"{window.width:.0f} / {window.centre:.0f}"
