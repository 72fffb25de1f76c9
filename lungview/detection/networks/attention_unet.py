"""Attention U-Net (Oktay 2018, arXiv 1804.03999): a U-Net (Ronneberger 2015) whose skips are gated from below.

Two changes make it fit for detection on a CPU: a stem of stride 2 before the first level, and centre-point heads at a
quarter of the input's side where the paper segments at full size.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from lungview.detection.networks.lesion import Features, LesionNet, conv, through

WIDTHS = (32, 64, 96, 128)
"""Channels at a quarter, an eighth, a sixteenth and a thirty-second of the input's side."""


class GridGate(nn.Module):
    """Weigh a skip on the grid of the coarser map that drives it, and bring the weights up to the skip's own grid."""

    def __init__(self, skip: int, signal: int) -> None:
        super().__init__()
        inner = skip // 2
        self.skip = nn.Conv2d(skip, inner, 2, 2, bias=False)
        self.signal = nn.Conv2d(signal, inner, 1)
        self.weigh = nn.Conv2d(inner, 1, 1)

    def forward(self, skip: Tensor, signal: Tensor) -> tuple[Tensor, Tensor]:
        """Skip (N, C, 2h, 2w) and signal (N, D, h, w) to the weighed skip and its weights (N, 1, 2h, 2w) in [0, 1]."""
        coarse = torch.sigmoid(self.weigh(functional.relu(self.skip(skip) + self.signal(signal))))
        weights = functional.interpolate(coarse, scale_factor=2.0, mode="bilinear", align_corners=False)
        return skip * weights, weights


class UpLevel(nn.Module):
    """One step up the U: the gated skip beside the map from below, and two convolutions over both."""

    def __init__(self, skip: int, below: int) -> None:
        super().__init__()
        self.gate = GridGate(skip, below)
        self.merge = _double(skip + below, skip)

    def forward(self, skip: Tensor, below: Tensor) -> tuple[Tensor, Tensor]:
        """Return the merged map (N, skip, 2h, 2w) and the gate's weights."""
        gated, weights = self.gate(skip, below)
        above = functional.interpolate(below, scale_factor=2.0, mode="nearest")
        return self.merge(torch.cat([gated, above], dim=1)), weights


class AttentionUNet(LesionNet):
    """About 0.95 million weights."""

    key = "attention-unet"

    def __init__(self, in_channels: int = 3, dropout: float = 0.1) -> None:
        super().__init__()
        self.stem = conv(in_channels, WIDTHS[0] // 2, 2)
        inputs = (WIDTHS[0] // 2, *WIDTHS[:-1])
        self.down = nn.ModuleList(
            nn.Sequential(nn.MaxPool2d(2), _double(before, width)) for before, width in zip(inputs, WIDTHS, strict=True)
        )
        self.up = nn.ModuleList(UpLevel(skip, below) for skip, below in pairwise(WIDTHS))
        self.make_heads(WIDTHS[0], WIDTHS[-1], dropout)

    def features(self, x: Tensor) -> Features:
        """Down the U and up again."""
        *skips, deepest = through(self.down, self.stem(x))
        finest = gate = deepest
        for up, skip in zip(reversed(self.up), reversed(skips), strict=True):
            finest, gate = up(skip, finest)
        return Features(finest, deepest, gate)


def _double(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(conv(inputs, outputs), conv(outputs, outputs))
