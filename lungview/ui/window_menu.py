"""The menu of grey windows: presets, the file's own, automatic."""

from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu

from lungview.domain.window import PRESETS
from lungview.ui.actions import Actions
from lungview.ui.shortcuts import Id, preset_id
from lungview.ui.state import ViewerState
from lungview.ui.window_choice import file_windows
from lungview.ui.window_keeper import WindowKeeper


class WindowMenu(QObject):
    """Fills a menu whose middle part follows the stack's files."""

    def __init__(self, menu: QMenu, state: ViewerState, keeper: WindowKeeper, actions: Actions) -> None:
        super().__init__(menu)
        self._menu, self._state, self._keeper = menu, state, keeper
        self._own: list[QAction] = []
        for number in range(1, len(PRESETS) + 1):
            menu.addAction(actions[preset_id(number)])
            actions.on(preset_id(number), partial(keeper.choose_preset, number))
        menu.addSeparator()
        menu.addAction(actions[Id.FILE_WINDOW])
        self._after_own = menu.addAction(actions[Id.AUTO_WINDOW]) or actions[Id.AUTO_WINDOW]
        actions.on(Id.FILE_WINDOW, keeper.choose_from_file)
        actions.on(Id.AUTO_WINDOW, keeper.choose_automatic)
        state.stack_changed.connect(self._show_own)

    def _show_own(self) -> None:
        """List the file's own windows, where it names more than one."""
        for action in self._own:
            self._menu.removeAction(action)
            action.deleteLater()
        windows = file_windows(self._state.stack) if self._state.stack is not None else ()
        self._own = []
        for number, window in enumerate(windows if len(windows) > 1 else ()):
            action = QAction(f"From the file  {window.width:.0f} / {window.centre:.0f}", self._menu)
            action.triggered.connect(lambda _checked=False, number=number: self._keeper.choose_from_file(number))
            self._menu.insertAction(self._after_own, action)
            self._own.append(action)
