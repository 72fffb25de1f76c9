"""Pyramid attention after the description of Lung_PAYNet (Bruntha 2022, doi 10.1038/s41598-022-24900-4).

As its abstract tells: inverted residual blocks with the swish activation, and feature pyramid attention between encoder
and decoder. The blocks follow MobileNetV2's (Sandler 2018), the attention follows Li 2018 (Pyramid Attention Network,
arXiv 1805.10180). Lung_PAYNet segments, and its decoder is made of inverted residuals too; here the decoder is a light
top-down pyramid, read by centre-point heads at a quarter of the input's side.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from lungview.detection.networks.lesion import Features, LesionNet, Smooth, conv, through

WIDTHS = (24, 40, 80, 128)
"""Channels at a quarter, an eighth, a sixteenth and a thirty-second of the input's side."""

STEM, EXPANSION, DECODER = 16, 4, 48


class InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, narrow without rectifying; a shortcut where the shape stays."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        wide = inputs * EXPANSION
        self.is_residual = stride == 1 and inputs == outputs
        self.body = nn.Sequential(
            nn.Conv2d(inputs, wide, 1, bias=False),
            nn.BatchNorm2d(wide),
            nn.SiLU(inplace=True),
            nn.Conv2d(wide, wide, 3, stride, 1, groups=wide, bias=False),
            nn.BatchNorm2d(wide),
            nn.SiLU(inplace=True),
            nn.Conv2d(wide, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) to (N, outputs, H / stride, W / stride)."""
        found: Tensor = self.body(x)
        return x + found if self.is_residual else found


class PyramidAttention(nn.Module):
    """Weigh a map by what views of 7, 5 and 3 cells on ever coarser grids make of it, and add the view of the whole.

    The weights pass through a sigmoid so that they can be shown; one map weighs all channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 4
        self.down = nn.ModuleList(
            _view(before, inner, size, 2) for before, size in ((channels, 7), (inner, 5), (inner, 3))
        )
        self.across = nn.ModuleList(_view(inner, inner, size, 1) for size in (7, 5, 3))
        self.weigh = nn.Conv2d(inner, 1, 1)
        self.centre = nn.Conv2d(channels, channels, 1)
        self.whole = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, h, w) to the weighed map of the same shape and the weights (N, 1, h, w) in [0, 1]."""
        levels = through(self.down, x)
        seen = self.across[-1](levels[-1])
        for across, level in zip(reversed(self.across[:-1]), reversed(levels[:-1]), strict=True):
            seen = across(level) + _resized(seen, level)
        weights = torch.sigmoid(self.weigh(_resized(seen, x)))
        return self.centre(x) * weights + self.whole(x.mean(dim=(2, 3), keepdim=True)), weights


class PyramidAttentionNet(LesionNet):
    """About 0.7 million weights."""

    key = "pyramid-attention"

    def __init__(self, in_channels: int = 3, dropout: float = 0.1) -> None:
        super().__init__()
        self.stem = conv(in_channels, STEM, 2)
        self.stages = nn.ModuleList(
            nn.Sequential(InvertedResidual(before, width, 2), InvertedResidual(width, width, 1))
            for before, width in zip((STEM, *WIDTHS[:-1]), WIDTHS, strict=True)
        )
        self.attention = PyramidAttention(WIDTHS[-1])
        self.laterals = nn.ModuleList(nn.Conv2d(width, DECODER, 1) for width in WIDTHS)
        self.smooth = nn.ModuleList(Smooth(DECODER) for _ in WIDTHS[:-1])
        self.make_heads(DECODER, WIDTHS[-1], dropout)

    def features(self, x: Tensor) -> Features:
        """Down the stages, through the pyramid attention, and up again; the gate is that attention's map."""
        *levels, last = through(self.stages, self.stem(x))
        deepest, weights = self.attention(last)
        above = self.laterals[-1](deepest)
        for lateral, smooth, level in zip(
            reversed(self.laterals[:-1]), reversed(self.smooth), reversed(levels), strict=True
        ):
            above = smooth(lateral(level) + functional.interpolate(above, scale_factor=2.0, mode="nearest"))
        return Features(above, deepest, _resized(weights, above))


def _view(inputs: int, outputs: int, size: int, stride: int) -> nn.Sequential:
    # Groups, not batches, are normalised: the coarsest grid of a small slice is a single cell.
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.GroupNorm(1, outputs),
        nn.ReLU(inplace=True),
    )


def _resized(x: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)
