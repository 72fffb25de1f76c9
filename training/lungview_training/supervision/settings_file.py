"""Settings of a run as the TOML file that the worker reads."""

import json
from dataclasses import fields
from enum import StrEnum
from pathlib import Path

from lungview.errors import TrainingConfigError
from lungview.files import write_atomically
from lungview_training.config import SourceConfig, TrainingConfig

_DEFAULT = {each.name: each.default for each in fields(TrainingConfig)}


def to_toml(config: TrainingConfig) -> str:
    """Every setting that is not its default; paths in full, so that the file may lie anywhere."""
    lines = []
    for each in fields(TrainingConfig):
        value = getattr(config, each.name)
        if each.name != "sources" and value is not None and value != _DEFAULT[each.name]:
            lines.append(f"{each.name} = {_value(value)}")
    for source in config.sources:
        lines += ["", "[[sources]]", *_source(source)]
    return "\n".join(lines) + "\n"


def write_settings(path: Path, config: TrainingConfig) -> None:
    """Write the file in one move."""
    try:
        write_atomically(path, to_toml(config).encode("utf-8"))
    except UnicodeEncodeError as error:
        raise TrainingConfigError("A folder's name holds signs that cannot be kept: rename the folder.") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TrainingConfigError(
            f"The settings of the training cannot be written ({reason}): free space in LungView's data folder."
        ) from error


def _source(source: SourceConfig) -> list[str]:
    found = {each.name: getattr(source, each.name) for each in fields(SourceConfig)}
    return [f"{name} = {_value(value)}" for name, value in found.items() if value not in (None, "")]


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, StrEnum):
        return _text(value.value)
    if isinstance(value, int | float):
        return repr(value)
    return _text(str(value.resolve()) if isinstance(value, Path) else str(value))


def _text(text: str) -> str:
    """A basic string of TOML; JSON's differs only in a sign that TOML wants escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
