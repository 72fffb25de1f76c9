"""Cases that several looks in one job need, each opened once."""

from collections.abc import Callable
from pathlib import Path

from lungview.reading.case import Case, open_case
from lungview.task import Task

OpenCase = Callable[[Path, Task, Path | None], Case]
"""Path, task and a named annotation folder -> the case."""


class OpenedOnce:
    """An OpenCase that remembers; for one job, for meanwhile the files may change."""

    def __init__(self, really_open: OpenCase = open_case) -> None:
        self._open, self._known = really_open, dict[tuple[Path, Path | None], Case]()

    def __call__(self, path: Path, task: Task, annotations: Path | None = None) -> Case:
        """Open a path, or give what was found there before."""
        task.check()
        key = path.absolute(), None if annotations is None else annotations.absolute()
        if key not in self._known:
            self._known[key] = self._open(path, task, annotations)
        return self._known[key]
