"""The settings in use: held in memory, written soon after a change."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from lungview.errors import LungViewError
from lungview.ui.settings import Settings, SettingsStore

_PAUSE_MS = 400
"""Changes that follow each other closely are written once."""
_RETRY_MS = 5000


class Preferences(QObject):
    """Gives the settings to all who ask and saves what changes."""

    changed = Signal(Settings)
    failed = Signal(object)
    """Saving did, for the first time in a row; it is tried again."""

    def __init__(self, store: SettingsStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._current = store.load()
        self._has_failed = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self.flush)

    @property
    def current(self) -> Settings:
        """The settings in use."""
        return self._current

    @property
    def trouble(self) -> str:
        """What was wrong with the file at the start, "" for nothing."""
        return self._store.trouble

    def take(self, settings: Settings) -> None:
        """Use other settings from now on."""
        if settings != self._current:
            self._current = settings
            self._timer.start(_PAUSE_MS)
            self.changed.emit(settings)

    def flush(self) -> None:
        """Write now what is not written yet."""
        self._timer.stop()
        try:
            self._store.save(self._current)
        except LungViewError as error:
            if not self._has_failed:
                self.failed.emit(error)
            self._has_failed = True
            self._timer.start(_RETRY_MS)
        else:
            self._has_failed = False

    def remember_opened(self, path: Path) -> None:
        """Put a path at the top of the recent ones."""
        self.take(replace(self._current, recent=self._current.recent_with(str(path))))

    def forget_recent(self) -> None:
        """Name no recent paths any more."""
        self.take(replace(self._current, recent=()))

    def remember_model(self, name_or_file: str) -> None:
        """Begin with this model next time, "" for the default."""
        self.take(replace(self._current, model=name_or_file))

    def remember_geometry(self, geometry: bytes) -> None:
        """Keep the window's place."""
        self.take(replace(self._current, geometry=geometry))

    def annotations_for(self, path: Path) -> Path | None:
        """The annotation folder that the reader once named for a path, where it still is."""
        named = self._current.annotation_folders.get(_key(path))
        return Path(named) if named is not None and Path(named).exists() else None

    def remember_annotations(self, path: Path, folder: Path) -> None:
        """Keep the annotation folder named for a path."""
        folders = {**self._current.annotation_folders, _key(path): str(folder)}
        self.take(replace(self._current, annotation_folders=folders))

    def threshold_for(self, model: str, default: float) -> float:
        """Where the reader left a model's score threshold."""
        return self._current.score_thresholds.get(model, default)

    def remember_threshold(self, model: str, threshold: float, default: float) -> None:
        """Keep a model's score threshold; its default is not kept, since the model's next version may have another."""
        thresholds = {name: kept for name, kept in self._current.score_thresholds.items() if name != model}
        if threshold != default:
            thresholds[model] = threshold
        self.take(replace(self._current, score_thresholds=thresholds))


def _key(path: Path) -> str:
    """A path's name in the settings: folders of patients are not written out where a hash will do."""
    from hashlib import sha256  # loads a large library that the first paint need not wait for

    return sha256(str(path.resolve()).encode()).hexdigest()[:16]
