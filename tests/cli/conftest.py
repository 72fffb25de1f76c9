"""Each command runs with folders of its own and closes its log."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lungview.logs import stop_logging


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where this test's settings, results and log are kept."""
    folder = tmp_path / "home"
    monkeypatch.setenv("LUNGVIEW_HOME", str(folder))
    yield folder
    stop_logging()
