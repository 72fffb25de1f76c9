"""From a weights file to the network it fits, named in the file or recognised by the names of its tensors."""

import math
from collections.abc import Callable
from pathlib import Path

from torch import nn

from lungview.detection.context import CHANNEL_COUNTS
from lungview.detection.networks.catalogue import make_network, network_names, recognise
from lungview.detection.networks.lesion import LesionNet
from lungview.detection.networks.mil_attention import MilAttentionNet
from lungview.detection.networks.simple_cancer_cnn import CHANNELS, POOLED, SimpleCancerCNN
from lungview.detection.weights import Shapes, read_architecture, read_shapes, read_weights
from lungview.errors import WeightsError

Network = LesionNet | MilAttentionNet | SimpleCancerCNN

STUDY, MIL = SimpleCancerCNN.key, MilAttentionNet.key
_KNOWN = (*network_names(), MIL, STUDY)

_LARGEST_INPUT = 1024


def build_network(path: Path) -> Network:
    """Read a weights file into the network it belongs to, ready to run on the CPU.

    The network takes the file's tensors as its own, so that the study's 537 MB are mapped rather than initialised and
    copied. (Not torch's meta device: its first use imports torch's compiler, more than a second.)
    """
    network = _unfilled(read_shapes(path), path)
    try:
        network.load_state_dict(read_weights(path), assign=True)
    except RuntimeError as error:  # whole numbers where weights should be
        raise WeightsError(
            f"{path.name} holds tensors of a type that {type(network).__name__} cannot use: save weights as float32."
        ) from error
    return network.eval().requires_grad_(False)


def _unfilled(shapes: Shapes, path: Path) -> Network:
    named = read_architecture(path)
    if named is not None and named not in _KNOWN:
        raise WeightsError(
            f"{path.name} holds weights for the network {named!r}, which LungView does not have; "
            f"it has {', '.join(_KNOWN)}."
        )
    make = _maker(named, shapes)
    if make is None:
        raise WeightsError(
            f"{path.name} fits no network that LungView knows: it takes weights of its own training "
            f"({', '.join(_KNOWN[:-1])}), and state dicts of the study's SimpleCancerCNN."
        )
    network = make()
    require_fit(network, shapes, path)
    return network


def _maker(named: str | None, shapes: Shapes) -> Callable[[], Network] | None:
    """Take the network that the file names; else tell it by tensors that only it has."""
    if named == STUDY or (named is None and {"conv1.weight", "conv2.weight", "fc2.weight"} <= shapes.keys()):
        size = _input_size(shapes.get("fc1.weight", ()))
        return None if size is None else lambda: SimpleCancerCNN(size, is_unset=True)
    if named == MIL or (named is None and {"cells.weigh.weight", "slices.weigh.weight"} <= shapes.keys()):
        return MilAttentionNet
    name = named or recognise(shapes.keys())
    return None if name is None else lambda: _lesion_network(name, shapes)


def _lesion_network(name: str, shapes: Shapes) -> LesionNet:
    """The network with as many input channels as the weights were learned with, 3 where they fit no such number."""
    network = make_network(name, CHANNEL_COUNTS[0])
    entry = next(part for part, module in network.named_modules() if isinstance(module, nn.Conv2d))
    found = shapes.get(f"{entry}.weight", ())
    has_context = len(found) == 4 and found[1] in CHANNEL_COUNTS[1:]
    return make_network(name, found[1]) if has_context else network


def _input_size(shape: tuple[int, ...]) -> int | None:
    """The side of the slices that a first dense layer of this shape was learned on."""
    if len(shape) != 2 or shape[1] % CHANNELS:
        return None
    side = math.isqrt(shape[1] // CHANNELS)
    size = side * POOLED
    return size if side > 0 and side * side * CHANNELS == shape[1] and size <= _LARGEST_INPUT else None


def require_fit(network: nn.Module, shapes: Shapes, path: Path) -> None:
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
