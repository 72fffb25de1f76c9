"""Which slices make up a batch: patients first, so that one with many slices does not outweigh the others."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lungview.detection.preprocess import CHANNEL_WINDOWS, to_channels
from lungview.domain.arrays import FloatArray, HuArray, IntArray, UInt8Array
from lungview_training.augment import AIR_HU, regrey, warp, zoom, zoom_labels
from lungview_training.config import TrainingConfig
from lungview_training.context import with_neighbours
from lungview_training.pasting import lung_places, paste, sheet
from lungview_training.samples import Nodule, Sample, boxes_of

_PLACES_KEPT = 1500
"""Slices whose lung is remembered, at up to 0.2 MB each; that of others is looked for anew."""

Picture = TypeVar("Picture", NDArray[np.int16], NDArray[np.uint8])


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one step learns from.

    inputs: (N, channels, H, W) in [0, 1]. boxes: per slice (M, 4). mask: (N, 1, H, W) 0 or 1.
    knows_mask, knows_presence: (N,) 1 where that truth is at hand.
    """

    inputs: Tensor
    boxes: tuple[FloatArray, ...]
    mask: Tensor
    knows_mask: Tensor
    knows_presence: Tensor

    def __len__(self) -> int:
        """How many slices."""
        return len(self.boxes)

    def to(self, device: torch.device) -> "Batch":
        """The same on another device; boxes stay where they are."""
        if self.inputs.device.type == device.type:
            return self
        return Batch(
            self.inputs.to(device),
            self.boxes,
            self.mask.to(device),
            self.knows_mask.to(device),
            self.knows_presence.to(device),
        )

    def part(self, start: int, stop: int) -> "Batch":
        """Some of its slices."""
        rows = slice(start, stop)
        return Batch(
            self.inputs[rows], self.boxes[rows], self.mask[rows], self.knows_mask[rows], self.knows_presence[rows]
        )


@dataclass(slots=True)
class _Drawn:
    """planes: (1 + context, H, W) HU, the slice first."""

    planes: HuArray
    labels: UInt8Array
    has_mask: bool
    is_sheet: bool = False


@dataclass(slots=True)
class Sampler:
    """Draws batches; batch k depends on the seed and k alone, so that a resumed run goes on as if never stopped."""

    config: TrainingConfig
    samples: list[Sample]
    crops: list[Nodule]
    nodules: list[Nodule]
    _positive: dict[str, list[Sample]] = field(init=False)
    _negative: dict[str, list[Sample]] = field(init=False)
    _places: dict[int, IntArray] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the slices by patient and by whether they hold a lesion."""
        self._positive, self._negative = defaultdict(list), defaultdict(list)
        for sample in self.samples:
            if sample.is_labelled:
                self._positive[sample.patient].append(sample)
            elif not sample.has_lesion and sample.is_negative_known:
                self._negative[sample.patient].append(sample)

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        random = np.random.default_rng((self.config.seed, step))
        drawn = [self._draw(random) for _ in range(self.config.batch_size)]
        hu, labels = _stacked(drawn)
        hu, labels = warp(hu, labels, self.config.image_size, random, self.config.crop_size)
        hu = regrey(hu, random)
        self._forget_neighbours(hu, drawn, random)
        return _batch(hu, labels, drawn)

    @property
    def _context(self) -> int:
        return self.config.in_channels - len(CHANNEL_WINDOWS)

    def _forget_neighbours(self, hu: Tensor, drawn: list[_Drawn], random: np.random.Generator) -> None:
        """Put the slice in its neighbours' place now and then, so that single pictures can be judged too."""
        for index, each in enumerate(drawn):
            if each.is_sheet or random.random() < self.config.context_drop:
                hu[index, 1:] = hu[index, :1]

    def _draw(self, random: np.random.Generator) -> _Drawn:
        chance = random.random()
        size = self.config.field_size
        if chance < self.config.sheet_share and self.crops:
            tiled, labels = sheet(self.crops, random, size)
            return _Drawn(np.stack([tiled] * (1 + self._context)), labels, has_mask=True, is_sheet=True)
        wants_negative = chance > 1 - self.config.negative_share
        pool = (self._negative if wants_negative and self._negative else self._positive) or self._negative
        patients = sorted(pool)
        of_patient = pool[patients[random.integers(len(patients))]]
        sample = of_patient[random.integers(len(of_patient))]
        drawn = _as_it_is(sample, self._context)
        if self.nodules and random.random() < self.config.paste_probability:
            self._paste_into(drawn, sample, random)
        return _on_field(drawn, size)

    def _paste_into(self, drawn: _Drawn, sample: Sample, random: np.random.Generator) -> None:
        if id(sample) not in self._places:
            if len(self._places) >= _PLACES_KEPT:
                self._places.pop(next(iter(self._places)))
            self._places[id(sample)] = lung_places(sample.hu)
        places = self._places[id(sample)]
        if len(places) < 200:
            return
        for _ in range(int(random.integers(1, 3))):
            nodule = self.nodules[random.integers(len(self.nodules))]
            drawn.planes, drawn.labels = paste(drawn.planes, drawn.labels, nodule, places, random)


def held_batch(samples: Sequence[Sample], config: TrainingConfig) -> Batch:
    """Slices as they are: nothing pasted, turned or made noisy."""
    context = config.in_channels - len(CHANNEL_WINDOWS)
    drawn = [_on_field(_as_it_is(sample, context), config.field_size) for sample in samples]
    hu, labels = _stacked(drawn)
    return _batch(zoom(hu, config.image_size), zoom_labels(labels, config.image_size), drawn)


def _as_it_is(sample: Sample, context: int) -> _Drawn:
    return _Drawn(with_neighbours(sample, context), sample.labels, sample.has_mask or not sample.has_lesion)


def _on_field(drawn: _Drawn, size: int) -> _Drawn:
    air = np.full((len(drawn.planes), size, size), AIR_HU, dtype=np.int16)
    return replace(
        drawn, planes=fitted(drawn.planes, air), labels=fitted(drawn.labels, np.zeros((size, size), dtype=np.uint8))
    )


def _stacked(drawn: Sequence[_Drawn]) -> tuple[Tensor, Tensor]:
    """(N, 1 + context, H, W) HU and (N, 1, H, W) labels."""
    hu = torch.from_numpy(np.stack([each.planes for each in drawn]).astype(np.float32))
    return hu, torch.from_numpy(np.stack([each.labels for each in drawn]).astype(np.float32))[:, None]


def _batch(hu: Tensor, labels: Tensor, drawn: Sequence[_Drawn]) -> Batch:
    numbers = labels[:, 0].to(torch.uint8).numpy()
    return Batch(
        inputs=to_channels(hu[:, :1], hu[:, 1:]).contiguous(memory_format=torch.channels_last),
        boxes=tuple(boxes_of(each) for each in numbers),
        mask=(labels > 0).float(),
        knows_mask=torch.tensor([float(each.has_mask) for each in drawn]),
        knows_presence=torch.tensor([float(not each.is_sheet) for each in drawn]),
    )


def fitted(picture: Picture, onto: Picture) -> Picture:
    """Crop or pad (..., H, W) about its middle onto a square of fill."""
    take, put = [], []
    for side, size in zip(picture.shape[-2:], onto.shape[-2:], strict=True):
        shared = min(side, size)
        take.append(slice((side - shared) // 2, (side - shared) // 2 + shared))
        put.append(slice((size - shared) // 2, (size - shared) // 2 + shared))
    onto[..., put[0], put[1]] = picture[..., take[0], take[1]]
    return onto
