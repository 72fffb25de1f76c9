"""The commands of the table as Qt actions."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from lungview.ui import icons
from lungview.ui.shortcuts import COMMANDS, Id, Keys, keys_of, tooltip
from lungview.ui.theme import Mark, Palette

_ON_COLOURS: dict[str, str] = {Id.READER_MARKS: Mark.READER, Id.AI_MARKS: Mark.AI}


class Actions:
    """One action per command, owned by the window, so that keys work wherever the focus is."""

    def __init__(self, window: QWidget) -> None:
        self._actions: dict[str, QAction] = {}
        for command in COMMANDS:
            action = QAction(command.text, window)
            action.setCheckable(command.is_checkable)
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            window.addAction(action)
            self._actions[command.id] = action
        self.set_keys({})

    def __getitem__(self, command_id: str) -> QAction:
        return self._actions[command_id]

    def set_keys(self, changed: Keys) -> None:
        """Give every action its keys and a tooltip that names them."""
        for command in COMMANDS:
            action = self._actions[command.id]
            action.setShortcuts([QKeySequence(key) for key in keys_of(command, changed)])
            action.setToolTip(tooltip(command, changed))

    def set_icons(self, colours: Palette) -> None:
        """Draw the icons in a scheme's colours."""
        for command in COMMANDS:
            if command.icon:
                made = icons.icon(command.icon, colours, on_colour=_ON_COLOURS.get(command.id, ""))
                self._actions[command.id].setIcon(made)

    def on(self, command_id: str, do: Callable[[], object]) -> None:
        """Call do when the command is chosen."""
        self._actions[command_id].triggered.connect(lambda _checked: do())

    def on_toggle(self, command_id: str, do: Callable[[bool], None]) -> None:
        """Call do with the new state when a checkable command is chosen."""
        self._actions[command_id].triggered.connect(do)

    def enable(self, is_enabled: bool, *command_ids: str) -> None:
        """Let commands be chosen or not."""
        for command_id in command_ids:
            self._actions[command_id].setEnabled(is_enabled)
