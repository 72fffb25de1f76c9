"""Read overlay planes, the graphics that files lay over their slices (DICOM PS3.3 C.9.2 and C.9.3)."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from lungview.dicom import problems, syntaxes, tags
from lungview.dicom.load import outward
from lungview.dicom.pydicom_bounds import Bounded, parse
from lungview.dicom.pydicom_header import name_syntax
from lungview.dicom.pydicom_quiet import quiet
from lungview.dicom.slice_threads import PATIENCE_S
from lungview.dicom.sources import SourceReader
from lungview.domain.arrays import BoolArray
from lungview.domain.graphics import SliceGraphics
from lungview.domain.study import FileSource, Instance, Stack
from lungview.errors import DicomError
from lungview.patience import StalledError, watched
from lungview.task import Task

if TYPE_CHECKING:
    from pydicom import Dataset

log = logging.getLogger(__name__)

_ROWS, _COLUMNS, _FRAMES, _ORIGIN, _FIRST_FRAME, _BIT, _DATA = 0x10, 0x11, 0x15, 0x50, 0x51, 0x102, 0x3000
_MOST_POINTS: Final = 1 << 28
"""Of one overlay, its frames together: a thousand slices of 512 x 512."""


@dataclass(frozen=True, slots=True)
class _Plane:
    """An overlay. points: (frame, row, column), where something is drawn; top, left: of its first point in the image.

    first: the image's frame that its first frame lies over, None where its only one lies over all.
    """

    points: BoolArray
    top: int
    left: int
    first: int | None

    def over(self, frame: int) -> BoolArray | None:
        """What lies over a frame of the image, None for nothing."""
        at = 0 if self.first is None else frame - self.first
        return np.asarray(self.points[at]) if 0 <= at < len(self.points) else None


class OverlayReader:
    """Reads what lies over planes; keeps the last multi-frame file's overlays. For one thread."""

    def __init__(self, sources: SourceReader) -> None:
        self._sources = sources
        self._kept: tuple[FileSource, list[_Plane]] | None = None

    def read(self, instance: Instance) -> SliceGraphics:
        """Return all that lies over a plane, cut to its size; nothing drawn where there are no overlays.

        Raises OSError where the file cannot be read, DicomError with a sentence where its overlays make no sense.
        """
        mask = np.zeros((instance.pixels.rows, instance.pixels.columns), np.bool_)
        for plane in self._planes(instance):
            points = plane.over(instance.frame)
            if points is not None:
                _lay(points, plane.top, plane.left, mask)
        return SliceGraphics.of(mask)

    def _planes(self, instance: Instance) -> list[_Plane]:
        source = instance.source
        if self._kept is not None and self._kept[0] == source:
            return self._kept[1]
        try:
            with quiet():
                planes = self._parsed(source)
        except OSError:
            raise
        except Exception as error:  # a broken file can raise nearly anything inside the parser
            log.info("overlays cannot be read: %s", type(error).__name__)
            raise DicomError(f"{source.name} holds graphics that cannot be read. Copy it again.") from error
        if instance.frames > 1:
            self._kept = source, planes
        return planes

    def _parsed(self, source: FileSource) -> list[_Plane]:
        from pydicom import dcmread

        with self._sources.stream(source) as stream:
            dataset: Dataset = dcmread(Bounded(stream), stop_before_pixels=True, force=True)
        groups = [group for group in tags.OVERLAY_GROUPS if (group, _ROWS) in dataset]
        if not all((group, _DATA) in dataset for group in groups):
            dataset = parse(self._sources.whole(source))
        return [_plane(dataset, group) for group in groups]


def read_overlays(
    stack: Stack, task: Task, *, first: int, on_read: Callable[[int, SliceGraphics], None]
) -> tuple[str, ...]:
    """Read what lies over the slices whose headers speak of graphics, from slice first outwards; return what failed.

    on_read: called in this thread with each such slice. The sentences returned each name a file. Raises Cancelled soon
    after the task is, even while a drive does not answer.
    """
    order = [k for k in outward(first, stack.slice_count) if stack.instances[k].has_overlay]
    failures: list[str] = []
    try:
        for done, (k, graphics) in enumerate(watched(lambda: _each(stack, order), task, PATIENCE_S), start=1):
            if isinstance(graphics, str):
                failures.append(graphics)
            else:
                on_read(k, graphics)
            task.step(done, len(order))
    except StalledError:
        failures.append(f"The files of {stack.name} no longer answer. Check their disk or the network.")
    return tuple(dict.fromkeys(failures))


def _each(stack: Stack, order: Sequence[int]) -> Iterator[tuple[int, SliceGraphics | str]]:
    with SourceReader() as sources:
        reader = OverlayReader(sources)
        for k in order:
            try:
                yield k, reader.read(stack.instances[k])
            except DicomError as error:
                yield k, str(error)
            except (OSError, MemoryError) as error:
                yield k, str(problems.failed_read(stack.instances[k].source, error))


def _plane(dataset: "Dataset", group: int) -> _Plane:
    origin = dataset.get((group, _ORIGIN))
    top, left = (int(place) - 1 for place in origin.value) if origin is not None and origin.value else (0, 0)
    begins = None if _number(dataset, group, _FRAMES) is None else (_number(dataset, group, _FIRST_FRAME) or 1) - 1
    points = _filed(dataset, group) if (group, _DATA) in dataset else _among_pixels(dataset, group)
    return _Plane(points, top, left, begins)


def _filed(dataset: "Dataset", group: int) -> BoolArray:
    """(frame, row, column) of an overlay with data of its own."""
    rows, columns = (int(dataset[group, element].value) for element in (_ROWS, _COLUMNS))
    _require_few(rows * columns * (_number(dataset, group, _FRAMES) or 1))
    data = dataset[group, _DATA]
    if dataset.original_encoding[1] is False and data.VR == "OW":  # bits count from the low end of each word
        data.value = np.frombuffer(data.value, ">u2").astype("<u2").tobytes()
    return dataset.overlay_array(group).astype(np.bool_).reshape(-1, rows, columns)


def _among_pixels(dataset: "Dataset", group: int) -> BoolArray:
    """(frame, row, column) of an overlay in unused bits of the pixels, as the standard had it until 2004."""
    if syntaxes.is_encapsulated(name_syntax(dataset)) or dataset.get("SamplesPerPixel", 1) != 1:
        raise DicomError("has graphics in bits that compressed pixels do not hold")
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    frames = int(dataset.get("NumberOfFrames") or 1)
    _require_few(rows * columns * frames)
    order = ">" if dataset.original_encoding[1] is False else "<"
    cells = np.frombuffer(dataset.PixelData, f"{order}u{dataset.BitsAllocated // 8}", rows * columns * frames)
    bit = int(dataset[group, _BIT].value)
    if not dataset.get("BitsStored", 0) <= bit < dataset.BitsAllocated:
        raise DicomError("has graphics in bits that hold pixels")
    return (cells >> bit & 1).astype(np.bool_).reshape(frames, rows, columns)


def _number(dataset: "Dataset", group: int, element: int) -> int | None:
    """Return a number of a group, None where it is absent or empty."""
    filed = dataset.get((group, element))
    return None if filed is None or filed.value in (None, "") else int(filed.value)


def _require_few(points: int) -> None:
    if not 0 < points <= _MOST_POINTS:
        raise DicomError("has graphics larger than any image")


def _lay(points: BoolArray, top: int, left: int, mask: BoolArray) -> None:
    """Add points to a mask; what stands outside it is left out."""
    rows, columns = points.shape
    inside = mask[max(top, 0) : max(top + rows, 0), max(left, 0) : max(left + columns, 0)]
    inside |= points[max(-top, 0) :, max(-left, 0) :][: inside.shape[0], : inside.shape[1]]
