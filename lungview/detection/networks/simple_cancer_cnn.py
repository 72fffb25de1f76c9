"""The network of the study LungView grew from, layer for layer and name for name, so that its state dicts load."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = 32
STUDY_SIZE = 512
POOLED = 4
"""Two halvings: conv2's pooled map has a quarter of the input's side."""


class _UnsetLinear(nn.Linear):
    """A dense layer whose weights are about to be replaced: its memory is never touched."""

    def reset_parameters(self) -> None:
        """Leave the weights as they are."""


class SimpleCancerCNN(nn.Module):
    """One grey slice in, one box out: (N, 1, size, size) to (N, 4) xmin, ymin, xmax, ymax in pixels.

    Input is the stored pixel values over the slice's own maximum (Pravdyvets, UOC 2023). input_size: 512 in the study;
    weights learned at another size have a first dense layer to match. is_unset: the first dense layer, 99.99 % of the
    weights, is to be loaded and need not be made at random first, which takes a second.
    """

    key: ClassVar[str] = "simple-cancer-cnn"

    def __init__(self, input_size: int = STUDY_SIZE, *, is_unset: bool = False) -> None:
        super().__init__()
        self.input_size = input_size
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, CHANNELS, 3, padding=1)
        dense = _UnsetLinear if is_unset else nn.Linear
        self.fc1 = dense(CHANNELS * (input_size // POOLED) ** 2, 256)
        self.fc2 = nn.Linear(256, 4)

    def features(self, x: Tensor) -> Tensor:
        """(N, 1, size, size) to conv2's pooled map (N, 32, size / 4, size / 4)."""
        x = functional.max_pool2d(functional.relu(self.conv1(x)), 2)
        return functional.max_pool2d(functional.relu(self.conv2(x)), 2)

    def box(self, features: Tensor) -> Tensor:
        """conv2's pooled map to the box (N, 4)."""
        # Flattened channel by channel, as the study's view() did, whatever the memory format.
        hidden: Tensor = functional.relu(self.fc1(features.contiguous().flatten(1)))
        box: Tensor = self.fc2(hidden)
        return box

    def forward(self, x: Tensor) -> Tensor:
        """(N, 1, size, size) to (N, 4)."""
        return self.box(self.features(x))

    def box_and_attention(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The box (N, 4) and Grad-CAM (Selvaraju 2017) on conv2, (N, size / 4, size / 4) in [0, 1].

        The four coordinates have no good or bad direction, so the map's magnitude is taken where a class score would
        keep its positive part.
        """
        with torch.no_grad():
            features = self.features(x)
        with torch.enable_grad():
            features = features.detach().requires_grad_()
            box = self.box(features)
            (slope,) = torch.autograd.grad(box.sum(), features)
        with torch.no_grad():
            weights = slope.mean(dim=(2, 3), keepdim=True)
            looked = (features * weights).sum(dim=1).abs()
            peak = looked.amax(dim=(1, 2), keepdim=True)
            return box.detach(), looked / peak.clamp(min=torch.finfo(looked.dtype).tiny)
