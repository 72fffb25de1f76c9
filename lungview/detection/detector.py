"""What all detectors share: slices asked for lazily, answered one by one, on whatever device still has memory."""

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

import numpy as np
import torch
from torch import nn

from lungview.detection.device import choose_device
from lungview.domain.arrays import HuArray
from lungview.domain.detection import ModelInfo, SliceDetections
from lungview.domain.volume import Volume
from lungview.errors import DetectionError, DeviceMemoryError
from lungview.task import Task

log = logging.getLogger(__name__)

LARGEST_BATCH = {"cuda": 8, "mps": 4, "cpu": 1}
"""On a CPU a batch gains nothing and keeps whoever waits for its first slice waiting."""


class Reader(Protocol):
    """How one network is fed and read."""

    def __call__(
        self, network: nn.Module, volume: Volume, indices: list[int], device: torch.device
    ) -> list[SliceDetections]:
        """Answer for each index."""
        ...


class NetworkDetector:
    """A network behind the Detector protocol."""

    def __init__(self, network: nn.Module, reader: Reader, info: ModelInfo, device: str = "auto") -> None:
        self._reader = reader
        self._info = info
        self._network = network
        self._device = torch.device("cpu")
        self._batch = 1
        self._move_to(choose_device(device))

    @property
    def info(self) -> ModelInfo:
        """What the model is."""
        return self._info

    @property
    def device(self) -> str:
        """Where it runs now: "cpu", "cuda", "mps"."""
        return self._device.type

    def detect(self, volume: Volume, indices: Iterable[int], task: Task) -> Iterator[SliceDetections]:
        """Yield each asked slice's detections in the order asked; the first slice alone, so that it shows at once."""
        if volume.is_colour:
            raise DetectionError("This series holds colour pictures, not CT numbers: choose a CT series to detect on.")
        asked = iter(indices)
        size = 1
        while True:
            task.check()
            batch = list(islice(asked, size))
            if not batch:
                return
            for index in batch:
                _require_read(volume, index)
            for result in self._answers(volume, batch):
                task.check()
                yield result
            size = self._batch

    def _answers(self, volume: Volume, batch: list[int]) -> Iterator[SliceDetections]:
        """Answer a batch; where memory does not suffice, smaller ones, and at last on the CPU."""
        waiting = batch
        while waiting:
            part = waiting[: self._batch]
            try:
                results = self._reader(self._network, volume, part, self._device)
            except (RuntimeError, MemoryError) as error:
                if not _is_memory(error):
                    raise DetectionError(
                        f"The {self.device} device failed ({_first_line(error)}): choose device cpu in the settings."
                    ) from error
                self._shrink(error)
                continue
            yield from results
            waiting = waiting[len(part) :]

    def _shrink(self, error: Exception) -> None:
        if self._batch > 1:
            self._batch //= 2
            log.warning("out of memory on %s: going on with batches of %d", self.device, self._batch)
        elif self.device != "cpu":
            log.warning("out of memory on %s: going on on the CPU", self.device)
            self._move_to(torch.device("cpu"))
        else:
            raise DeviceMemoryError("Memory does not suffice for one slice: close other programs.") from error
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _move_to(self, device: torch.device) -> None:
        """Place the network; a device that refuses it is left for the CPU."""
        try:
            self._network = self._network.to(device=device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            self._device = device
        except (RuntimeError, MemoryError) as error:
            if device.type == "cpu":
                raise DeviceMemoryError("Memory does not suffice for this model: close other programs.") from error
            log.warning("%s cannot hold the model (%s): going on on the CPU", device.type, _first_line(error))
            self._network = self._network.to(device="cpu")
            self._device = torch.device("cpu")
        self._batch = LARGEST_BATCH.get(self._device.type, 1)


def slices_of(volume: Volume, indices: list[int]) -> HuArray:
    """(N, rows, columns) int16 HU of the asked slices; a copy."""
    return np.stack([volume.voxels[index] for index in indices]).astype(np.int16)


def _require_read(volume: Volume, index: int) -> None:
    if not 0 <= index < volume.slice_count:
        raise DetectionError(f"Slice {index + 1} does not exist: the series has {volume.slice_count} slices.")
    if not volume.is_read[index]:
        raise DetectionError(f"Slice {index + 1} has not been read yet: wait until the series is open.")


def _is_memory(error: Exception) -> bool:
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return "out of memory" in str(error).lower() or "can't allocate memory" in str(error).lower()


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n", 1)[0][:120]
