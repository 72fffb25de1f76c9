"""Folders of this user where the program keeps what is its own: never beside the patient's files.

LUNGVIEW_HOME puts all of them under one folder, for tests and for a program carried on a stick.
"""

import os
from pathlib import Path

import platformdirs

_NAME = "lungview"


def cache_folder() -> Path:
    """What can be made again: results of detection, the demo patient."""
    return _place("cache", platformdirs.user_cache_path(_NAME, appauthor=False))


def data_folder() -> Path:
    """What the reader made: reviews, own boxes, own models."""
    return _place("data", platformdirs.user_data_path(_NAME, appauthor=False))


def settings_folder() -> Path:
    """How the reader likes the program."""
    return _place("settings", platformdirs.user_config_path(_NAME, appauthor=False))


def log_folder() -> Path:
    """What the program noted of itself, without patients' names or paths."""
    return _place("logs", platformdirs.user_log_path(_NAME, appauthor=False))


def _place(name: str, usual: Path) -> Path:
    home = os.environ.get("LUNGVIEW_HOME")
    return Path(home) / name if home else usual
