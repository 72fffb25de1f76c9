"""A picture of the window on a path, taken once everything it will say is there."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QEventLoop, QIODevice, QObject, QTimer, Signal
from PySide6.QtGui import QImage, QImageWriter

from lungview.errors import LungViewError, NothingFoundError
from lungview.task import Cancelled, Task
from lungview.ui import errors
from lungview.ui.main_window import MainWindow
from lungview.ui.settings import Layout

_POLL_MS = 25
_QUIET_POLLS = 6
"""So many polls in a row must find nothing left to do: panes begin their own work some moments after a change."""


@dataclass(frozen=True, slots=True)
class View:
    """What the picture is to show.

    series: number, UID or description of the series, "" for the one the window chooses. slice_number: from 1 as the
    window counts, None for the first finding's slice, or the middle. preset: of the grey window, from 1
    as its key, None for the window's own choice. size: (width, height) in px.
    """

    path: Path
    annotations: Path | None = None
    series: str = ""
    slice_number: int | None = None
    layout: Layout = Layout.READING
    preset: int | None = None
    shows_attention: bool = False
    shows_corner_text: bool = True
    size: tuple[int, int] = (1440, 900)


class Snapshot(QObject):
    """Drives a window from opening to the picture; finished tells the end, then picture or error is set."""

    finished = Signal()
    progressed = Signal(str, int, int)
    """What is being done, done, total."""

    def __init__(self, window: MainWindow, view: View, task: Task) -> None:
        super().__init__(window)
        self.picture: QImage | None = None
        self.error: BaseException | None = None
        self._window, self._view, self._task = window, view, task
        self._steps = [self._show_view, self._take]
        self._quiet = 0
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._poll)
        for failing in (window.opening, window.reading, window.detection):
            failing.failed.connect(self.fail)
        window.reading.opened.connect(self._choose_series)

    def start(self) -> None:
        """Show the window and open the path."""
        self._window.resize(*self._view.size)
        self._window.show()
        self._window.open_path(self._view.path, self._view.annotations)
        self._timer.start()

    def fail(self, error: BaseException) -> None:
        """End without a picture; the first error counts."""
        if self.error is None and self.picture is None:
            self.error = error
            self._timer.stop()
            self.finished.emit()

    def _choose_series(self) -> None:
        case, wanted = self._window.state.case, self._view.series
        if case is None or not case.scan.stacks:
            self.fail(NothingFoundError(case.summary_problem() if case is not None else "Nothing was opened."))
            return
        if not wanted:
            return
        for series in case.scan.series:
            if wanted in {series.uid, str(series.number), series.description}:
                self._window.reading.choose_stack(series.stacks[0])
                return
        self.fail(NothingFoundError(f"{case.scan.root.name} holds no series {wanted}; `lungview info` lists them."))

    def _poll(self) -> None:
        """Go on to the next step once the window has nothing left to do."""
        if self._task.is_cancelled:
            self.fail(Cancelled())
            return
        self._tell_progress()
        self._quiet = self._quiet + 1 if self._is_idle() else 0
        if self._quiet >= _QUIET_POLLS:
            self._quiet = 0
            self._steps.pop(0)()

    def _is_idle(self) -> bool:
        window = self._window
        return (
            window.detection.detector is not None
            and window.state.volume is not None
            and not window.runner.jobs
            and window.rows.is_up_to_date
        )

    def _tell_progress(self) -> None:
        told = [job for job in self._window.runner.jobs if not job.is_quiet]
        if told:
            self.progressed.emit(told[0].label, *told[0].progress)

    def _show_view(self) -> None:
        window, view = self._window, self._view
        window.show_layout(view.layout)
        if view.preset is not None:
            window.windows.choose_preset(view.preset)
        window.display.set_shows_attention(view.shows_attention)
        window.display.set_shows_corner_text(view.shows_corner_text)
        if view.slice_number is not None:
            self._go_to(view.slice_number)
        elif window.state.rows:
            window.navigator.jump_to(window.state.rows[0].id)

    def _go_to(self, number: int) -> None:
        """Look at a slice, and at the finding on it."""
        state = self._window.state
        count = state.stack.slice_count if state.stack is not None else 0
        if not 1 <= number <= count:
            self.fail(LungViewError(f"There is no slice {number}: the series has slices 1 to {count}."))
            return
        state.go_to_slice(number - 1)
        here = [row for row in state.rows if row.first <= number - 1 <= row.last]
        state.select(here[0].id if here else None)

    def _take(self) -> None:
        self._timer.stop()
        self._window.slider.redraw()  # its ticks may be some moments behind
        self.picture = self._window.grab().toImage()
        self.finished.emit()


def take_snapshot(window: MainWindow, view: View, task: Task, tell: Callable[[str, int, int], object]) -> bytes:
    """Run the event loop until the picture is taken and return it as PNG. Raises what went wrong, and Cancelled.

    tell: is called with what is being done, done and total.
    """
    snapshot, loop = Snapshot(window, view, task), QEventLoop()
    snapshot.progressed.connect(tell)
    snapshot.finished.connect(loop.quit)
    restore_hooks = errors.install(window.errors)
    sys.excepthook = lambda _kind, error, _trace: snapshot.fail(error)
    try:
        QTimer.singleShot(0, snapshot, snapshot.start)  # an end inside start must find the loop running
        loop.exec()
    finally:
        restore_hooks()
    if snapshot.picture is None:
        assert snapshot.error is not None
        raise snapshot.error
    return _png(snapshot.picture)


def _png(picture: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"png"))
    if not writer.write(picture):
        raise LungViewError(f"The picture could not be made: {writer.errorString()}.")
    return bytes(buffer.data().data())
