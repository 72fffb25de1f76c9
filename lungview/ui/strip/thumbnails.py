"""Small pictures of stacks, made in the background from one slice each."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from lungview.domain.arrays import UInt8Array
from lungview.domain.study import Stack
from lungview.domain.volume import Volume
from lungview.domain.window import automatic, to_display
from lungview.errors import LungViewError
from lungview.task import Task
from lungview.ui.jobs import Job, JobRunner
from lungview.ui.relay import BatchRelay
from lungview.ui.services import LoadVolume
from lungview.ui.theme import Size
from lungview.ui.window_choice import starting_window

log = logging.getLogger(__name__)

_SIDE = 2 * Size.STRIP_THUMBNAIL
"""Twice the shown size, for dense screens."""


@dataclass(frozen=True, slots=True, eq=False)
class _Thumbnail:
    stack_key: str
    picture: UInt8Array


class Thumbnailer(QObject):
    """Makes the pictures of a folder's stacks one after the other, in the strip's order."""

    made = Signal(str, QImage)
    """Stack key and picture."""

    def __init__(self, load: LoadVolume, runner: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._load, self._runner = load, runner
        self._job: Job[None] | None = None
        self._waiting: list[Stack] = []
        self._relay: BatchRelay[_Thumbnail] = BatchRelay(self)
        self._relay.arrived.connect(self._on_made)

    def wait_with(self, stacks: Sequence[Stack]) -> None:
        """Forget the pictures under way; these are wanted once the disk is free."""
        self.stop()
        self._waiting = list(stacks)

    def start(self) -> None:
        """Begin with what waits."""
        if not self._waiting or self._job is not None:
            return
        stacks, self._waiting = self._waiting, []

        def work(task: Task) -> None:
            make_thumbnails(stacks, self._load, task, lambda key, made: self._relay.post(_Thumbnail(key, made)))

        job = self._runner.start("Making thumbnails", work, is_quiet=True)
        self._job = job
        job.finished.connect(lambda: self._on_ended(job))

    def stop(self) -> None:
        """Make no more."""
        self._waiting = []
        self._relay.clear()
        if self._job is not None:
            self._job.cancel()
            self._job = None

    def _on_ended(self, job: Job[None]) -> None:
        if job is self._job:
            self._job = None

    def _on_made(self, thumbnails: list[_Thumbnail]) -> None:
        for each in thumbnails:
            self.made.emit(each.stack_key, to_image(each.picture))


def make_thumbnails(
    stacks: Sequence[Stack], load: LoadVolume, task: Task, post: Callable[[str, UInt8Array], None]
) -> None:
    """Read the middle slice of each stack and post it small; a stack that can't be read has no picture."""
    for done, stack in enumerate(stacks):
        task.step(done, len(stacks))
        middle = stack.instances[len(stack.instances) // 2]
        try:
            volume = load(replace(stack, instances=(middle,)), Task())
        except LungViewError as error:
            log.info("no thumbnail: %s", type(error).__name__)
            continue
        if not volume.unreadable:
            post(stack.key, small_picture(volume))


def small_picture(volume: Volume) -> UInt8Array:
    """Return the volume's first slice (rows, columns) or (rows, columns, 3), 0-255, no side over twice a thumbnail."""
    values = volume.voxels[0]
    step = max(1, -(-max(values.shape[:2]) // _SIDE))
    rows, columns = values.shape[0] // step * step, values.shape[1] // step * step
    blocks = values[:rows, :columns].reshape(rows // step, step, columns // step, step, *values.shape[2:])
    small = blocks.mean(axis=(1, 3), dtype=np.float32)
    if volume.is_colour:
        colour: UInt8Array = small.astype(np.uint8)
        return colour
    return to_display(small, starting_window(volume.stack) or automatic(small))


def to_image(picture: UInt8Array) -> QImage:
    """A picture (rows, columns) or (rows, columns, 3), 0-255, as Qt's own copy."""
    rows, columns = picture.shape[:2]
    kind = QImage.Format.Format_RGB888 if picture.ndim == 3 else QImage.Format.Format_Grayscale8
    data = np.ascontiguousarray(picture)
    return QImage(data.data, columns, rows, data.strides[0], kind).copy()
