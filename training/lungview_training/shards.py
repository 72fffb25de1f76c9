"""Decoded slices on disk: one .npy of int16 that is mapped into memory, and an index in JSON.

The array is flat. A slice stands in it row by row; labels, which are bytes, follow two to a number. Slices without
labels store none. A file is written beside its place and moved there when whole, the index last, so that what can be
found is complete.
"""

import json
import os
import secrets
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lungview.domain.arrays import HuArray, UInt8Array
from lungview.domain.study import PixelFormat
from lungview.files import parse_json, write_atomically
from lungview_training.samples import Sample, no_labels
from lungview_training.units import Batch

FORMAT = 1
"""Grows when the files change."""

_HEADER = 128
"""Bytes before the numbers; numpy pads the header of a flat array to this."""

_SPOTS, _SPOT = 16, 4096
"""How many places of how many bytes are compared with the index when a shard is opened."""

_BAD = (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError)

Plain = dict[str, object]


class ShardError(Exception):
    """A shard is not there, or not what its index says; it is to be made again."""


@dataclass(frozen=True, slots=True)
class Shard:
    """What a shard holds. left_out: sentences on what could not be read when it was made."""

    samples: tuple[Sample, ...]
    left_out: tuple[str, ...]


def data_path(folder: Path, name: str) -> Path:
    """Where a shard's numbers are."""
    return folder / f"{name}.npy"


def index_path(folder: Path, name: str) -> Path:
    """Where a shard's index is."""
    return folder / f"{name}.json"


def write_shard(folder: Path, name: str, batches: Iterable[Batch], left_out: Sequence[str]) -> None:
    """Write batches one after another, holding one of them in memory; left_out is read when all are written.

    Raises OSError, and then leaves nothing behind.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{name[:40]}.{secrets.token_hex(6)}.part"
    try:
        with temporary.open("xb") as file:
            writer = _Writer(file)
            for batch in batches:
                writer.add(batch)
            writer.finish()
        spots = _spots(temporary)
        temporary.replace(data_path(folder, name))
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    index: Plain = {
        "format": FORMAT,
        "count": writer.count,
        "spots": spots,
        "slices": writer.slices,
        "samples": writer.samples,
        "left_out": list(left_out),
    }
    write_atomically(index_path(folder, name), json.dumps(index, separators=(",", ":")).encode("utf-8"))


def open_shard(folder: Path, name: str) -> Shard:
    """Map a shard; samples' arrays are read-only views of it. Raises ShardError where it is absent or damaged."""
    try:
        index = parse_json(index_path(folder, name).read_bytes(), is_nan_fine=True)
        path = data_path(folder, name)
        if index["format"] != FORMAT or path.stat().st_size != _HEADER + 2 * index["count"]:
            raise ShardError("of another size or format")
        if index["spots"] != _spots(path):
            raise ShardError("damaged")
        return _mapped(path, index)
    except _BAD as error:
        raise ShardError(type(error).__name__) from error


def allow_files(count: int) -> None:
    """Let this process keep count files mapped and some more, where the system can be asked to."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * count + 256
    if soft < wanted:
        with suppress(ValueError, OSError):
            ceiling = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (ceiling, hard))


@dataclass(slots=True)
class _Writer:
    """Puts numbers behind each other. count: numbers so far; slices: [start, rows, columns] each."""

    file: BinaryIO
    count: int = 0
    slices: list[list[int]] = field(default_factory=list)
    samples: list[Plain] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.file.write(b"\0" * _HEADER)

    def add(self, batch: Batch) -> None:
        """Write a batch; slices that its samples share are written once."""
        places: dict[int, int] = {}

        def place(hu: HuArray) -> int:
            if id(hu) not in places:
                places[id(hu)] = self._put_slice(hu)
            return places[id(hu)]

        for sample in batch:
            self.samples.append(
                {
                    **_plain(sample),
                    "slice": place(sample.hu),
                    "labels": self._put_labels(sample.labels) if sample.is_labelled else None,
                    "neighbours": [None if each is None else place(each) for each in sample.neighbours],
                }
            )

    def finish(self) -> None:
        """Write the header that np.load expects, now that the length is known."""
        text = f"{{'descr': '<i2', 'fortran_order': False, 'shape': ({self.count},), }}"
        size = _HEADER - 10
        header = b"\x93NUMPY\x01\x00" + size.to_bytes(2, "little") + text.ljust(size - 1).encode("ascii") + b"\n"
        self.file.seek(0)
        self.file.write(header)
        self.file.flush()
        os.fsync(self.file.fileno())

    def _put_slice(self, hu: HuArray) -> int:
        self.slices.append([self._put(np.ascontiguousarray(hu, dtype="<i2").tobytes()), *hu.shape])
        return len(self.slices) - 1

    def _put_labels(self, labels: UInt8Array) -> int:
        data = np.ascontiguousarray(labels).tobytes()
        return self._put(data + b"\0" * (len(data) % 2))

    def _put(self, data: bytes) -> int:
        start = self.count
        self.file.write(data)
        self.count += len(data) // 2
        return start


def _plain(sample: Sample) -> Plain:
    """All of a sample but its arrays of pixels."""
    return {
        "patient": sample.patient,
        "name": sample.name,
        "boxes": [[float(side) for side in box] for box in sample.boxes],
        "has_mask": sample.has_mask,
        "is_negative_known": sample.is_negative_known,
        "series": sample.series,
        "label": sample.label,
        "series_label": sample.series_label,
        "pixels": None if sample.pixels is None else asdict(sample.pixels),
        "subtype": sample.subtype,
        "study": sample.study,
        "digest": sample.digest,
    }


def _mapped(path: Path, index: Plain) -> Shard:
    numbers = _map(path)
    slices = [_view(numbers, *place) for place in _list(index["slices"])]
    formats: dict[str, PixelFormat] = {}
    samples = tuple(_samples(numbers, slices, _list(index["samples"]), formats))
    return Shard(samples, tuple(str(each) for each in _list(index["left_out"])))


def _samples(
    numbers: HuArray, slices: Sequence[HuArray], rows: Sequence[Plain], formats: dict[str, PixelFormat]
) -> Iterator[Sample]:
    for row in rows:
        hu, start = slices[_whole(row["slice"])], row["labels"]
        yield Sample(
            patient=_word(row["patient"]),
            name=str(row["name"]),
            hu=hu,
            labels=no_labels(hu.shape) if start is None else _labels(numbers, _whole(start), hu.shape),
            boxes=np.array(row["boxes"], dtype=np.float32).reshape(-1, 4),
            has_mask=bool(row["has_mask"]),
            is_negative_known=bool(row["is_negative_known"]),
            neighbours=tuple(None if place is None else slices[place] for place in _list(row["neighbours"])),
            series=_word(row["series"]),
            label=_flag(row["label"]),
            series_label=_flag(row["series_label"]),
            pixels=_format(row["pixels"], formats),
            subtype=_word(row["subtype"]),
            study=_word(row["study"]),
            digest=str(row["digest"]),
            is_labelled=start is not None,
        )


def _word(value: object) -> str:
    """Equal words kept once: many slices have one patient, study and series."""
    return sys.intern(str(value))


def _flag(value: object) -> bool | None:
    return None if value is None else bool(value)


def _format(plain: object, formats: dict[str, PixelFormat]) -> PixelFormat | None:
    """Formats kept once: a series' slices are stored alike but for where their pixels begin."""
    if not isinstance(plain, dict):
        return None
    key = repr(plain)
    if key not in formats:
        padding = plain["padding"]
        formats[key] = PixelFormat(**{**plain, "padding": None if padding is None else tuple(padding)})
    return formats[key]


def _map(path: Path) -> HuArray:
    """(N,) the numbers of a file, read-only; a plain view, since each memmap object is large."""
    if path.stat().st_size == _HEADER:
        return np.zeros(0, dtype=np.int16)
    return np.asarray(np.memmap(path, dtype="<i2", mode="r", offset=_HEADER))


def _view(numbers: HuArray, start: int, rows: int, columns: int) -> HuArray:
    return numbers[start : start + rows * columns].reshape(rows, columns)


def _labels(numbers: HuArray, start: int, shape: tuple[int, ...]) -> UInt8Array:
    count = shape[0] * shape[1]
    return numbers[start : start + (count + 1) // 2].view(np.uint8)[:count].reshape(shape)


def _spots(path: Path) -> list[int]:
    """Check sums of the file's ends and of places spread evenly between."""
    size = path.stat().st_size
    starts = np.linspace(0, max(0, size - _SPOT), _SPOTS).astype(int).tolist()
    sums = []
    with path.open("rb") as file:
        for start in starts:
            file.seek(start)
            sums.append(zlib.crc32(file.read(_SPOT)))
    return sums


def _list(value: object) -> list:  # type: ignore[type-arg]
    if not isinstance(value, list):
        raise ValueError("no list")
    return value


def _whole(value: object) -> int:
    if not isinstance(value, int):
        raise ValueError("no number")
    return value
