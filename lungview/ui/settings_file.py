"""The settings as a file: JSON with a version, written whole, brought together with what another window changed."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lungview.errors import LungViewError
from lungview.files import parse_json

if TYPE_CHECKING:
    from lungview.ui.settings import Settings

VERSION = 2
"""1 was an INI file, which is read once and left as it is."""

Values = Mapping[str, object]
"""Settings by name, as JSON has them."""


class NewerSettingsError(LungViewError):
    """A later program wrote the file, so it is neither read nor written over."""


def to_bytes(settings: "Settings") -> bytes:
    """Settings as they stand in the file."""
    table = {each.name: _plain(getattr(settings, each.name)) for each in fields(settings)}
    return (json.dumps({"version": VERSION, **table}, indent=1, ensure_ascii=True) + "\n").encode()


def from_bytes(data: bytes) -> Values:
    """What a file holds. Raises ValueError where it makes no sense, NewerSettingsError where it is of the future."""
    table = parse_json(data)
    if not isinstance(table, dict) or not isinstance(version := table.get("version"), int):
        raise ValueError("no settings")
    if version > VERSION:
        raise NewerSettingsError(
            "Your settings were written by a later version of LungView. This one uses its own for now and leaves them "
            "as they are."
        )
    return {name: _bytes(value) for name, value in table.items()}


def read_ini(path: Path) -> Values:
    """What version 1 wrote: an INI file in which some values are JSON."""
    from PySide6.QtCore import QByteArray, QSettings

    stored = QSettings(str(path), QSettings.Format.IniFormat)
    values: dict[str, object] = {}
    for key in stored.allKeys():
        value: object = stored.value(key)
        if isinstance(value, QByteArray):
            value = bytes(value.data())
        elif isinstance(value, str):
            value = _from_text(value)
        values[key] = value
    docks = {key.partition("/")[2]: value for key, value in values.items() if key.startswith("docks/")}
    return {**values, "docks": docks}


def together(base: "Settings", mine: "Settings", theirs: "Settings") -> "Settings":
    """What two windows made of the settings: whoever changed something is heard, mine where both did."""
    made = {}
    for each in fields(mine):
        was, own, other = (getattr(settings, each.name) for settings in (base, mine, theirs))
        if own == was:
            made[each.name] = other
        elif isinstance(own, Mapping):
            made[each.name] = _merged(was, own, other)
        else:
            made[each.name] = own
    return replace(mine, **made)


def _merged(was: Values, own: Values, other: Values) -> dict[str, object]:
    kept = {}
    for key in dict.fromkeys((*other, *own)):
        side = other if own.get(key) == was.get(key) else own
        if key in side:
            kept[key] = side[key]
    return kept


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return {"base64": b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return value


def _bytes(value: object) -> object:
    if isinstance(value, dict):
        if value.keys() == {"base64"}:
            return b64decode(str(value["base64"]))
        return {key: _bytes(each) for key, each in value.items()}
    return value


def _from_text(text: str) -> object:
    """INI knows words only: numbers, truths and JSON among them."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if not text.startswith(("[", "{")):
        return text
    try:
        value: object = parse_json(text)
    except ValueError:
        return text
    return value
