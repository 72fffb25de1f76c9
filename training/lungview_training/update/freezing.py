"""Fine-tuning: which stages of a network stay as they are, and whose batch statistics do."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from lungview.errors import TrainingError
from lungview_training.config import TrainingConfig


def stages(network: nn.Module) -> list[tuple[str, nn.Module]]:
    """The parts of a network in the order in which they are built: stem, the stages of its body, its heads."""
    found: list[tuple[str, nn.Module]] = []
    for name, child in network.named_children():
        parts = child.named_children() if isinstance(child, nn.ModuleList) else [("", child)]
        found += [(f"{name}.{key}".rstrip("."), part) for key, part in parts if any(True for _ in part.parameters())]
    return found


def freeze(network: nn.Module, depth: int) -> None:
    """Hold the first stages' weights still."""
    found = stages(network)
    if depth >= len(found):
        names = ", ".join(name for name, _ in found)
        raise TrainingError(
            f"The training setting freeze must be below {len(found)} for this network, whose stages are {names}."
        )
    for _, stage in found[:depth]:
        stage.requires_grad_(False)


def set_modes(network: nn.Module, config: TrainingConfig, rows: int) -> None:
    """Put a network into training, but for what must keep still.

    rows: slices a pass. Frozen stages run as in use, without dropout. Where learned weights are gone on from and a pass
    holds few slices, batch normalisation keeps the statistics it came with: those of few slices are worth less.
    """
    network.train()
    for _, stage in stages(network)[: config.freeze]:
        stage.eval()
    if config.start_from is not None and rows < config.fix_norm_below:
        for part in network.modules():
            if isinstance(part, _BatchNorm):
                part.eval()
