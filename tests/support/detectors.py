"""A detector whose answers are known beforehand, and that tells what was asked of it and when."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np

from lungview.domain.box import Box
from lungview.domain.detection import Detection, ModelInfo, OperatingPoint, SliceDetections
from lungview.domain.volume import Volume
from lungview.task import Task

MODEL = ModelInfo(
    name="scripted",
    title="Scripted detector",
    architecture="none",
    weights_sha256="0" * 64,
    parameters=0,
    has_score=True,
    has_attention=True,
    operating_points=(OperatingPoint("balanced", 0.5, 0.8, 1.0),),
)


class ScriptedDetector:
    """Answers from a table, a batch at a time. asked: the indices it was given, in order. runs: calls of detect."""

    def __init__(
        self,
        boxes: Mapping[int, Sequence[tuple[Box, float | None]]] | None = None,
        *,
        info: ModelInfo = MODEL,
        batch: int = 1,
    ) -> None:
        self._boxes = boxes or {}
        self._info = info
        self._batch = batch
        self.asked: list[int] = []
        self.runs = 0

    @property
    def info(self) -> ModelInfo:
        return self._info

    @property
    def device(self) -> str:
        return "cpu"

    def detect(self, volume: Volume, indices: Iterable[int], task: Task) -> Iterator[SliceDetections]:
        self.runs += 1
        drawn = iter(indices)
        while batch := list(islice(drawn, self._batch)):
            for index in batch:
                task.check()
                self.asked.append(index)
                yield self.answer(index)

    def answer(self, index: int) -> SliceDetections:
        """What it says of a slice."""
        detections = tuple(Detection(box, score) for box, score in self._boxes.get(index, ()))
        attention = np.full((4, 4), (index % 5) / 5, dtype=np.float32)
        return SliceDetections(index, detections, attention)
