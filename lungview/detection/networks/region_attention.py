"""Region attention: a global and a local branch, after LLAGnet (Chen 2019, doi 10.1109/JBHI.2019.2952597).

The global branch sees the whole slice at half size and says which regions matter; the local branch keeps the detail,
is weighed by those regions, and is read beside what the global branch knows of them. Both LLAGnet and AG-CNN
(Guan 2018, arXiv 1801.09927) classify chest radiographs and give their local branch one region cut out of the picture.
Here the regions are learned and weighed, so that several lesions on one slice each get their due.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lungview.detection.networks.lesion import (
    Features,
    LesionNet,
    ResidualBlock,
    Smooth,
    conv,
    residual_stages,
    through,
)

GLOBAL_WIDTHS = (32, 64, 128)
"""Channels at an eighth, a sixteenth and a thirty-second of the input's side."""

STEM, LOCAL, FUSED = 16, 32, 48


class GlobalBranch(nn.Module):
    """The slice at half size, down to a thirty-second of its side and back to an eighth."""

    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.stem = conv(in_channels, STEM, 2)
        self.stages = residual_stages(STEM, GLOBAL_WIDTHS, 2)
        self.laterals = nn.ModuleList(nn.Conv2d(width, FUSED, 1) for width in GLOBAL_WIDTHS)
        self.smooth = Smooth(FUSED)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, channels, H, W) to the context (N, 48, H / 8, W / 8) and the deepest map (N, 128, H / 32, W / 32)."""
        levels = through(self.stages, self.stem(functional.avg_pool2d(x, 2)))
        context = self.laterals[-1](levels[-1])
        for lateral, level in zip(reversed(self.laterals[:-1]), reversed(levels[:-1]), strict=True):
            context = lateral(level) + functional.interpolate(context, scale_factor=2.0, mode="nearest")
        return self.smooth(context), levels[-1]


class RegionAttentionNet(LesionNet):
    """About 0.8 million weights."""

    key = "region-attention"

    def __init__(self, in_channels: int = 3, dropout: float = 0.1) -> None:
        super().__init__()
        self.whole = GlobalBranch(in_channels)
        self.local = nn.Sequential(
            conv(in_channels, STEM, 2), ResidualBlock(STEM, LOCAL, 2), ResidualBlock(LOCAL, LOCAL, 1)
        )
        self.regions = nn.Conv2d(FUSED, 1, 1)
        self.fuse = conv(LOCAL + FUSED, FUSED)
        self.make_heads(FUSED, GLOBAL_WIDTHS[-1], dropout)

    def features(self, x: Tensor) -> Features:
        """Both branches; the gate is the map of regions."""
        context, deepest = self.whole(x)
        context = functional.interpolate(context, scale_factor=2.0, mode="bilinear", align_corners=False)
        gate = torch.sigmoid(self.regions(context))
        fused = self.fuse(torch.cat([self.local(x) * gate, context], dim=1))
        return Features(fused, deepest, gate)
