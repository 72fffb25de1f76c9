"""How the trainer's command line is started from the window."""

import sys
from pathlib import Path


def trainer_command(word: str, settings: Path) -> list[str]:
    """By this very Python, or by the frozen program itself. word: the sub-command."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "train", word, str(settings)]
    return [sys.executable, "-m", "lungview_training.cli", word, str(settings)]
