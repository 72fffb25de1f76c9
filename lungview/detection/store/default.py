"""Which model answers where none is named, and which did before; kept beside the models."""

import contextlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path

from lungview.errors import ModelStoreError
from lungview.files import parse_json, set_aside, write_atomically

log = logging.getLogger(__name__)

SCHEMA = 1
FILE = "default.json"
_LONGEST = 20


@dataclass(frozen=True, slots=True)
class Default:
    """Models by key. history: earlier defaults, the newest last. name: what the reader called it when it was chosen.

    An empty key stands for the bundled default.
    """

    key: str = ""
    history: tuple[str, ...] = ()
    name: str = ""

    def chosen(self, key: str, name: str) -> "Default":
        """Another default; the one so far goes into the history."""
        if key == self.key:
            return Default(key, self.history, name)
        return Default(key, (*self.history, self.key)[-_LONGEST:], name)


class _Newer(Exception):  # noqa: N818 - what was found, and no error
    """A later program made the choice."""


def read_default(folder: Path) -> Default:
    """What was chosen; the bundled default where nothing was, or where a later program chose.

    A file that makes no sense is put aside.
    """
    try:
        return _read(folder / FILE)
    except FileNotFoundError:
        return Default()
    except (_Newer, OSError) as error:
        log.warning("the choice of default model cannot be read: %s", type(error).__name__)
    except (ValueError, KeyError, TypeError) as error:
        log.warning("a damaged choice of default model was put aside: %s", type(error).__name__)
        set_aside(folder / FILE)
    return Default()


def write_default(folder: Path, default: Default) -> None:
    """Keep the choice; raises OSError, and ModelStoreError where a later program's would be lost."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        try:
            _read(folder / FILE)
        except _Newer as error:
            raise ModelStoreError(
                "The default model was chosen by a later version of LungView: choose another with that version."
            ) from error
    table = {"schema": SCHEMA, "default": default.key, "history": default.history, "name": default.name}
    write_atomically(folder / FILE, (json.dumps(table, indent=2) + "\n").encode())


def _read(path: Path) -> Default:
    table = parse_json(path.read_text(encoding="utf-8"))
    if int(table["schema"]) > SCHEMA:
        raise _Newer
    return Default(str(table["default"]), tuple(str(key) for key in table["history"]), str(table["name"]))
