"""What the training loop asks of a kind of network."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, Self

import torch
from torch import Tensor, nn

from lungview_training.data import TrainingData
from lungview_training.evaluate import Metrics, SliceResult
from lungview_training.samples import Sample


class Batch(Protocol):
    """What one step learns from; only the learner that made it looks inside."""

    def __len__(self) -> int:
        """How many slices."""
        ...

    def to(self, device: torch.device) -> Self:
        """The same on another device."""
        ...

    def part(self, start: int, stop: int) -> Self:
        """Some of its slices, for a step in several passes or on several machines."""
        ...


class BatchSource(Protocol):
    """Draws batches; batch k depends on the settings and k alone, so that a resumed run goes on as if never stopped."""

    def batch(self, step: int) -> Batch:
        """The batch of a step."""
        ...


class Learner(Protocol):
    """One kind of network: made, fed, taught and judged."""

    @property
    def key(self) -> str:
        """The network's name, under which its weights are saved and found again."""
        ...

    def make_network(self) -> nn.Module:
        """An untrained network on the CPU."""
        ...

    def make_source(self, data: TrainingData) -> BatchSource:
        """What draws this network's batches from the training part."""
        ...

    def held_batches(self, samples: Sequence[Sample]) -> Iterator[Batch]:
        """Some of the validation slices as they are, the same at every call, for the loss on what is not learned."""
        ...

    def losses(self, network: nn.Module, batch: Batch) -> Mapping[str, Tensor]:
        """Scalars by name; their sum is minimised."""
        ...

    def predict(self, network: nn.Module, samples: Sequence[Sample]) -> list[SliceResult]:
        """Ask the network about each sample, slice by slice, in its own mode of evaluation."""
        ...

    def score(self, figures: Metrics, results: Sequence[SliceResult] = ()) -> float:
        """By which figure, higher for better, weights are chosen; results: what the figures were counted from."""
        ...
