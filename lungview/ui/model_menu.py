"""The menu of models: those at hand, and any weights file."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from lungview.domain.detection import ModelInfo
from lungview.ui.actions import Actions
from lungview.ui.shortcuts import Id


class ModelMenu(QObject):
    """Lists the models; the one that answers is checked."""

    wanted = Signal(str)
    """A model's name, or the path of a weights file."""

    def __init__(self, menu: QMenu, actions: Actions) -> None:
        super().__init__(menu)
        self._menu = menu
        self._group = QActionGroup(self)
        self._waiting = QAction("Listing models…", menu)
        self._waiting.setEnabled(False)
        menu.addAction(self._waiting)
        self._separator = menu.addSeparator()
        menu.addAction(actions[Id.OPEN_WEIGHTS])
        menu.addAction(actions[Id.DETECT_AGAIN])
        self._in_use = ""

    def show_models(self, models: tuple[ModelInfo, ...]) -> None:
        """List what can be chosen."""
        for action in self._group.actions():
            self._group.removeAction(action)
            self._menu.removeAction(action)
            action.deleteLater()
        self._waiting.setVisible(not models)
        for model in models:
            self._add(model.name, model.title, model.summary)

    def show_in_use(self, model: ModelInfo, name_or_file: str) -> None:
        """Check the model that answers; one from a file is added to the list."""
        self._in_use = model.name
        names = [action.data() for action in self._group.actions()]
        if model.name not in names and name_or_file:
            self._add(name_or_file, model.title, model.summary)
        for action in self._group.actions():
            action.setChecked(action.data() in (model.name, name_or_file))

    def _add(self, name: str, title: str, summary: str) -> None:
        action = QAction(title, self._menu)
        action.setCheckable(True)
        action.setData(name)
        action.setToolTip(summary)
        action.setChecked(name == self._in_use)
        action.triggered.connect(lambda _checked=False: self.wanted.emit(name))
        self._group.addAction(action)
        self._menu.insertAction(self._separator, action)
