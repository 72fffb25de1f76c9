"""The networks with centre-point heads: augmented slices in, heat map, boxes, mask and presence taught together."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from lungview.detection.decode import Decoded, decode
from lungview.detection.networks.catalogue import make_network
from lungview.detection.networks.lesion import MULTIPLE, STRIDE, LesionNet
from lungview.detection.preprocess import CHANNEL_WINDOWS, Grid, grid_for, resample, to_channels
from lungview.detection.snap import snap
from lungview.domain.arrays import FloatArray
from lungview_training.config import TrainingConfig
from lungview_training.context import with_neighbours
from lungview_training.data import TrainingData
from lungview_training.evaluate import Metrics, SliceResult
from lungview_training.held_slices import held_slices, in_batches
from lungview_training.learners.protocol import Batch
from lungview_training.losses import compute, encode
from lungview_training.samples import SAMPLE_MM, Sample
from lungview_training.sampling import Batch as LesionBatch
from lungview_training.sampling import Sampler, held_batch


class LesionLearner:
    """Teaches any LesionNet."""

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config

    @property
    def key(self) -> str:
        """The network's name."""
        return self._config.network

    def make_network(self) -> nn.Module:
        """An untrained network on the CPU."""
        return make_network(self._config.network, self._config.in_channels)

    def make_source(self, data: TrainingData) -> Sampler:
        """Draw slices by patient, with lesions pasted in and sheets of crops."""
        return Sampler(self._config, data.train, data.crops, data.nodules)

    def held_batches(self, samples: Sequence[Sample]) -> Iterator[LesionBatch]:
        """As many lesion-free slices among them as in training."""
        for part in in_batches(held_slices(samples, self._config.negative_share), self._config.batch_size):
            yield held_batch(part, self._config)

    def losses(self, network: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        """Heat map, box, mask and presence, as they enter the sum."""
        assert isinstance(batch, LesionBatch)
        output = network(batch.inputs)
        height, width = batch.inputs.shape[2:]
        targets = encode(batch.boxes, (height // STRIDE, width // STRIDE)).to(batch.inputs.device)
        found = compute(output, batch, targets)
        return {
            "heat": found.heat,
            "box": found.box,
            "mask": found.mask,
            "presence": found.presence,
            "quality": found.quality,
        }

    def predict(self, network: nn.Module, samples: Sequence[Sample]) -> list[SliceResult]:
        """Boxes in the samples' own pixels, best first."""
        return run_on(network, samples)

    @torch.inference_mode()
    def attention(self, network: nn.Module, sample: Sample) -> FloatArray:
        """The finest gate's weights over the slice, as decode gives them: (h, w) in [0, 1]."""
        assert isinstance(network, LesionNet)
        grid, (decoded,) = _decoded(network, [sample], next(network.parameters()).device)
        height, width = (math.ceil(side / STRIDE) for side in grid.resized)
        return decoded.attention[:height, :width]

    def score(self, figures: Metrics, results: Sequence[SliceResult] = ()) -> float:
        """How well the best box fits, and how rarely another is put before it."""
        return figures.mean_iou + figures.ap10


@torch.inference_mode()
def run_on(network: nn.Module, samples: Sequence[Sample], batch_size: int = 8) -> list[SliceResult]:
    """Ask a LesionNet about each sample, slices of one shape together; results come sorted by shape."""
    assert isinstance(network, LesionNet)
    was_training = network.training
    network.eval()
    device = next(network.parameters()).device
    results: list[SliceResult] = []
    shapes = sorted({sample.hu.shape for sample in samples})
    for shape in shapes:
        same = [sample for sample in samples if sample.hu.shape == shape]
        for start in range(0, len(same), batch_size):
            part = same[start : start + batch_size]
            results.extend(_results(network, part, device))
    network.train(was_training)
    return results


def _results(network: LesionNet, samples: Sequence[Sample], device: torch.device) -> list[SliceResult]:
    grid, decoded = _decoded(network, samples, device)
    down, across = grid.scale
    scale = np.array([across, down, across, down], dtype=np.float32)
    return [
        SliceResult(sample.patient, snap(each.boxes * scale, each.scores, sample.hu), each.scores, sample.boxes)
        for sample, each in zip(samples, decoded, strict=True)
    ]


def _decoded(network: LesionNet, samples: Sequence[Sample], device: torch.device) -> tuple[Grid, list[Decoded]]:
    """What the network says of slices of one shape, in its own pixels."""
    shape = samples[0].hu.shape
    grid = grid_for((shape[0], shape[1]), (SAMPLE_MM, SAMPLE_MM), MULTIPLE)
    planes = np.stack([with_neighbours(sample, network.in_channels - len(CHANNEL_WINDOWS)) for sample in samples])
    hu = resample(planes.reshape(-1, *shape), grid).to(device).view(*planes.shape[:2], *grid.padded)
    inputs = to_channels(hu[:, :1], hu[:, 1:]).contiguous(memory_format=torch.channels_last)
    return grid, decode(network(inputs), lowest_score=0.01)
