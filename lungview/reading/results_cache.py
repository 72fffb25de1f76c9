"""A detector that remembers: what it said of a series is kept, so that the series opens with its boxes next time."""

import hashlib
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from lungview.domain.detection import Detector, ModelInfo, SliceDetections
from lungview.domain.volume import Volume
from lungview.reading.results_store import Results, ResultsStore
from lungview.task import Task

SAVE_EVERY_S = 15.0
"""New answers are saved this often, so that a crash costs little."""

_FORMAT = 3
"""Grows when stored files or the way they are keyed change."""


class CachedDetector:
    """Answers from a folder where it can, and from the detector behind it where it can't.

    version: of the code that turns weights into boxes; results of another one are not used. Reading stays lazy: an
    index is drawn only when the answer before it was taken or the detector behind asks for more. Answers of a volume
    that is still being read are passed on but not kept.
    """

    def __init__(self, detector: Detector, folder: Path, *, version: str = "", limit_bytes: int = 1 << 30) -> None:
        self._detector = detector
        self._version = version
        self._store = ResultsStore(folder, limit_bytes)

    @property
    def info(self) -> ModelInfo:
        """What the model is."""
        return self._detector.info

    @property
    def device(self) -> str:
        """Where it runs."""
        return self._detector.device

    def detect(self, volume: Volume, indices: Iterable[int], task: Task) -> Iterator[SliceDetections]:
        """Yield each asked slice's detections in the order asked; what is known comes at once."""
        if not volume.is_read.all():
            yield from self._detector.detect(volume, indices, task)
            return
        key = self._key(volume)
        results = _Saved(self._store, key)
        asked = _Asked(indices)
        try:
            for index in asked:
                task.check()
                if index in results.known:
                    yield results.known[index]
                    continue
                for answer in self._detector.detect(volume, _unknown(index, asked, results.known), task):
                    results.add(answer)
                    yield answer
        finally:  # cancelled or left alone: what is known by now is kept
            results.save()

    def _key(self, volume: Volume) -> str:
        """Name what was looked at and by what: the images, their voxels at the ends, the weights and the code."""
        digest = hashlib.sha256()
        words = [str(_FORMAT), self._version, self.info.architecture, self.info.weights_sha256]
        words += [] if self.info.calibration is None else [f"calibration {self.info.calibration}"]
        words += [f"{each.sop_instance_uid}/{each.frame}" for each in volume.stack.instances]
        words += [str(volume.voxels.shape), str(volume.voxels.dtype)]
        words += [str(volume.geometry.is_known), str(volume.stack.instances[0].pixel_spacing_mm)]
        # A file that could not be read then may be whole now, and looked upon by its neighbours too.
        words += [f"unreadable {index}" for index, _ in volume.unreadable]
        digest.update("\n".join(words).encode())
        digest.update(np.round(volume.geometry.positions_mm, 3).tobytes())
        is_named = all(instance.sop_instance_uid for instance in volume.stack.instances)
        for index in (0, volume.slice_count - 1) if is_named else range(volume.slice_count):
            digest.update(np.ascontiguousarray(volume.voxels[index]).tobytes())
        return digest.hexdigest()[:40]


class _Saved:
    """Known answers of one series, saved when there are new ones."""

    def __init__(self, store: ResultsStore, key: str) -> None:
        self._store, self._key = store, key
        self.known: Results = store.load(key)
        self._has_new = False
        self._saved_at = time.monotonic()

    def add(self, answer: SliceDetections) -> None:
        self.known[answer.index] = answer
        self._has_new = True
        if time.monotonic() - self._saved_at > SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        if self._has_new:
            self._store.save(self._key, self.known)
            self._has_new = False
        self._saved_at = time.monotonic()


class _Asked:
    """The asked indices, where one that was drawn can be put back."""

    def __init__(self, indices: Iterable[int]) -> None:
        self._indices = iter(indices)
        self._put_back: list[int] = []

    def __iter__(self) -> Iterator[int]:
        return self

    def __next__(self) -> int:
        return self._put_back.pop() if self._put_back else next(self._indices)

    def put_back(self, index: int) -> None:
        self._put_back.append(index)


def _unknown(first: int, asked: _Asked, known: Results) -> Iterator[int]:
    """Indices for the detector behind, drawn as it asks; ends before one that is known, so that order is kept."""
    yield first
    for index in asked:
        if index in known:
            asked.put_back(index)
            return
        yield index
