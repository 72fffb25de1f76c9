"""What the program remembers between starts."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TypeGuard

from lungview.errors import LungViewError
from lungview.files import locked, set_aside, write_atomically
from lungview.places import settings_folder
from lungview.ui.mouse_scheme import MouseScheme
from lungview.ui.settings_file import NewerSettingsError, Values, from_bytes, read_ini, to_bytes, together
from lungview.ui.theme import Scheme

log = logging.getLogger(__name__)

RECENT_LIMIT = 10


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
    """Reads and writes the settings file; a value that makes no sense there is taken as not set.

    trouble: a sentence on what was wrong with the file when it was read, "" for nothing.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or settings_folder() / "settings.json"
        self._base = Settings()
        self._is_kept_out = False
        self.trouble = ""

    def load(self) -> Settings:
        """The settings as last saved; a file that makes no sense is put aside, one of a later version left alone."""
        try:
            self._base = settings_of(self._read())
        except FileNotFoundError:
            self._base = settings_of({})
        except NewerSettingsError as error:
            self._is_kept_out, self.trouble = True, str(error)
        except OSError as error:
            self._is_kept_out = True
            self.trouble = f"Your settings can't be read ({error.strerror}); check their rights."
        except ValueError:
            set_aside(self._file)
            log.warning("damaged settings were put aside")
            self.trouble = "Your settings were damaged and have been put aside; LungView starts with its own."
        return self._base

    def save(self, settings: Settings) -> None:
        """Write the settings together with what another window changed; those of a later version are left alone.

        Raises LungViewError where they can't be written, and leaves the file as it was.
        """
        if self._is_kept_out or (settings == self._base and self._file.exists()):
            return
        try:
            with locked(self._file.with_name(f".{self._file.stem}.lock")):
                theirs = self._theirs()
                if theirs is not None:
                    write_atomically(self._file, to_bytes(together(self._base, settings, theirs)))
        except OSError as error:
            raise LungViewError(
                f"Your settings could not be saved ({error.strerror or 'the disk refuses it'}); free some space or "
                "check LUNGVIEW_HOME. They are tried again."
            ) from error
        self._base = settings

    def _read(self) -> Values:
        old = self._file.with_suffix(".ini")
        if not self._file.exists() and old.exists():
            return read_ini(old)
        data = self._file.read_bytes()
        if self._file.suffix == ".ini" and not data.lstrip().startswith(b"{"):
            return read_ini(self._file)
        return from_bytes(data)

    def _theirs(self) -> Settings | None:
        """What stands in the file now; None where it must not be written over."""
        try:
            return settings_of(self._read())
        except NewerSettingsError:
            self._is_kept_out = True
            return None
        except (FileNotFoundError, ValueError):
            return self._base


def settings_of(values: Values) -> Settings:
    """Settings from what a file holds; what is missing or of another kind is as at the first start."""
    default = Settings()
    docks = values.get("docks")
    kept = {str(name): each for name, each in docks.items() if isinstance(each, bytes)} if _is_table(docks) else {}
    special: dict[str, object] = {
        "recent": _strings(values.get("recent")),
        "docks": {layout.value: kept.get(layout.value, b"") for layout in Layout},
        "score_thresholds": _numbers(values.get("score_thresholds")),
        "annotation_folders": _words(values.get("annotation_folders")),
        "keys": _key_lists(values.get("keys")),
    }
    plain = {each.name: _like(values.get(each.name), getattr(default, each.name)) for each in fields(Settings)}
    return Settings(**{**plain, **special})  # type: ignore[arg-type]


def _like(value: object, default: object) -> object:
    """A value of the default's kind, else the default."""
    if isinstance(default, StrEnum):
        return next((choice for choice in type(default) if choice.value == value), default)
    return value if type(value) is type(default) else default


def _is_table(value: object) -> TypeGuard[dict[object, object]]:
    return isinstance(value, dict)


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
