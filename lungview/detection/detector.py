"""What all detectors share: slices asked for lazily, answered one by one, on whatever device still has memory."""

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Protocol

import numpy as np
import torch
from torch import nn

from lungview.detection.device import choose_device
from lungview.detection.pipeline import in_order
from lungview.domain.arrays import HuArray
from lungview.domain.detection import ModelInfo, SliceDetections
from lungview.domain.volume import Volume
from lungview.errors import DetectionError, DeviceMemoryError
from lungview.task import Task

log = logging.getLogger(__name__)

LARGEST_BATCH = {"cuda": 8, "mps": 4, "cpu": 4}
"""Slices at once. On a CPU four take a quarter less time than one by one, and more gain nothing."""


class Reader(Protocol):
    """How one network is fed and read."""

    def __call__(
        self, network: nn.Module, volume: Volume, indices: list[int], device: torch.device
    ) -> list[SliceDetections]:
        """Answer for each index."""
        ...


class _NoMemory(Exception):  # noqa: N818
    """Memory does not suffice for a batch; never leaves this module."""


class NetworkDetector:
    """A network behind the Detector protocol.

    workers: threads that each work on a batch of their own where the network runs on the CPU.
    """

    def __init__(
        self, network: nn.Module, reader: Reader, info: ModelInfo, device: str = "auto", workers: int = 1
    ) -> None:
        self._reader = reader
        self._workers = workers
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
        batches = self._batches(iter(indices), volume, task)
        first = next(batches, None)
        if first is None:
            return
        yield from self._answers(volume, first)
        workers = self._workers if self._device.type == "cpu" else 1
        for batch, answers in in_order(batches, lambda batch: self._attempt(volume, batch), workers):
            results = answers()
            for result in self._answers(volume, batch) if results is None else results:
                task.check()
                yield result

    def _batches(self, asked: Iterator[int], volume: Volume, task: Task) -> Iterator[list[int]]:
        """Draw as many indices as are worked on at once, but the first alone."""
        size = 1
        while True:
            task.check()
            batch = list(islice(asked, size))
            if not batch:
                return
            for index in batch:
                _require_read(volume, index)
            yield batch
            size = self._batch

    def _attempt(self, volume: Volume, batch: list[int]) -> list[SliceDetections] | None:
        """Answer a batch; None where memory does not suffice for it while others are worked on."""
        try:
            return self._run(volume, batch)
        except _NoMemory:
            return None

    def _answers(self, volume: Volume, batch: list[int]) -> Iterator[SliceDetections]:
        """Answer a batch; where memory does not suffice, smaller ones, and at last on the CPU."""
        waiting = batch
        while waiting:
            part = waiting[: self._batch]
            try:
                results = self._run(volume, part)
            except _NoMemory as error:
                self._shrink(error)
                continue
            yield from results
            waiting = waiting[len(part) :]

    def _run(self, volume: Volume, batch: list[int]) -> list[SliceDetections]:
        """Ask the network; tells want of memory from other failures of the device."""
        try:
            return self._reader(self._network, volume, batch, self._device)
        except (RuntimeError, MemoryError) as error:
            if _is_memory(error):
                raise _NoMemory from error
            raise DetectionError(
                f"The {self.device} device failed ({_first_line(error)}): choose device cpu in the settings."
            ) from error

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
