"""What all networks that find lesions share: one answer, the heads that give it, and the blocks they are built of."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDE = 4
"""Input pixels per cell of the heads."""

MULTIPLE = 32
"""Input height and width must be multiples of this."""


@dataclass(frozen=True, slots=True)
class LesionOutput:
    """What a network says of N slices of (H, W); h = H / 4, w = W / 4.

    heat, mask: (N, 1, h, w) logits. sides: (N, 4, h, w) left, top, right, bottom in input pixels from the cell's
    centre, positive. quality: (N, 1, h, w) logits of the IoU that the cell's box has. gate: (N, 1, h, w) in [0, 1], the
    finest attention gate. presence: (N,) logit of "any lesion".
    """

    heat: Tensor
    sides: Tensor
    mask: Tensor
    quality: Tensor
    gate: Tensor
    presence: Tensor


class Features(NamedTuple):
    """What the heads are given: finest (N, C, h, w), deepest (N, D, any, any), gate (N, 1, h, w) in [0, 1]."""

    finest: Tensor
    deepest: Tensor
    gate: Tensor


class LesionNet(nn.Module, ABC):
    """Input (N, channels, H, W) in [0, 1], H and W multiples of 32; centre-point heads at a quarter of that (Liu 2020).

    A subclass names itself by key, builds its body, then calls make_heads, and says in features how it looks.
    """

    key: ClassVar[str]
    tower: nn.Sequential
    heads: nn.Conv2d
    presence: nn.Linear
    dropout: nn.Dropout2d

    @property
    def in_channels(self) -> int:
        """How many channels its first convolution takes: 3 windows of a slice, and one for each neighbour."""
        return next(part for part in self.modules() if isinstance(part, nn.Conv2d)).in_channels

    @abstractmethod
    def features(self, x: Tensor) -> Features:
        """(N, channels, H, W) to what the heads read."""

    def forward(self, x: Tensor) -> LesionOutput:
        """(N, channels, H, W) to the heads' maps."""
        finest, deepest, gate = self.features(x)
        maps = self.heads(self.tower(self.dropout(finest)))
        presence = self.presence(functional.dropout(deepest.mean(dim=(2, 3)), 0.2, self.training))
        return LesionOutput(
            heat=maps[:, :1],
            sides=functional.softplus(maps[:, 1:5]) * STRIDE,
            mask=maps[:, 5:6],
            quality=maps[:, 6:],
            gate=gate,
            presence=presence[:, 0],
        )

    def make_heads(self, channels: int, deepest: int, dropout: float) -> None:
        """Add the heads for features of so many channels; untrained, they claim next to nothing."""
        self.dropout = nn.Dropout2d(dropout)
        self.tower = nn.Sequential(Smooth(channels), Smooth(channels))
        self.heads = nn.Conv2d(channels, 7, 1)
        self.presence = nn.Linear(deepest, 1)
        nn.init.normal_(self.heads.weight, std=0.01)
        with torch.no_grad():
            bias = self.heads.bias
            assert bias is not None
            # Boxes of some 16 pixels.
            bias.copy_(torch.tensor([-4.6, 1.9, 1.9, 1.9, 1.9, -4.0, 0.0]))


def conv(inputs: int, outputs: int, stride: int = 1, size: int = 3) -> nn.Sequential:
    """A convolution, normalised and rectified; stride 1 keeps the map's size."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut (He 2016)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = conv(inputs, outputs, stride)
        self.second = nn.Sequential(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs))
        same = stride == 1 and inputs == outputs
        self.shortcut: nn.Module = (
            nn.Identity()
            if same
            else nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        return functional.relu(self.second(self.first(x)) + self.shortcut(x), inplace=True)


class Smooth(nn.Sequential):
    """A depthwise 5x5 and a pointwise convolution: a wide view for few weights."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 5, 1, 2, groups=channels, bias=False),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )


def residual_stages(inputs: int, widths: tuple[int, ...], blocks: int) -> nn.ModuleList:
    """Stages of residual blocks, each halving the map."""
    return nn.ModuleList(
        nn.Sequential(ResidualBlock(before, width, 2), *(ResidualBlock(width, width, 1) for _ in range(blocks - 1)))
        for before, width in zip((inputs, *widths[:-1]), widths, strict=True)
    )


def through(stages: nn.ModuleList, x: Tensor) -> list[Tensor]:
    """What each stage makes of the one before, finest first."""
    found = []
    for stage in stages:
        x = stage(x)
        found.append(x)
    return found
