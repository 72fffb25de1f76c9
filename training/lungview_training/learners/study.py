"""The study's network taught as the study did: stored values over their maximum in, squared error of one box out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lungview.detection.networks.simple_cancer_cnn import SimpleCancerCNN
from lungview.detection.readers import study_input
from lungview.domain.arrays import FloatArray
from lungview.domain.study import PixelFormat
from lungview.errors import TrainingError
from lungview_training.config import TrainingConfig
from lungview_training.data import TrainingData
from lungview_training.evaluate import Metrics, SliceResult
from lungview_training.held_slices import held_slices, in_batches
from lungview_training.learners.protocol import Batch
from lungview_training.samples import Sample

_INTERCEPT = -1024.0
"""Of slices whose file is not known: every CT of the dataset that was looked at has it, and 8-bit air becomes 0."""


@dataclass(frozen=True, slots=True, eq=False)
class StudyBatch:
    """inputs: (N, 1, size, size), shares of each slice's maximum. boxes: (N, 4) whole pixels of the network's slice."""

    inputs: Tensor
    boxes: Tensor

    def __len__(self) -> int:
        """How many slices."""
        return len(self.boxes)

    def to(self, device: torch.device) -> "StudyBatch":
        """The same on another device."""
        return StudyBatch(self.inputs.to(device), self.boxes.to(device))

    def part(self, start: int, stop: int) -> "StudyBatch":
        """Some of its slices."""
        return StudyBatch(self.inputs[start:stop], self.boxes[start:stop])


@dataclass(slots=True)
class StudySource:
    """Boxed slices as they are, shuffled, each once an epoch; the last batch of an epoch may be smaller."""

    samples: Sequence[Sample]
    size: int
    batch_size: int
    seed: int
    _order: tuple[int, list[int]] = field(init=False, default=(-1, []))

    @property
    def steps_per_epoch(self) -> int:
        """Batches until every slice was seen once."""
        return steps_per_epoch(len(self.samples), self.batch_size)

    def batch(self, step: int) -> StudyBatch:
        """The batch of a step."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if self._order[0] != epoch:
            shuffled = np.random.default_rng((self.seed, epoch)).permutation(len(self.samples))
            self._order = epoch, shuffled.tolist()
        chosen = self._order[1][place * self.batch_size : (place + 1) * self.batch_size]
        samples = [self.samples[index] for index in chosen]
        return StudyBatch(inputs_of(samples, self.size), torch.from_numpy(targets_of(samples, self.size)))


class StudyLearner:
    """Teaches SimpleCancerCNN; image_size is the side of the slices it sees, 512 in the study."""

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config

    @property
    def key(self) -> str:
        """The network's name."""
        return SimpleCancerCNN.key

    def make_network(self) -> nn.Module:
        """An untrained network on the CPU."""
        return SimpleCancerCNN(self._config.image_size)

    def make_source(self, data: TrainingData) -> StudySource:
        """Draw boxed slices alone: the network has no way to say that there is nothing."""
        boxed = [sample for sample in data.train if sample.has_lesion]
        if not boxed:
            raise TrainingError("No boxed slices are left for training, and this network learns from no others.")
        return StudySource(boxed, self._config.image_size, self._config.batch_size, self._config.seed)

    def held_batches(self, samples: Sequence[Sample]) -> Iterator[StudyBatch]:
        """Boxed slices alone."""
        boxed = [sample for sample in samples if sample.has_lesion]
        size = self._config.image_size
        for part in in_batches(held_slices(boxed, 0.0), self._config.batch_size):
            yield StudyBatch(inputs_of(part, size), torch.from_numpy(targets_of(part, size)))

    def losses(self, network: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        """Mean squared error of the four numbers, in pixels."""
        assert isinstance(batch, StudyBatch)
        return {"box": functional.mse_loss(network(batch.inputs), batch.boxes)}

    def predict(self, network: nn.Module, samples: Sequence[Sample]) -> list[SliceResult]:
        """The one box of each sample in the sample's own pixels; it has no score, so all weigh 1."""
        return predict_boxes(network, samples)

    def score(self, figures: Metrics, results: Sequence[SliceResult] = ()) -> float:
        """How well the box fits."""
        return figures.mean_iou


def steps_per_epoch(slices: int, batch_size: int) -> int:
    """Batches until each of so many slices was seen once."""
    return -(-slices // batch_size)


@torch.inference_mode()
def predict_boxes(network: nn.Module, samples: Sequence[Sample], batch_size: int = 16) -> list[SliceResult]:
    """Ask a SimpleCancerCNN about each sample, in the order given."""
    assert isinstance(network, SimpleCancerCNN)
    was_training = network.training
    network.eval()
    device = next(network.parameters()).device
    results = []
    for start in range(0, len(samples), batch_size):
        part = samples[start : start + batch_size]
        boxes = network(inputs_of(part, network.input_size).to(device)).cpu().numpy()
        for sample, box in zip(part, boxes, strict=True):
            own = (box / _scale(sample, network.input_size))[None].astype(np.float32)
            results.append(SliceResult(sample.patient, own, np.ones(1, dtype=np.float32), sample.boxes))
    network.train(was_training)
    return results


def inputs_of(samples: Sequence[Sample], size: int) -> Tensor:
    """(N, 1, size, size) stored values over each slice's own maximum."""
    return torch.cat([_input(sample, size) for sample in samples])


def targets_of(samples: Sequence[Sample], size: int) -> FloatArray:
    """(N, 4) float32, the first box of each, cut to whole pixels of the network's slice."""
    return np.stack([np.floor(sample.boxes[0] * _scale(sample, size)) for sample in samples]).astype(np.float32)


def _input(sample: Sample, size: int) -> Tensor:
    rows, columns = sample.hu.shape
    pixels = sample.pixels or PixelFormat(rows, columns, intercept=_INTERCEPT)
    return study_input(sample.hu[None], [pixels], size)


def _scale(sample: Sample, size: int) -> FloatArray:
    """(4,) network pixels per sample pixel, for a box."""
    rows, columns = sample.hu.shape
    return np.array([size / columns, size / rows] * 2, dtype=np.float32)
