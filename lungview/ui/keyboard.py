"""Who gets the arrow keys."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

_MOVES = {Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Left, Qt.Key.Key_Right}
_MOVES |= {Qt.Key.Key_PageUp, Qt.Key.Key_PageDown, Qt.Key.Key_Home, Qt.Key.Key_End}


class _ArrowKeeper(QObject):
    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Claim the keys that move within a list before the window's commands see them."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
            if plain and event.key() in _MOVES:
                event.accept()
                return True
        return False


def keep_arrows(widget: QWidget) -> None:
    """Let a list that was reached with Tab be walked by the arrow keys, which elsewhere scroll the slices."""
    widget.installEventFilter(_ArrowKeeper(widget))
