"""Small weights files for tests, saved as readers would bring them."""

from pathlib import Path

import torch
from safetensors.torch import save_file

from lungview.detection.networks.compact import CompactNet
from lungview.detection.networks.simple_cancer_cnn import SimpleCancerCNN


def study_network(input_size: int = 64, seed: int = 0) -> SimpleCancerCNN:
    """Return the study's network with random weights, small enough to save in a test."""
    torch.manual_seed(seed)
    return SimpleCancerCNN(input_size).eval()


def compact_file(folder: Path, *, centre_bias: float = -4.6, metadata: dict[str, str] | None = None) -> Path:
    """Save an untrained compact network; with a high centre_bias it marks every cell. metadata: as training writes."""
    torch.manual_seed(0)
    network = CompactNet()
    with torch.no_grad():
        bias = network.heads.bias
        assert bias is not None
        bias[0] = centre_bias
    path = folder / "own.safetensors"
    save_file(network.state_dict(), path, metadata)
    return path
