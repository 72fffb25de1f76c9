"""From a weights file to the network it fits, recognised by the names and shapes of its tensors."""

import math
from collections.abc import Callable
from pathlib import Path

from torch import nn

from lungview.detection.networks.compact import CompactConfig, CompactNet
from lungview.detection.networks.simple_cancer_cnn import CHANNELS, POOLED, SimpleCancerCNN
from lungview.detection.preprocess import CHANNEL_WINDOWS
from lungview.detection.weights import Shapes, read_shapes, read_weights
from lungview.errors import WeightsError

Network = CompactNet | SimpleCancerCNN

_LARGEST_INPUT = 1024


def build_network(path: Path) -> Network:
    """Read a weights file into the network it belongs to, ready to run on the CPU.

    The network takes the file's tensors as its own, so that the study's 537 MB are mapped rather than initialised and
    copied. (Not torch's meta device: its first use imports torch's compiler, more than a second.)
    """
    network = _unfilled(read_shapes(path), path)
    network.load_state_dict(read_weights(path), assign=True)
    return network.eval().requires_grad_(False)


def _unfilled(shapes: Shapes, path: Path) -> Network:
    make = _recognised(shapes)
    if make is None:
        raise WeightsError(
            f"{path.name} fits no network that LungView knows: it takes compact weights of its own training, "
            "and state dicts of the study's SimpleCancerCNN."
        )
    network = make()
    _compare(network, shapes, path)
    return network


def _recognised(shapes: Shapes) -> Callable[[], Network] | None:
    """Tell the network by names that only it has."""
    if {"conv1.weight", "conv2.weight", "fc1.weight", "fc2.weight"} <= shapes.keys():
        size = _input_size(shapes["fc1.weight"])
        return None if size is None else lambda: SimpleCancerCNN(size, is_unset=True)
    if {"stem.0.weight", "heads.weight", "presence.weight"} <= shapes.keys():
        return lambda: CompactNet(CompactConfig(in_channels=len(CHANNEL_WINDOWS)))
    return None


def _input_size(shape: tuple[int, ...]) -> int | None:
    """The side of the slices that a first dense layer of this shape was learned on."""
    if len(shape) != 2 or shape[1] % CHANNELS:
        return None
    side = math.isqrt(shape[1] // CHANNELS)
    size = side * POOLED
    return size if side > 0 and side * side * CHANNELS == shape[1] and size <= _LARGEST_INPUT else None


def _compare(network: nn.Module, shapes: Shapes, path: Path) -> None:
    """Refuse missing, surplus and misshapen tensors by name."""
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    kind = type(network).__name__
    for name in sorted(expected.keys() - shapes.keys()):
        raise WeightsError(f"{path.name} lacks {name}, which {kind} needs: save the whole state dict.")
    for name in sorted(shapes.keys() - expected.keys()):
        raise WeightsError(f"{path.name} holds {name}, which {kind} does not have: it was made by another network.")
    for name, shape in expected.items():
        if shapes[name] != shape:
            raise WeightsError(f"{path.name}: {name} has shape {shapes[name]} where {kind} needs {shape}.")
