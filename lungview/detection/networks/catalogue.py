"""The networks that find lesions, by name; what is trained, saved and loaded is looked up here."""

from collections.abc import Callable, Collection

from lungview.detection.networks.attention_unet import AttentionUNet
from lungview.detection.networks.compact import CompactConfig, CompactNet
from lungview.detection.networks.lesion import LesionNet
from lungview.detection.networks.pyramid_attention import PyramidAttentionNet
from lungview.detection.networks.region_attention import RegionAttentionNet
from lungview.errors import DetectionError

_MAKERS: dict[str, Callable[[int], LesionNet]] = {
    CompactNet.key: lambda channels: CompactNet(CompactConfig(in_channels=channels)),
    AttentionUNet.key: AttentionUNet,
    PyramidAttentionNet.key: PyramidAttentionNet,
    RegionAttentionNet.key: RegionAttentionNet,
}

_MARKS: dict[str, str] = {
    AttentionUNet.key: "up.0.gate.weigh.weight",
    PyramidAttentionNet.key: "attention.weigh.weight",
    RegionAttentionNet.key: "regions.weight",
    CompactNet.key: "stem.0.weight",
}
"""A tensor that only this network has, once those before it are ruled out."""

_SHARED = frozenset({"heads.weight", "presence.weight"})


def network_names() -> tuple[str, ...]:
    """All names, the default first."""
    return tuple(_MAKERS)


def make_network(name: str, in_channels: int = 3) -> LesionNet:
    """An untrained network."""
    if name not in _MAKERS:
        raise DetectionError(f"There is no network {name!r}; known are {', '.join(_MAKERS)}.")
    return _MAKERS[name](in_channels)


def recognise(tensors: Collection[str]) -> str | None:
    """The network that a state dict with these names belongs to, None if it is none of these."""
    if not set(tensors) >= _SHARED:
        return None
    return next((name for name, mark in _MARKS.items() if mark in tensors), None)
