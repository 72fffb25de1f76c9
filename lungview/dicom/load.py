"""Assemble a stack into a volume, the slice being looked at first."""

import logging
import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from lungview.dicom.geometry import volume_geometry
from lungview.dicom.pixels import AIR_HU, fits_int16
from lungview.dicom.slice_threads import Outcome, read_in_threads
from lungview.dicom.slices import SliceReader
from lungview.dicom.sources import SourceReader
from lungview.domain.arrays import VoxelArray
from lungview.domain.study import Stack
from lungview.domain.volume import Volume
from lungview.errors import DicomError, InconsistentSeriesError
from lungview.patience import StalledError
from lungview.task import Task

_READERS: Final = 2
"""Threads for plain files: a second one saves a tenth of the time and more, a third one nothing."""
_DECODERS: Final = 4
"""Threads for compressed files and zip members; each holds a few slices at most."""
_CHUNK: Final = 16
"""Plain slices handed to a thread at once: one alone takes less time than the handing over."""

log = logging.getLogger(__name__)

MAX_VOLUME_BYTES: Final = 8 << 30
"""Larger volumes are refused: a header may promise anything, and the memory is not the viewer's alone."""


def load_volume(
    stack: Stack, task: Task, *, first: int | None = None, on_slice: Callable[[Volume, int], None] | None = None
) -> Volume:
    """Read a stack's voxels: int16 HU for CT, float32 where a unit needs it, uint8 RGB for colour.

    Slices are read from first (the middle where None) outwards, and on_slice is called in this thread for each as soon
    as it is final, with a volume that shares its voxels with the one returned. Slices that cannot be decoded become
    air and are listed as unreadable; DicomError is raised where none can be, InconsistentSeriesError where the slices
    fit into no volume, Cancelled soon after the task is, even while a drive does not answer.
    """
    volume = _allocate(stack)
    count = stack.slice_count
    failures: dict[int, DicomError] = {}
    with SourceReader() as sources:
        reader = SliceReader(volume, sources)
        order = outward(count // 2 if first is None else min(max(first, 0), count - 1), count)
        for done, (k, failure) in enumerate(_told(_read_all(reader, order, task), stack), start=1):
            if failure is not None:
                volume.voxels[k] = _air(stack)
                failures[k] = failure
            volume.is_read[k] = True
            if on_slice is not None:
                on_slice(volume, k)
            task.step(done, count)
    if len(failures) == count:
        raise failures[min(failures)]
    notes = (_note_on_held(len(reader.held)),) if reader.held else ()
    if not failures and not notes:
        return volume
    log.info("%d of %d slices cannot be decoded, %d held to int16", len(failures), count, len(reader.held))
    return replace(volume, unreadable=tuple((k, str(failures[k])) for k in sorted(failures)), notes=notes)


def outward(first: int, count: int) -> list[int]:
    """Return 0 to count - 1 by distance from first: first, the one after, the one before, and so on."""
    return sorted(range(count), key=lambda k: (abs(k - first), -k))


def _read_all(reader: SliceReader, order: Sequence[int], task: Task) -> Iterator[Outcome]:
    """Read slices in about this order, the first one alone; yield each as soon as it is final."""
    task.check()
    yield from read_in_threads(reader.read, [order[:1]], 1, task)
    chunk = _CHUNK if reader.is_quick else 1
    left = order[1:]
    workers = min(_READERS if reader.is_quick else _DECODERS, os.cpu_count() or 1) if len(left) >= 4 * chunk else 1
    yield from read_in_threads(reader.read, [left[at : at + chunk] for at in range(0, len(left), chunk)], workers, task)


def _told(outcomes: Iterator[Outcome], stack: Stack) -> Iterator[Outcome]:
    """Word that a drive does not answer."""
    try:
        yield from outcomes
    except StalledError as error:
        raise DicomError(
            f"The files of {stack.name} no longer answer. Check their disk or the network, then open the series again."
        ) from error


def _allocate(stack: Stack) -> Volume:
    """Return a volume of the stack's size, nothing read yet; refuse what is inconsistent or too large."""
    geometry = volume_geometry(stack)
    formats = {(pixels.rows, pixels.columns, pixels.is_colour) for pixels in (one.pixels for one in stack.instances)}
    if len(formats) > 1:
        raise InconsistentSeriesError(f"The slices of {stack.name} differ in size. Open them one by one.")
    voxels = _empty_voxels(stack, geometry.shape)
    return Volume(stack, voxels, geometry, np.zeros(stack.slice_count, dtype=np.bool_))


def _empty_voxels(stack: Stack, shape: tuple[int, int, int]) -> VoxelArray:
    """Return voxels of the type that the stack's values need, not yet set."""
    is_colour = stack.instances[0].pixels.is_colour
    is_int16 = not is_colour and fits_int16(stack)
    needed = math.prod(shape) * (3 if is_colour else 2 if is_int16 else 4)
    allowed = _allowed_bytes()
    if needed > allowed:
        raise InconsistentSeriesError(
            f"{stack.name} would need {needed / (1 << 30):.1f} GiB of memory, more than the"
            f" {allowed / (1 << 30):.1f} GiB allowed here. Open a part of its slices."
        )
    try:
        if is_colour:
            return np.empty((*shape, 3), dtype=np.uint8)
        return np.empty(shape, dtype=np.int16) if is_int16 else np.empty(shape, dtype=np.float32)
    except MemoryError as error:
        raise DicomError(
            f"{stack.name} needs {needed >> 20} MiB of memory, which are not free. Close other programs and try again."
        ) from error


def _allowed_bytes() -> int:
    """Return what a volume may take: MAX_VOLUME_BYTES, or three quarters of the machine's memory where that is less."""
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return MAX_VOLUME_BYTES  # the system does not tell
    return min(MAX_VOLUME_BYTES, memory * 3 // 4) if memory > 0 else MAX_VOLUME_BYTES


def _air(stack: Stack) -> int:
    return AIR_HU if stack.unit == "HU" and not stack.instances[0].pixels.is_colour else 0


def _note_on_held(count: int) -> str:
    return (
        f"{count} slices hold values beyond the range of -32768 to 32767; those were held to its ends."
        " Take no measurements there."
    )
