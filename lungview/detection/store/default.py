"""Which model answers where none is named, and which did before; kept beside the models."""

import json
import logging
from dataclasses import dataclass
from pathlib import Path

from lungview.files import parse_json, write_atomically

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


def read_default(folder: Path) -> Default:
    """What was chosen; the bundled default where nothing was, or where the file makes no sense."""
    try:
        table = parse_json((folder / FILE).read_text(encoding="utf-8"))
        if int(table["schema"]) > SCHEMA:
            raise ValueError("of a newer program")
        return Default(str(table["default"]), tuple(str(key) for key in table["history"]), str(table["name"]))
    except FileNotFoundError:
        return Default()
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("the choice of default model cannot be read: %s", type(error).__name__)
        return Default()


def write_default(folder: Path, default: Default) -> None:
    """Keep the choice; raises OSError."""
    table = {"schema": SCHEMA, "default": default.key, "history": default.history, "name": default.name}
    write_atomically(folder / FILE, (json.dumps(table, indent=2) + "\n").encode())
