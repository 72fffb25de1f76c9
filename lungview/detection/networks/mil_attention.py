"""Attention-based deep multiple-instance learning (Ilse 2018, arXiv 1802.04712), for labels of slices or series.

Bags stand in bags: a slice is a bag of cells and holds a lesion if any cell does; a series is a bag of slices. Both are
pooled by the paper's gated attention (equation 9), whose weights say which cells, and which slices, the answer came
from. The residual body (He 2016) and the merging of its two coarsest maps are LungView's.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from lungview.detection.networks.lesion import Smooth, conv, residual_stages, through

CELL = 8
"""Input pixels per cell."""

WIDTHS = (32, 64, 128)
"""Channels at a quarter, an eighth and a sixteenth of the input's side."""

STEM, FEATURES, INNER = 16, 64, 32


@dataclass(frozen=True, slots=True)
class MilOutput:
    """What the network says of N slices of (H, W).

    weights: (N, H / 8, W / 8), each slice's adding up to 1. presence: (N,) logit of "any lesion on the slice".
    pulls, votes: (N,) how strongly each slice draws its series' attention, and the logit it would give the series if
    it were alone in it.
    """

    weights: Tensor
    presence: Tensor
    pulls: Tensor
    votes: Tensor


class GatedAttention(nn.Module):
    """Pool a bag by weights that it works out from its members: softmax of w (tanh(V h) * sigmoid(U h))."""

    def __init__(self, channels: int, inner: int) -> None:
        super().__init__()
        self.value = nn.Linear(channels, inner)
        self.gate = nn.Linear(channels, inner)
        self.weigh = nn.Linear(inner, 1)

    def forward(self, members: Tensor) -> tuple[Tensor, Tensor]:
        """Bags (B, members, channels) to what each holds (B, channels) and its weights (B, members)."""
        weights = torch.softmax(self.pull(members), dim=1)
        return torch.einsum("bm,bmc->bc", weights, members), weights

    def pull(self, members: Tensor) -> Tensor:
        """(..., channels) to (...), the weights before the softmax over a bag."""
        pulls: Tensor = self.weigh(torch.tanh(self.value(members)) * torch.sigmoid(self.gate(members)))[..., 0]
        return pulls


class MilAttentionNet(nn.Module):
    """Input (N, 3, H, W) in [0, 1], H and W multiples of 32. About 0.72 million weights."""

    key: ClassVar[str] = "mil-attention"

    def __init__(self, in_channels: int = 3, dropout: float = 0.1) -> None:
        super().__init__()
        self.stem = conv(in_channels, STEM, 2)
        self.stages = residual_stages(STEM, WIDTHS, 2)
        self.laterals = nn.ModuleList(nn.Conv2d(width, FEATURES, 1) for width in WIDTHS[1:])
        self.smooth = Smooth(FEATURES)
        self.dropout = nn.Dropout2d(dropout)
        self.cells = GatedAttention(FEATURES, INNER)
        self.presence = nn.Linear(FEATURES, 1)
        self.slices = GatedAttention(FEATURES, INNER)
        self.series_presence = nn.Linear(FEATURES, 1)

    def forward(self, x: Tensor) -> MilOutput:
        """(N, channels, H, W) to what is said of each slice by itself."""
        _, middle, deepest = through(self.stages, self.stem(x))
        above = functional.interpolate(self.laterals[1](deepest), scale_factor=2.0, mode="nearest")
        cells = self.dropout(self.smooth(self.laterals[0](middle) + above))
        pooled, weights = self.cells(cells.flatten(2).transpose(1, 2))
        return MilOutput(
            weights.unflatten(1, cells.shape[2:]),
            self.presence(pooled)[:, 0],
            self.slices.pull(pooled),
            self.series_presence(pooled)[:, 0],
        )


def of_series(pulls: Tensor, votes: Tensor) -> tuple[Tensor, Tensor]:
    """Slices of one series (N,) each to the logit of "any lesion in the series", (), and each slice's weight (N,).

    The classifier is linear, so the weighed mean of what it says of each slice is what it says of the weighed mean.
    """
    weights = torch.softmax(pulls, dim=0)
    return (weights * votes).sum(), weights
