"""What a model proposes, and what every model must be able to do."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from lungview.domain.arrays import FloatArray
from lungview.domain.box import Box
from lungview.domain.volume import Volume
from lungview.task import Task


@dataclass(frozen=True, slots=True)
class Detection:
    """A box that a model proposes on one slice. score: model output in [0, 1], None for models without one."""

    box: Box
    score: float | None


@dataclass(frozen=True, slots=True, eq=False)
class SliceDetections:
    """All that a model says of one slice.

    index: slice index in the volume. detections: best score first, down to the model's lowest useful score,
        so that a threshold can be moved without running again.
    attention: (h, w) float32 in [0, 1], where the model looked, covering the whole slice at the model's own,
        coarser grid (its first and last rows and columns are the slice's edges); None where a model has none.
    mask: the same of how likely each place belongs to a lesion, for models that learned from outlines.
    """

    index: int
    detections: tuple[Detection, ...]
    attention: FloatArray | None = None
    mask: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A named stop of the score threshold, with what validation showed there.

    false_marks_per_scan, sensitivity: measured on validation patients, None where nobody measured them.
    """

    name: str
    score_threshold: float
    sensitivity: float | None = None
    false_marks_per_scan: float | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a reader may know of a model. weights_sha256 names the weights; it keys cached results.

    calibration: temperature and bias that its scores have gone through, so that they can be taken for chances; None
    where scores are as the network gives them. stops_note: a sentence on what the operating points rest on, "" where
    nothing need be said.
    """

    name: str
    title: str
    architecture: str
    weights_sha256: str
    parameters: int
    has_score: bool
    has_attention: bool
    operating_points: tuple[OperatingPoint, ...] = ()
    summary: str = ""
    calibration: tuple[float, float] | None = None
    stops_note: str = ""

    @property
    def default_threshold(self) -> float:
        """The score threshold to start with: the balanced operating point, else the middle one, else 0."""
        for point in self.operating_points:
            if point.name == "balanced":
                return point.score_threshold
        return self.operating_points[len(self.operating_points) // 2].score_threshold if self.operating_points else 0.0


class Detector(Protocol):
    """A model that finds lesions on the slices of a volume."""

    @property
    def info(self) -> ModelInfo:
        """What the model is."""
        ...

    @property
    def device(self) -> str:
        """Where it runs: "cpu", "cuda", "mps"."""
        ...

    def detect(self, volume: Volume, indices: Iterable[int], task: Task) -> Iterator[SliceDetections]:
        """Yield each asked slice's detections as soon as they are known, in the order asked.

        indices is drawn from lazily, a batch at a time, so the caller may put the slice being looked at first at any
        moment. Raises Cancelled when the task is, DetectionError with a remedy when the device fails.
        """
        ...
