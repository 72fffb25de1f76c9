"""Finding the outline of the lesion in focus, off the paint path."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from lungview.domain.arrays import FloatArray, VoxelArray
from lungview.domain.box import Box
from lungview.imaging.mask_outline import mask_outline
from lungview.imaging.outline import Outline, find_outline
from lungview.task import Task
from lungview.ui.jobs import Job, JobRunner
from lungview.ui.panes.focus import Focus
from lungview.ui.state import ViewerState

PAUSE_MS = 60
"""The outline is looked for when slice and box have stood still for this long."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What the outline is of. volume: its identity, so that another volume is another place. mask: the identity of the
    model's mask that it is drawn from, 0 where the model has none there, None where edges are followed instead."""

    volume: int
    slice_index: int
    box: Box
    mask: int | None


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    place: _Place
    outline: Outline | None


class OutlineFinder(QObject):
    """Keeps the outline of the box in focus on the current slice, found anew after each change while it is watched.

    runner: finds it in the background, since that takes longer than a frame; without one the GUI thread does.
    """

    changed = Signal()
    """Another outline, or none any more."""

    def __init__(
        self, state: ViewerState, focus: Focus, runner: JobRunner | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._focus, self._runner = state, focus, runner
        self._is_watched = False
        self._follows_model = False
        self._found: _Found | None = None
        self._job: Job[Outline | None] | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self._look)
        state.detections_changed.connect(self._on_detections_changed)
        for signal in (focus.changed, state.slice_changed, state.volume_changed, state.stack_changed, state.slice_read):
            signal.connect(self._on_changed)

    @property
    def follows_model(self) -> bool:
        """Whether outlines come from the model's own mask rather than from the slice's edges."""
        return self._follows_model

    def follow_model(self, follows: bool) -> None:
        """Take outlines from the model's mask, or from the slice's edges again."""
        if follows != self._follows_model:
            self._follows_model = follows
            self.changed.emit()
            self._on_changed()

    @property
    def has_mask(self) -> bool:
        """Whether the model answered with a mask on the current slice."""
        return self._mask() is not None

    @property
    def outline(self) -> Outline | None:
        """The outline of what is in focus now, None where there is none or it is still looked for."""
        return self._found.outline if self._found is not None and self._found.place == self._place() else None

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to look for."""
        place = self._place()
        return place is None or (self._found is not None and self._found.place == place)

    def watch(self, is_watched: bool) -> None:
        """Look for outlines, or rest while nobody sees them."""
        self._is_watched = is_watched
        if is_watched:
            self._on_changed()
        else:
            self._pause.stop()

    def _on_changed(self) -> None:
        if self._is_watched and not self.is_settled:
            self._pause.start()

    def _on_detections_changed(self, index: int) -> None:
        if self._follows_model and index in (-1, self._state.slice_index):
            self._on_changed()

    def _place(self) -> _Place | None:
        target, volume = self._focus.target, self._state.volume
        if target is None or volume is None or volume.is_colour or not self._focus.is_on_slice:
            return None
        if not volume.is_read[target.slice_index]:
            return None
        mask = self._mask()
        source = (0 if mask is None else id(mask)) if self._follows_model else None
        return _Place(id(volume), target.slice_index, target.box, source)

    def _mask(self) -> FloatArray | None:
        answer = self._state.detections.get(self._state.slice_index)
        return None if answer is None else answer.mask

    def _look(self) -> None:
        place, volume = self._place(), self._state.volume
        if place is None or volume is None:
            return
        spacing = volume.geometry.pixel_spacing_mm
        find: Callable[[Task], Outline | None]
        if self._follows_model:
            find = partial(_find_in_mask, self._mask(), volume.voxels[place.slice_index].shape[:2], place.box, spacing)
        else:
            find = partial(_find, volume.voxels[place.slice_index], place.box, spacing)
        if self._runner is None:
            self._take(place, find(Task()))
            return
        if self._job is not None:
            self._job.cancel()
        job = self._runner.start("Outlining the lesion", find, is_quiet=True)
        self._job = job
        job.succeeded.connect(lambda outline: self._take(place, outline))
        job.finished.connect(lambda: self._on_ended(job))

    def _take(self, place: _Place, outline: Outline | None) -> None:
        self._found = _Found(place, outline)
        self.changed.emit()

    def _on_ended(self, job: "Job[Outline | None]") -> None:
        if job is self._job:
            self._job = None


def _find_in_mask(
    mask: FloatArray | None, shape: tuple[int, int], box: Box, spacing_mm: tuple[float, float], _task: Task
) -> Outline | None:
    return None if mask is None else mask_outline(mask, shape, box, spacing_mm)


def _find(values: VoxelArray, box: Box, spacing_mm: tuple[float, float], _task: Task) -> Outline | None:
    return find_outline(values, box, spacing_mm)
