"""The default network: a small residual pyramid with attention gates that finds lesions on one slice.

Residual blocks (He 2016), a top-down pyramid (Lin 2017) whose laterals pass through additive attention gates
(Oktay 2018), and centre-point heads: a heat map of lesion centres and distances to the four sides (Liu 2020).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from lungview.detection.networks.lesion import Features, LesionNet, Smooth, conv, residual_stages, through


@dataclass(frozen=True, slots=True)
class CompactConfig:
    """The size of the network; in_channels grows when neighbouring slices are fed too."""

    in_channels: int = 3
    stem: int = 16
    widths: tuple[int, int, int, int] = (24, 48, 96, 160)
    blocks: int = 2
    pyramid: int = 48
    dropout: float = 0.1


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


class CompactNet(LesionNet):
    """About 1.3 million weights."""

    key = "compact"

    def __init__(self, config: CompactConfig | None = None) -> None:
        super().__init__()
        self.config = config or CompactConfig()
        config = self.config
        self.stem = conv(config.in_channels, config.stem, 2)
        self.stages = residual_stages(config.stem, config.widths, config.blocks)
        self.laterals = nn.ModuleList(nn.Conv2d(width, config.pyramid, 1) for width in config.widths)
        self.gates = nn.ModuleList(AttentionGate(config.pyramid) for _ in config.widths[:-1])
        self.smooth = nn.ModuleList(Smooth(config.pyramid) for _ in config.widths[:-1])
        self.make_heads(config.pyramid, config.widths[-1], config.dropout)

    def features(self, x: Tensor) -> Features:
        """Down the residual stages, then up the pyramid through the gates."""
        levels = through(self.stages, self.stem(x))
        deepest = levels[-1]
        above = self.laterals[-1](deepest)
        gate = above
        for level in range(len(levels) - 2, -1, -1):
            above = functional.interpolate(above, scale_factor=2.0, mode="nearest")
            lateral, gate = self.gates[level](self.laterals[level](levels[level]), above)
            above = self.smooth[level](lateral + above)
        return Features(above, deepest, gate)
