"""Who turns gradients into steps."""

import torch
from torch import nn

from lungview_training.config import Optimizer, TrainingConfig


def make_optimizer(config: TrainingConfig, network: nn.Module) -> torch.optim.Optimizer:
    """The optimiser of the settings, over the weights that are not frozen."""
    if config.optimizer is Optimizer.ADAM:
        return torch.optim.Adam(_learning(network), lr=config.learning_rate)
    return torch.optim.AdamW(_groups(network, config.weight_decay), lr=config.learning_rate)


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Decay the kernels; leave biases and normalisation alone."""
    kernels = [value for value in _learning(network) if value.ndim > 1]
    others = [value for value in _learning(network) if value.ndim <= 1]
    return [{"params": kernels, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def _learning(network: nn.Module) -> list[nn.Parameter]:
    return [value for value in network.parameters() if value.requires_grad]
