"""What the program remembers between starts; the only place that reads and writes QSettings."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QByteArray, QSettings

from lungview.files import parse_json
from lungview.places import settings_folder
from lungview.ui.mouse_scheme import MouseScheme
from lungview.ui.theme import Scheme

RECENT_LIMIT = 10

_Choice = TypeVar("_Choice", bound=StrEnum)


class Layout(StrEnum):
    """Which panes stand where."""

    READING = "reading"
    """One large axial pane and the findings."""
    COMPARISON = "comparison"
    """The study's five figures of one slice side by side."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What is remembered.

    recent: paths opened, newest first. geometry: the window's place as Qt saves it. docks: layout -> its docks as Qt
    saves them. score_thresholds: model name -> threshold the reader left it at. annotation_folders: path opened ->
    folder the reader named for it. keys: command id -> keys in place of its own. model: the last one chosen by name.
    reader_name: stands in the reader's own annotation files. boxes_folder: where those go, "" for the user's own place.
    is_second_reader: the model's findings are held back until the reader commits.
    """

    recent: tuple[str, ...] = ()
    remembers_recent: bool = True
    geometry: bytes = b""
    docks: Mapping[str, bytes] = field(default_factory=dict)
    layout: Layout = Layout.READING
    scheme: Scheme = Scheme.DARK
    mouse_scheme: MouseScheme = MouseScheme.STANDARD
    score_thresholds: Mapping[str, float] = field(default_factory=dict)
    annotation_folders: Mapping[str, str] = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    model: str = ""
    is_notice_shown: bool = False
    reader_name: str = ""
    is_reader_asked: bool = False
    boxes_folder: str = ""
    is_second_reader: bool = False

    def recent_with(self, path: str) -> tuple[str, ...]:
        """The recent paths after opening this one."""
        if not self.remembers_recent:
            return ()
        return (path, *(each for each in self.recent if each != path))[:RECENT_LIMIT]


class SettingsStore:
    """Reads and writes the settings file; a value that makes no sense there is taken as not set."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or settings_folder() / "settings.ini"

    def load(self) -> Settings:
        """The settings as last saved."""
        stored = self._open()
        default = Settings()
        return Settings(
            recent=_strings(_json(stored, "recent")),
            remembers_recent=_flag(stored, "remembers_recent", default.remembers_recent),
            geometry=_bytes(stored, "geometry"),
            docks={layout.value: _bytes(stored, f"docks/{layout}") for layout in Layout},
            layout=_choice(stored, "layout", default.layout),
            scheme=_choice(stored, "scheme", default.scheme),
            mouse_scheme=_choice(stored, "mouse_scheme", default.mouse_scheme),
            score_thresholds=_numbers(_json(stored, "score_thresholds")),
            annotation_folders=_words(_json(stored, "annotation_folders")),
            keys=_key_lists(_json(stored, "keys")),
            model=str(stored.value("model", default.model)),
            is_notice_shown=_flag(stored, "is_notice_shown", default.is_notice_shown),
            reader_name=str(stored.value("reader_name", default.reader_name)),
            is_reader_asked=_flag(stored, "is_reader_asked", default.is_reader_asked),
            boxes_folder=str(stored.value("boxes_folder", default.boxes_folder)),
            is_second_reader=_flag(stored, "is_second_reader", default.is_second_reader),
        )

    def save(self, settings: Settings) -> None:
        """Write all settings."""
        stored = self._open()
        stored.setValue("recent", json.dumps(settings.recent))
        stored.setValue("remembers_recent", settings.remembers_recent)
        stored.setValue("geometry", QByteArray(settings.geometry))
        for layout, docks in settings.docks.items():
            stored.setValue(f"docks/{layout}", QByteArray(docks))
        stored.setValue("layout", settings.layout.value)
        stored.setValue("scheme", settings.scheme.value)
        stored.setValue("mouse_scheme", settings.mouse_scheme.value)
        stored.setValue("score_thresholds", json.dumps(dict(settings.score_thresholds)))
        stored.setValue("annotation_folders", json.dumps(dict(settings.annotation_folders)))
        stored.setValue("keys", json.dumps(dict(settings.keys)))
        stored.setValue("model", settings.model)
        stored.setValue("is_notice_shown", settings.is_notice_shown)
        stored.setValue("reader_name", settings.reader_name)
        stored.setValue("is_reader_asked", settings.is_reader_asked)
        stored.setValue("boxes_folder", settings.boxes_folder)
        stored.setValue("is_second_reader", settings.is_second_reader)
        stored.sync()

    def _open(self) -> QSettings:
        return QSettings(str(self._file), QSettings.Format.IniFormat)


def _flag(stored: QSettings, key: str, default: bool) -> bool:
    value = stored.value(key, default)
    return value if isinstance(value, bool) else str(value).lower() == "true"


def _bytes(stored: QSettings, key: str) -> bytes:
    value = stored.value(key)
    return bytes(value.data()) if isinstance(value, QByteArray) else b""


def _choice(stored: QSettings, key: str, default: _Choice) -> _Choice:
    try:
        return type(default)(str(stored.value(key, default.value)))
    except ValueError:
        return default


def _json(stored: QSettings, key: str) -> object:
    try:
        return parse_json(str(stored.value(key, "")))
    except ValueError:
        return None


def _strings(value: object) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _numbers(value: object) -> dict[str, float]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {str(key): float(each) for key, each in pairs if isinstance(each, (int, float)) and 0 <= each <= 1}


def _words(value: object) -> dict[str, str]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {str(key): each for key, each in pairs if isinstance(each, str)}


def _key_lists(value: object) -> dict[str, tuple[str, ...]]:
    pairs = value.items() if isinstance(value, dict) else ()
    return {str(key): _strings(each) for key, each in pairs}
