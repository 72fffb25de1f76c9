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
        menu.addSeparator()
        menu.addAction(actions[Id.ROLL_BACK_MODEL])
        menu.addAction(actions[Id.MANAGE_MODELS])
        self._in_use = ""
        self._file: tuple[str, ModelInfo] | None = None
        """The weights file in use, which is on no list."""

    def show_models(self, models: tuple[ModelInfo, ...], default: str = "") -> None:
        """List what can be chosen. default: name of the model that answers where none is, "" to mark none."""
        for action in self._group.actions():
            self._group.removeAction(action)
            self._menu.removeAction(action)
            action.deleteLater()
        self._waiting.setVisible(not models)
        for model in models:
            mark = " (default)" if model.name == default and len(models) > 1 else ""
            self._add(model.name, f"{model.title}{mark}", model.summary)
        if self._file is not None:
            self._add(self._file[0], self._file[1].title, self._file[1].summary)
        self._check()

    def show_in_use(self, model: ModelInfo, name_or_file: str) -> None:
        """Check the model that answers; one from a file is added to the list."""
        self._in_use = model.name
        names = [action.data() for action in self._group.actions()]
        is_listed = model.name in names or name_or_file in names
        if not is_listed and name_or_file:
            self._add(name_or_file, model.title, model.summary)
        if name_or_file not in ("", model.name):
            self._in_use = name_or_file
            self._file = (name_or_file, model)
        self._check()

    def _check(self) -> None:
        for action in self._group.actions():
            action.setChecked(action.data() == self._in_use)

    def _add(self, name: str, title: str, summary: str) -> None:
        action = QAction(title.replace("&", "&&"), self._menu)
        action.setCheckable(True)
        action.setData(name)
        action.setToolTip(summary)
        action.triggered.connect(lambda _checked=False: self.wanted.emit(name))
        self._group.addAction(action)
        self._menu.insertAction(self._separator, action)
