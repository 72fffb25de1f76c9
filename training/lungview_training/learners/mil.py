"""The multiple-instance network: bags of one series' slices in, what labels say of slices and series out."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lungview.detection.mil import decode_attention
from lungview.detection.networks.lesion import MULTIPLE
from lungview.detection.networks.mil_attention import MilAttentionNet, MilOutput, of_series
from lungview.detection.preprocess import grid_for, resample, to_channels
from lungview_training.augment import AIR_HU, regrey, warp, zoom
from lungview_training.config import TrainingConfig
from lungview_training.data import TrainingData
from lungview_training.evaluate import Metrics, SliceResult, presence_auc
from lungview_training.held_slices import held_slices, in_batches
from lungview_training.learners.protocol import Batch
from lungview_training.samples import SAMPLE_MM, Sample
from lungview_training.sampling import fitted

BAG = 4
"""Slices drawn from a series at once, or fewer where a batch is smaller."""

SERIES_WEIGHT = 0.5
UNKNOWN = math.nan


@dataclass(frozen=True, slots=True, eq=False)
class MilBatch:
    """inputs: (N, 3, H, W). labels: (N,) 1, 0, or nan where nobody said. bags: (N,) the number of each slice's bag.

    series_labels: (N,) what was said of the slice's whole series, likewise.
    """

    inputs: Tensor
    labels: Tensor
    bags: Tensor
    series_labels: Tensor

    def __len__(self) -> int:
        """How many slices."""
        return len(self.labels)

    def to(self, device: torch.device) -> "MilBatch":
        """The same on another device."""
        return MilBatch(
            self.inputs.to(device), self.labels.to(device), self.bags.to(device), self.series_labels.to(device)
        )

    def part(self, start: int, stop: int) -> "MilBatch":
        """Some of its slices; a bag that is cut is a smaller bag."""
        rows = slice(start, stop)
        return MilBatch(self.inputs[rows], self.labels[rows], self.bags[rows], self.series_labels[rows])


class MilSource:
    """Draws bags of slices: a series by chance, slices with a lesion and without by turns, then the rest by chance."""

    def __init__(self, samples: Sequence[Sample], config: TrainingConfig) -> None:
        self._config = config
        self._series: dict[str, list[Sample]] = defaultdict(list)
        for sample in samples:
            self._series[f"{sample.patient}/{sample.series}"].append(sample)
        self._names = sorted(self._series)
        self._patients: dict[str, list[str]] = defaultdict(list)
        for name in self._names:
            self._patients[self._series[name][0].patient].append(name)

    def batch(self, step: int) -> MilBatch:
        """The batch of a step."""
        random = np.random.default_rng((self._config.seed, step))
        size = self._config.batch_size
        drawn: list[tuple[int, Sample]] = []
        while len(drawn) < size:
            number = drawn[-1][0] + 1 if drawn else 0
            bag = self._bag(random, size - len(drawn), wants_lesion=number % 2 == 0)
            drawn += [(number, sample) for sample in bag]
        return MilBatch(
            self._inputs(_planes([each for _, each in drawn], self._config.field_size), random),
            torch.tensor([label_of(each) for _, each in drawn]),
            torch.tensor([number for number, _ in drawn]),
            torch.tensor([_told(each.series_label) for _, each in drawn]),
        )

    def _bag(self, random: np.random.Generator, most: int, *, wants_lesion: bool) -> list[Sample]:
        """Slices of one series, a patient drawn first; where only the series has a label, as many as there is room for.

        A bag that is to be free of lesions holds free slices alone; beside a lesion any slice may stand.
        """
        patients = sorted(self._patients)
        names = self._patients[patients[random.integers(len(patients))]]
        samples = self._series[names[random.integers(len(names))]]
        if all(math.isnan(label_of(each)) for each in samples):
            places = np.linspace(0, len(samples) - 1, min(most, len(samples))).round().astype(int)
            return [samples[place] for place in places]
        wanted = [each for each in samples if label_of(each) == float(wants_lesion)]
        others = wanted if wanted and not wants_lesion else samples
        size = min(BAG, most)
        chosen = [(wanted or samples)[random.integers(len(wanted or samples))]]
        return chosen + [others[random.integers(len(others))] for _ in range(size - 1)]

    def _inputs(self, hu: Tensor, random: np.random.Generator) -> Tensor:
        hu, _ = warp(hu, torch.zeros_like(hu), self._config.image_size, random)
        return to_channels(regrey(hu, random)).contiguous(memory_format=torch.channels_last)


class MilLearner:
    """Teaches MilAttentionNet from labels; of boxes it only learns that there is one."""

    def __init__(self, config: TrainingConfig) -> None:
        self._config = config

    @property
    def key(self) -> str:
        """The network's name."""
        return MilAttentionNet.key

    def make_network(self) -> nn.Module:
        """An untrained network on the CPU."""
        return MilAttentionNet()

    def make_source(self, data: TrainingData) -> MilSource:
        """Draw bags of slices of one series each."""
        return MilSource(data.train, self._config)

    def held_batches(self, samples: Sequence[Sample]) -> Iterator[MilBatch]:
        """Slices of one series make up a bag."""
        chosen = held_slices(samples, self._config.negative_share)
        for part in in_batches(chosen, self._config.batch_size):
            names = [f"{sample.patient}/{sample.series}" for sample in part]
            numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
            yield MilBatch(
                to_channels(zoom(_planes(part, self._config.field_size), self._config.image_size)),
                torch.tensor([label_of(each) for each in part]),
                torch.tensor([numbers[name] for name in names]),
                torch.tensor([_told(each.series_label) for each in part]),
            )

    def losses(self, network: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        """Cross-entropy of slices whose label is known, and of bags."""
        assert isinstance(batch, MilBatch)
        output = network(batch.inputs)
        assert isinstance(output, MilOutput)
        return {
            "presence": _entropy(output.presence, batch.labels),
            "series": SERIES_WEIGHT * _entropy(*_of_bags(output, batch)),
        }

    def predict(self, network: nn.Module, samples: Sequence[Sample]) -> list[SliceResult]:
        """Boxes round what the attention picks out, in the samples' own pixels, scored by presence."""
        return predict_attention(network, samples)

    def score(self, figures: Metrics, results: Sequence[SliceResult] = ()) -> float:
        """How well slices with and without a lesion are told apart, and how well boxes fit where there are any."""
        return presence_auc(results) + figures.mean_iou


def _planes(samples: Sequence[Sample], field: int) -> Tensor:
    """(N, 1, field, field) HU."""
    slices = [fitted(each.hu, np.full((field, field), AIR_HU, dtype=np.int16)) for each in samples]
    return torch.from_numpy(np.stack(slices).astype(np.float32))[:, None]


def label_of(sample: Sample) -> float:
    """1 or 0 as a box or a table says; nan where nobody says."""
    if sample.label is not None:
        return _told(sample.label)
    if sample.has_lesion:
        return 1.0
    return 0.0 if sample.is_negative_known else UNKNOWN


def _told(label: bool | None) -> float:
    return UNKNOWN if label is None else float(label)


def _of_bags(output: MilOutput, batch: MilBatch) -> tuple[Tensor, Tensor]:
    """(bags,) logits, and what is known of each: a lesion on one slice is one in the bag."""
    logits, known = [], []
    for number in sorted(set(batch.bags.tolist())):
        rows = batch.bags == number
        logits.append(of_series(output.pulls[rows], output.votes[rows])[0])
        labels, told = batch.labels[rows], batch.series_labels[rows][0]
        known.append(told if labels.isnan().any() and not (labels == 1).any() else labels.nan_to_num().amax())
    return torch.stack(logits), torch.stack(known)


def _entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean over those whose label is known; 0 where none is."""
    known = ~labels.isnan()
    each = functional.binary_cross_entropy_with_logits(logits, labels.nan_to_num(), reduction="none")
    return (each * known).sum() / known.sum().clamp(min=1)


@torch.inference_mode()
def predict_attention(network: nn.Module, samples: Sequence[Sample], batch_size: int = 8) -> list[SliceResult]:
    """Ask a MilAttentionNet about each sample, slices of one shape together; results come sorted by shape."""
    assert isinstance(network, MilAttentionNet)
    was_training = network.training
    network.eval()
    results: list[SliceResult] = []
    for shape in sorted({sample.hu.shape for sample in samples}):
        same = [sample for sample in samples if sample.hu.shape == shape]
        for start in range(0, len(same), batch_size):
            results += _results(network, same[start : start + batch_size])
    network.train(was_training)
    return results


def _results(network: MilAttentionNet, samples: Sequence[Sample]) -> list[SliceResult]:
    rows, columns = samples[0].hu.shape
    grid = grid_for((rows, columns), (SAMPLE_MM, SAMPLE_MM), MULTIPLE)
    hu = resample(np.stack([sample.hu for sample in samples]), grid).to(next(network.parameters()).device)
    output: MilOutput = network(to_channels(hu).contiguous(memory_format=torch.channels_last))
    chances = torch.sigmoid(output.presence.float()).tolist()
    down, across = grid.scale
    scale = np.array([across, down, across, down], dtype=np.float32)
    return [
        SliceResult(sample.patient, each.boxes * scale, each.scores, sample.boxes, chance, sample.label)
        for sample, each, chance in zip(samples, decode_attention(output), chances, strict=True)
    ]
