"""Joins the shelf of models to the window: its commands, its dialog, and switching to what was chosen there."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lungview.domain.detection import ModelInfo
from lungview.domain.model_shelf import Deleted, Shelf, StoredModel
from lungview.errors import LungViewError
from lungview.ui.shelf.keeper import ShelfKeeper
from lungview.ui.shortcuts import Id

if TYPE_CHECKING:
    from lungview.ui.main_window import MainWindow
    from lungview.ui.shelf.dialog import ModelsDialog


class ShelfDesk(QObject):
    """Made with the window; the dialog only when the reader asks for it."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self.keeper: ShelfKeeper | None = None
        self.dialog: ModelsDialog | None = None
        self._told: set[str] = set()
        self._default_key = ""
        self._has_stood_in = False
        self._actions = window.actions_by_id[Id.MANAGE_MODELS], window.actions_by_id[Id.ROLL_BACK_MODEL]
        for action in self._actions:
            action.setVisible(window.services.library is not None)
        self._actions[1].setEnabled(False)
        if window.services.library is not None:
            self._connect(ShelfKeeper(window.services.library, window.runner, self))

    def show_dialog(self) -> None:
        """Open the manager, or bring it to the front."""
        if self.keeper is None:
            return
        if self.dialog is None:
            from lungview.ui.shelf.dialog import ModelsDialog

            self.dialog = ModelsDialog(self.keeper, self._window)
            self.dialog.use_wanted.connect(self._window.model_menu.wanted)
            self._mark_in_use()
        self.keeper.look()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def is_default(self, model: ModelInfo) -> bool:
        """Whether a model is the one that answers where none is named."""
        default = self._default()
        return default is not None and default.name == model.name

    def stand_in(self) -> str:
        """The bundled model's name, where the default is one of the reader's own; "" where there is no other."""
        default = self._default()
        shelf = self.keeper.shelf if self.keeper is not None else Shelf()
        bundled = next((model.name for model in shelf.models if model.is_bundled), "")
        return "" if default is None or default.is_bundled else bundled

    def shut_down(self) -> None:
        """Close the manager, which would go on without the window."""
        if self.dialog is not None:
            self.dialog.close()

    def _connect(self, keeper: ShelfKeeper) -> None:
        window = self._window
        self.keeper = keeper
        window.actions_by_id.on(Id.MANAGE_MODELS, self.show_dialog)
        window.actions_by_id.on(Id.ROLL_BACK_MODEL, keeper.roll_back)
        window.detection.models_listed.connect(lambda _models: keeper.look())
        window.detection.model_loaded.connect(lambda _model, _device, _name: self._mark_in_use())
        keeper.shelf_changed.connect(self._on_shelf_changed)
        keeper.default_changed.connect(self._on_default_changed)
        keeper.renamed.connect(self._on_renamed)
        keeper.deleted.connect(self._on_deleted)
        keeper.failed.connect(self._on_failed)

    def _default(self) -> StoredModel | None:
        return self.keeper.shelf.by_key(self.keeper.shelf.default) if self.keeper is not None else None

    def _on_shelf_changed(self, shelf: Shelf) -> None:
        window, action = self._window, self._actions[1]
        default = self._default()
        usable = shelf.usable
        window.model_menu.show_models(usable, "" if default is None else default.name)
        action.setEnabled(bool(shelf.previous))
        action.setText(f"Back to {shelf.previous}" if shelf.previous else "Back to the default before")
        self._follow_default()
        self._load_stand_in()
        for notice in shelf.notices:
            if notice not in self._told:
                self._told.add(notice)
                window.centre.messages.tell(notice, "Models…", self.show_dialog)

    def _follow_default(self) -> None:
        """Switch to another default, unless the reader chose a model beside it."""
        window, default = self._window, self._default()
        before, self._default_key = self._default_key, "" if default is None else default.key
        answering = window.state.model
        if default is None or answering is None or before in ("", default.key) or window.preferences.current.model:
            return
        if answering.name != default.name:
            window.status.set_model("")
            window.detection.load("")

    def _load_stand_in(self) -> None:
        """Let the bundled model answer where the default failed before the shelf was known."""
        detection, name = self._window.detection, self.stand_in()
        if name and detection.detector is None and not detection.is_loading and not self._has_stood_in:
            self._has_stood_in = True
            detection.load(name)

    def _on_default_changed(self, _model: StoredModel) -> None:
        """The new default answers from now on; what was chosen beside it is forgotten."""
        self._window.preferences.remember_model("")

    def _on_renamed(self, old: str, model: StoredModel) -> None:
        state = self._window.state.model
        if state is not None and state.name == old:
            self._window.detection.load(model.name)
        elif self._window.preferences.current.model == old:
            self._window.preferences.remember_model(model.name)

    def _on_deleted(self, deleted: Deleted) -> None:
        state = self._window.state.model
        if state is not None and state.name == deleted.name:
            self._window.detection.load("")

    def _on_failed(self, error: object) -> None:
        """Tell it in the window where the dialog is not there to do so."""
        is_told = isinstance(error, LungViewError) and self.dialog is not None and self.dialog.isVisible()
        if not is_told and isinstance(error, Exception):
            self._window.errors.show(error)

    def _mark_in_use(self) -> None:
        detector = self._window.detection.detector
        if self.dialog is not None and detector is not None:
            self.dialog.show_in_use(detector.info.weights_sha256)
