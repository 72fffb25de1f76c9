"""Weights averaged over the last steps: steadier than any one step's, and what is evaluated and saved."""

import torch
from torch import Tensor, nn


@torch.no_grad()
def blend(average: nn.Module, network: nn.Module, step: int, ema_decay: float) -> None:
    """Move the average towards the weights; slowly only once there is something to average. step: counted from 1."""
    decay = min(ema_decay, (1 + step) / (10 + step))
    current: dict[str, Tensor] = network.state_dict()
    for name, value in average.state_dict().items():
        if value.dtype.is_floating_point:
            value.lerp_(current[name], 1 - decay)
        else:
            value.copy_(current[name])
