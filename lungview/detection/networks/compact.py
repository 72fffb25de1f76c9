"""The default network: a small residual pyramid with attention gates that finds lesions on one slice.

Residual blocks (He 2016), a top-down pyramid (Lin 2017) whose laterals pass through additive attention gates
(Oktay 2018), and centre-point heads: a heat map of lesion centres and distances to the four sides (Liu 2020).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDE = 4
"""Input pixels per cell of the heads."""

MULTIPLE = 32
"""Input height and width must be multiples of this."""


@dataclass(frozen=True, slots=True)
class CompactConfig:
    """The size of the network; in_channels grows when neighbouring slices are fed too."""

    in_channels: int = 3
    stem: int = 16
    widths: tuple[int, int, int, int] = (24, 48, 96, 160)
    blocks: int = 2
    pyramid: int = 48
    dropout: float = 0.1


@dataclass(frozen=True, slots=True)
class CompactOutput:
    """What the network says of N slices of (H, W); h = H / 4, w = W / 4.

    heat, mask: (N, 1, h, w) logits. sides: (N, 4, h, w) left, top, right, bottom in input pixels from the cell's
    centre, positive. gate: (N, 1, h, w) in [0, 1], the finest attention gate. presence: (N,) logit of "any lesion".
    """

    heat: Tensor
    sides: Tensor
    mask: Tensor
    gate: Tensor
    presence: Tensor


def _conv(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = _conv(inputs, outputs, stride)
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


class AttentionGate(nn.Module):
    """Weigh a lateral map by what the coarser map above it knows (additive attention, Oktay 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.lateral = nn.Conv2d(channels, inner, 1, bias=False)
        self.above = nn.Conv2d(channels, inner, 1)
        self.weigh = nn.Conv2d(inner, 1, 1)

    def forward(self, lateral: Tensor, above: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weighed lateral map and the weights (N, 1, h, w) in [0, 1]."""
        weights = torch.sigmoid(self.weigh(functional.relu(self.lateral(lateral) + self.above(above))))
        return lateral * weights, weights


class Smooth(nn.Sequential):
    """A depthwise 5x5 and a pointwise convolution: a wide view for few weights."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 5, 1, 2, groups=channels, bias=False),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
        )


class CompactNet(nn.Module):
    """About 1.3 million weights; input (N, in_channels, H, W) in [0, 1], H and W multiples of 32."""

    def __init__(self, config: CompactConfig | None = None) -> None:
        super().__init__()
        self.config = config or CompactConfig()
        config = self.config
        self.stem = _conv(config.in_channels, config.stem, 2)
        inputs = (config.stem, *config.widths[:-1])
        self.stages = nn.ModuleList(
            nn.Sequential(
                ResidualBlock(before, width, 2), *(ResidualBlock(width, width, 1) for _ in range(config.blocks - 1))
            )
            for before, width in zip(inputs, config.widths, strict=True)
        )
        self.laterals = nn.ModuleList(nn.Conv2d(width, config.pyramid, 1) for width in config.widths)
        self.gates = nn.ModuleList(AttentionGate(config.pyramid) for _ in config.widths[:-1])
        self.smooth = nn.ModuleList(Smooth(config.pyramid) for _ in config.widths[:-1])
        self.dropout = nn.Dropout2d(config.dropout)
        self.tower = nn.Sequential(Smooth(config.pyramid), Smooth(config.pyramid))
        self.heads = nn.Conv2d(config.pyramid, 6, 1)
        self.presence = nn.Linear(config.widths[-1], 1)
        self._start_quiet()

    def _start_quiet(self) -> None:
        """Set the biases so that an untrained network claims next to nothing and boxes of some 16 pixels."""
        nn.init.normal_(self.heads.weight, std=0.01)
        with torch.no_grad():
            bias = self.heads.bias
            assert bias is not None
            bias.copy_(torch.tensor([-4.6, 1.9, 1.9, 1.9, 1.9, -4.0]))

    def forward(self, x: Tensor) -> CompactOutput:
        """(N, in_channels, H, W) to the heads' maps."""
        features = self._encode(x)
        deepest = features[-1]
        above = self.laterals[-1](deepest)
        gate = above
        for level in range(len(features) - 2, -1, -1):
            above = functional.interpolate(above, scale_factor=2.0, mode="nearest")
            lateral, gate = self.gates[level](self.laterals[level](features[level]), above)
            above = self.smooth[level](lateral + above)
        maps = self.heads(self.tower(self.dropout(above)))
        presence = self.presence(functional.dropout(deepest.mean(dim=(2, 3)), 0.2, self.training))
        return CompactOutput(
            heat=maps[:, :1],
            sides=functional.softplus(maps[:, 1:5]) * STRIDE,
            mask=maps[:, 5:],
            gate=gate,
            presence=presence[:, 0],
        )

    def _encode(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features
