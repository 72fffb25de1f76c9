"""A model's answers on disk, one file per series and model, kept within a size."""

import contextlib
import io
import logging
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lungview.domain.arrays import FloatArray
from lungview.domain.box import Box
from lungview.domain.detection import Detection, SliceDetections
from lungview.files import write_atomically

log = logging.getLogger(__name__)

Results = dict[int, SliceDetections]
"""Answers by slice index."""

_UNREADABLE = (OSError, ValueError, KeyError, EOFError, MemoryError, zipfile.BadZipFile, zlib.error)


class ResultsStore:
    """A folder of results; files not used longest go first when it grows over limit_bytes."""

    def __init__(self, folder: Path, limit_bytes: int = 1 << 30) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes

    def load(self, key: str) -> Results:
        """The answers stored under key, empty where there are none; a damaged file is removed."""
        path = self._path(key)
        if not path.exists():
            return {}
        try:
            if not zipfile.is_zipfile(path):
                raise ValueError("no npz file")
            with np.load(path, allow_pickle=False) as arrays:
                results = _unpack({name: arrays[name] for name in arrays.files})
            path.touch()  # the time of last use decides what goes first
        except _UNREADABLE as error:
            log.warning("stored results are damaged and are made anew: %s", type(error).__name__)
            with contextlib.suppress(OSError):
                path.unlink()
            return {}
        return results

    def save(self, key: str, results: Mapping[int, SliceDetections]) -> None:
        """Store answers under key. A disk that is full or read-only is logged only: results can be made again."""
        buffer = io.BytesIO()
        packed = _pack(results)
        np.savez_compressed(
            buffer,
            indices=packed["indices"],
            counts=packed["counts"],
            boxes=packed["boxes"],
            scores=packed["scores"],
            map_shapes=packed["map_shapes"],
            maps=packed["maps"],
            mask_shapes=packed["mask_shapes"],
            masks=packed["masks"],
        )
        try:
            write_atomically(self._path(key), buffer.getvalue())
            self._shrink(keep=self._path(key))
        except OSError as error:
            log.warning("results could not be stored: %s", error.strerror or type(error).__name__)

    def _path(self, key: str) -> Path:
        return self._folder / f"{key}.npz"

    def _shrink(self, keep: Path) -> None:
        stored = [(path.stat(), path) for path in self._folder.glob("*.npz")]
        total = sum(status.st_size for status, _ in stored)
        for status, path in sorted(stored, key=lambda each: (each[0].st_mtime_ns, each[1].name)):
            if total <= self._limit_bytes:
                return
            if path != keep:
                path.unlink(missing_ok=True)
                total -= status.st_size


def _pack(results: Mapping[int, SliceDetections]) -> dict[str, NDArray[np.generic]]:
    """Flat arrays: boxes of all slices one after another, with counts; maps likewise, with shapes, in 256 steps."""
    answers = [results[index] for index in sorted(results)]
    detections = [detection for answer in answers for detection in answer.detections]
    return {
        "indices": np.array([answer.index for answer in answers], dtype=np.int64),
        "counts": np.array([len(answer.detections) for answer in answers], dtype=np.int64),
        "boxes": np.array([each.box.as_tuple() for each in detections], dtype=np.float64).reshape(-1, 4),
        "scores": np.array([np.nan if each.score is None else each.score for each in detections], dtype=np.float64),
        **_pack_maps("map", [answer.attention for answer in answers]),
        **_pack_maps("mask", [answer.mask for answer in answers]),
    }


def _pack_maps(name: str, maps: Sequence[FloatArray | None]) -> dict[str, NDArray[np.generic]]:
    """Maps of all slices one after another, with their shapes, (0, 0) for none."""
    steps = [np.zeros((0, 0), np.uint8) if each is None else _steps(each) for each in maps]
    return {
        f"{name}_shapes": np.array([each.shape for each in steps], dtype=np.int64).reshape(-1, 2),
        f"{name}s": np.concatenate([np.zeros(0, np.uint8), *(each.ravel() for each in steps)]),
    }


def _steps(chances: FloatArray) -> NDArray[np.uint8]:
    steps: NDArray[np.uint8] = np.rint(np.clip(np.nan_to_num(chances), 0, 1) * 255).astype(np.uint8)
    return steps


def _unpack(arrays: Mapping[str, NDArray[np.generic]]) -> Results:
    """Undo _pack. Raises ValueError or KeyError where the arrays don't fit together."""
    indices, counts = (arrays[name].astype(np.int64) for name in ("indices", "counts"))
    boxes, scores = arrays["boxes"].astype(np.float64), arrays["scores"].astype(np.float64)
    fits = counts.shape == indices.shape and boxes.shape == (counts.sum(), 4)
    if not fits or len(scores) != len(boxes) or counts.min(initial=0) < 0:
        raise ValueError("arrays of different lengths")
    if not np.isfinite(boxes).all():
        raise ValueError("boxes are not what they should be")
    attention, masks = (_unpack_maps(name, arrays, len(indices)) for name in ("map", "mask"))
    box_ends = np.cumsum(counts)
    results: Results = {}
    for place, index in enumerate(indices.tolist()):
        own = slice(box_ends[place] - counts[place], box_ends[place])
        results[index] = SliceDetections(
            index=index,
            detections=tuple(map(_detection, boxes[own].tolist(), scores[own].tolist())),
            attention=attention[place],
            mask=masks[place],
        )
    return results


def _unpack_maps(name: str, arrays: Mapping[str, NDArray[np.generic]], count: int) -> list[FloatArray | None]:
    """Undo _pack_maps."""
    shapes, steps = arrays[f"{name}_shapes"].astype(np.int64), arrays[f"{name}s"]
    if shapes.shape != (count, 2) or shapes.min(initial=0) < 0 or steps.shape != (shapes.prod(axis=1).sum(),):
        raise ValueError("maps are not what they should be")
    parts = np.split(steps, np.cumsum(shapes.prod(axis=1))[:-1]) if count else []
    pairs = zip(parts, shapes.tolist(), strict=True)
    return [(part.astype(np.float32) / 255).reshape(shape) if part.size else None for part, shape in pairs]


def _detection(corners: list[float], score: float) -> Detection:
    return Detection(Box(*corners), None if np.isnan(score) else score)
