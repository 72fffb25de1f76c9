"""Tells the reader what the controllers have to say: in the status bar, the message bar, the menus."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from lungview.domain.detection import ModelInfo
from lungview.domain.volume import Volume
from lungview.ui import theme
from lungview.ui.commands import NEED_CASE, NEED_STACK
from lungview.ui.dialogs.report_sections import counts_in_words
from lungview.ui.menus import fill_recent
from lungview.ui.settings import Settings
from lungview.ui.shortcuts import Id
from lungview.ui.theme import Scheme
from lungview.ui.troubles import troubles_of, unread_graphics, unreadable_slices

if TYPE_CHECKING:
    from lungview.ui.main_window import MainWindow

_INVITATION = "Drop a DICOM folder here, or press Ctrl+O"
_DEVICES = {"cpu": "CPU", "cuda": "GPU", "mps": "GPU"}


class _Dressed(Protocol):
    def dress(self) -> None: ...


class News(QObject):
    """Listens to the controllers and the state on the window's behalf."""

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._scheme: Scheme | None = None
        self._connect_reading()
        self._connect_model()
        window.errors.told.connect(window.centre.messages.tell)
        for failing in (window.opening, window.reading, window.detection, window.reviews, window.preferences):
            failing.failed.connect(window.errors.show)
        window.reviews.saving_changed.connect(window.status.set_saved)
        window.preferences.changed.connect(self._on_settings_changed)
        self._on_settings_changed(window.preferences.current)
        self._on_case_changed()

    def start(self) -> None:
        """Begin with what had to wait for the first paint."""
        self._window.detection.list_models()
        self._window.detection.load(self._window.preferences.current.model)
        if self._window.preferences.trouble:
            self._window.centre.messages.tell(self._window.preferences.trouble)
        self._window.dialogs.show_notice_once()

    def _connect_reading(self) -> None:
        window = self._window
        reading, state = window.reading, window.state
        reading.opening.connect(self._on_opening)
        for ended in (reading.opening_ended, window.opening.demo_ended):
            ended.connect(lambda: window.empty.say(_INVITATION))
        window.opening.demo_begun.connect(lambda: window.empty.say("Making the demo patient…"))
        reading.opened.connect(self._on_opened)
        reading.loaded.connect(self._on_loaded)
        window.graphics.unread.connect(self._on_graphics_unread)
        reading.loading_ended.connect(window.thumbnails.start)
        window.thumbnails.made.connect(window.strip.model.set_thumbnail)
        state.case_changed.connect(self._on_case_changed)
        state.stack_changed.connect(self._on_stack_changed)

    def _connect_model(self) -> None:
        window = self._window
        detection = window.detection
        detection.models_listed.connect(window.model_menu.show_models)
        detection.model_loaded.connect(self._on_model_loaded)
        detection.running_changed.connect(window.findings.set_looking)
        detection.load_failed.connect(self._on_load_failed)
        window.model_menu.wanted.connect(self._on_model_wanted)
        window.opening.weights_wanted.connect(self._on_model_wanted)
        window.display.score_threshold_changed.connect(lambda _threshold: self._window.threshold_memory.start())
        window.threshold_memory.timeout.connect(self._remember_threshold)

    def _on_opening(self, path: Path) -> None:
        self._window.centre.messages.leave_case()
        self._window.empty.say(f"Looking through {path.name or path}…")

    def _on_opened(self, path: Path) -> None:
        case, messages = self._window.state.case, self._window.centre.messages
        if case is None:
            return
        if case.scan.stacks:
            self._window.preferences.remember_opened(path)
        self._window.axial.setFocus()
        self._window.thumbnails.wait_with(case.scan.stacks)
        if self._window.state.stack is None:
            self._window.thumbnails.start()
        if told := troubles_of(case):
            messages.tell(told, "Show report", self._window.dialogs.show_report)

    def _on_loaded(self, volume: Volume) -> None:
        self._window.detection.show_volume(volume)
        self._window.graphics.show_volume(volume)
        if told := unreadable_slices(volume):
            self._window.centre.messages.tell(told)

    def _on_graphics_unread(self, failures: tuple[str, ...]) -> None:
        self._window.centre.messages.tell(unread_graphics(failures))

    def _on_case_changed(self) -> None:
        case = self._window.state.case
        self._window.status.set_counts(counts_in_words(case) if case is not None else "")
        self._window.actions_by_id.enable(case is not None, *NEED_CASE)
        if case is None:
            self._window.thumbnails.stop()
        self._on_stack_changed()

    def _on_stack_changed(self) -> None:
        stack = self._window.state.stack
        self._window.actions_by_id.enable(stack is not None, *NEED_STACK)
        self._window.actions_by_id.enable(stack is not None and stack.has_overlays, Id.GRAPHICS)

    def _on_model_wanted(self, name_or_file: str) -> None:
        self._window.status.set_model("")
        self._window.detection.load(name_or_file)

    def _on_model_loaded(self, model: ModelInfo, device: str, name_or_file: str) -> None:
        window = self._window
        window.status.set_model(f"{model.title} · {_DEVICES.get(device, device)}")
        window.model_menu.show_in_use(model, name_or_file)
        window.display.set_score_threshold(window.preferences.threshold_for(model.name, model.default_threshold))
        window.toolbar.show_model(model.title)
        window.preferences.remember_model("" if window.shelf.is_default(model) else name_or_file)

    def _on_load_failed(self, name_or_file: str) -> None:
        """Keep the model before; a remembered one that is gone makes way for the default."""
        window = self._window
        detector = window.detection.detector
        if detector is not None:
            window.status.set_model(f"{detector.info.title} · {_DEVICES.get(detector.device, detector.device)}")
        elif name_or_file and name_or_file != window.shelf.stand_in():
            window.detection.load("")
        elif stand_in := "" if name_or_file else window.shelf.stand_in():
            window.detection.load(stand_in)
        else:
            window.status.set_model("No model")

    def _remember_threshold(self) -> None:
        model = self._window.state.model
        if model is not None:
            threshold = self._window.display.score_threshold
            self._window.preferences.remember_threshold(model.name, threshold, model.default_threshold)

    def _on_settings_changed(self, settings: Settings) -> None:
        window = self._window
        window.display.set_mouse_scheme(settings.mouse_scheme)
        window.actions_by_id.set_keys(settings.keys)
        window.empty.set_recent(settings.recent)
        for action in fill_recent(window.menus.recent, settings.recent, window.actions_by_id[Id.CLEAR_RECENT]):
            action.triggered.connect(partial(self._open_recent, action.data()))
        window.actions_by_id[Id.LIGHT_THEME].setChecked(settings.scheme is Scheme.LIGHT)
        if settings.scheme is not self._scheme:
            self._scheme = settings.scheme
            self._dress(settings.scheme)

    def _open_recent(self, path: str, _checked: bool = False) -> None:
        self._window.opening.open_path(Path(path))

    def _dress(self, scheme: Scheme) -> None:
        """Draw everything in a scheme's colours."""
        window, app = self._window, QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, scheme)
        window.actions_by_id.set_icons(theme.palette_of(scheme))
        parts: list[_Dressed] = [window.toolbar, window.status, window.empty, window.centre.messages]
        for part in (*parts, *window.docks.all):
            part.dress()
        window.slider.redraw()
