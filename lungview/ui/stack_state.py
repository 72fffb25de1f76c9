"""What is looked at: the open case, its stack, the stack's volume, the slice. Says nothing of what is found there."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, Signal

from lungview.domain.geometry import Point
from lungview.domain.graphics import SliceGraphics
from lungview.domain.study import Stack
from lungview.domain.volume import Volume

if TYPE_CHECKING:  # costs pydicom's import, which must not come before the first paint
    from lungview.reading.case import Case


class StackState(QObject):
    """What is looked at. One signal per fact, emitted only on a real change; all on the GUI thread."""

    case_changed = Signal()
    stack_about_to_change = Signal()
    """Last chance to keep what belongs to the stack shown so far."""
    stack_changed = Signal()
    """Another stack was chosen (or none): volume, findings, detections and selection start anew."""
    volume_changed = Signal()
    """The stack's voxels are allocated; slices follow one by one."""
    slice_read = Signal(int)
    graphics_read = Signal(int)
    """What the file lays over this slice is there."""
    slice_changed = Signal(int)
    viewed_changed = Signal(int)
    """This slice was looked at for the first time."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._case: Case | None = None
        self._box_counts: Mapping[str, int] = {}
        self._stack: Stack | None = None
        self._volume: Volume | None = None
        self._graphics: dict[int, SliceGraphics] = {}
        self._slice_index = 0
        self._viewed: set[int] = set()

    @property
    def case(self) -> "Case | None":
        """The open folder with its annotations."""
        return self._case

    @property
    def box_counts(self) -> Mapping[str, int]:
        """How many boxes readers drew, by stack key."""
        return self._box_counts

    def open_case(self, case: "Case | None", box_counts: Mapping[str, int] | None = None) -> None:
        """Replace the open case; no stack is chosen yet. box_counts: as count_boxes gives them, for a large case."""
        self.choose_stack(None)
        self._case = case
        self._box_counts = box_counts if box_counts is not None else (count_boxes(case) if case is not None else {})
        self.case_changed.emit()

    @property
    def stack(self) -> Stack | None:
        """The stack being shown."""
        return self._stack

    def choose_stack(self, stack: Stack | None) -> None:
        """Show another stack, starting at its middle slice."""
        if stack is self._stack:
            return
        self.stack_about_to_change.emit()
        self._stack, self._volume = stack, None
        self._graphics.clear()
        self._slice_index = stack.slice_count // 2 if stack else 0
        self._viewed.clear()
        self._begin_stack()
        self.stack_changed.emit()

    def _begin_stack(self) -> None:
        """Begin anew with what is said of a stack, before the change is told."""

    @property
    def volume(self) -> Volume | None:
        """The stack's voxels, filled while they are read; None until they are allocated."""
        return self._volume

    def set_volume(self, volume: Volume) -> None:
        """Take the allocated voxels; those of a stack no longer shown are dropped."""
        if self._stack is not None and volume.stack.key == self._stack.key:
            self._volume = volume
            self.volume_changed.emit()

    def announce_slice_read(self, stack_key: str, index: int) -> None:
        """Tell the panes that a slice's voxels are final."""
        if self._stack is not None and stack_key == self._stack.key:
            self.slice_read.emit(index)

    @property
    def graphics(self) -> Mapping[int, SliceGraphics]:
        """What files lay over their slices, as far as it is read, by slice index."""
        return self._graphics

    def add_graphics(self, stack_key: str, index: int, graphics: SliceGraphics) -> None:
        """Take what lies over a slice; that of a stack no longer shown is dropped."""
        if self._stack is not None and stack_key == self._stack.key:
            self._graphics[index] = graphics
            self.graphics_read.emit(index)

    @property
    def slice_index(self) -> int:
        """Index of the slice being looked at, in the stack's order."""
        return self._slice_index

    def go_to_slice(self, index: int) -> None:
        """Look at another slice; held to the stack's ends."""
        if self._stack is None:
            return
        index = min(max(index, 0), self._stack.slice_count - 1)
        if index != self._slice_index:
            self._slice_index = index
            self.slice_changed.emit(index)

    def step_slice(self, count: int) -> None:
        """Move by count slices."""
        self.go_to_slice(self._slice_index + count)

    def go_to_point(self, point: Point) -> None:
        """Look at the slice nearest to a patient point (x, y, z) in mm."""
        if self._volume is not None:
            index = self._volume.geometry.to_voxels(np.array([point]))[0, 0]
            self.go_to_slice(round(float(index)))

    @property
    def viewed(self) -> frozenset[int]:
        """Slices that were on screen."""
        return frozenset(self._viewed)

    def mark_viewed(self, index: int) -> None:
        """Remember that this slice was on screen."""
        if index not in self._viewed:
            self._viewed.add(index)
            self.viewed_changed.emit(index)


def count_boxes(case: "Case") -> dict[str, int]:
    """How many boxes readers drew, by stack key; looks at every instance, which in a large case takes a while."""
    return {stack.key: sum(map(len, case.findings_by_slice(stack).values())) for stack in case.scan.stacks}
