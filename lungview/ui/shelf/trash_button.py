"""Deleted models, to be brought back."""

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QMenu, QPushButton


class TrashButton(QPushButton):
    """A menu of what is in the trash; not there while that is empty. restore: called with a deleted model's name."""

    def __init__(self, restore: Callable[[str], None]) -> None:
        super().__init__("Restore")
        self.setAutoDefault(False)
        self.setToolTip("Bring back a model from the trash, where it stays for 30 days")
        self._restore = restore
        self._names: Sequence[str] = ()
        self.setMenu(QMenu(self))
        self.hide()

    def show_names(self, names: Sequence[str]) -> None:
        """Offer these; of several of one name, the one deleted last comes back."""
        self._names = tuple(dict.fromkeys(names))
        menu = self.menu()
        menu.clear()
        for name in self._names:
            action = menu.addAction(name.replace("&", "&&"))
            action.setData(name)
            action.triggered.connect(lambda _checked=False, name=name: self._restore(name))
        self.setVisible(bool(self._names))
