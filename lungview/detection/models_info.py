"""The networks that LungView has, and what is known of them; knows no torch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Architecture:
    """A network that LungView can build, and that lungview-train teaches by this key."""

    key: str
    title: str
    parameters: int
    has_score: bool
    summary: str


ARCHITECTURES = (
    Architecture(
        "compact",
        "Compact lesion detector",
        1_278_075,
        True,
        "Residual pyramid with attention gates: any number of scored boxes on a slice, and none where it sees none.",
    ),
    Architecture(
        "attention-unet",
        "Attention U-Net",
        953_531,
        True,
        "U-Net whose skips pass through gates driven from below (Oktay 2018).",
    ),
    Architecture(
        "pyramid-attention",
        "Pyramid attention network",
        703_833,
        True,
        "Inverted residuals and feature pyramid attention, after Lung_PAYNet (Bruntha 2022).",
    ),
    Architecture(
        "region-attention",
        "Region attention network",
        781_257,
        True,
        "A global branch says where a local one should look, after LLAGnet (Chen 2019).",
    ),
    Architecture(
        "mil-attention",
        "Attention multiple-instance network",
        717_588,
        True,
        "Learns from labels of slices or series alone; boxes are read off its gated attention (Ilse 2018).",
    ),
    Architecture(
        "simple-cancer-cnn",
        "SimpleCancerCNN of the study",
        134_223_812,
        False,
        "Two convolutions and two dense layers: one box on every slice, without a score. No weights are bundled; "
        "give your own state dict with --model FILE, or train it with lungview-train.",
    ),
)


TRAINABLE = tuple(each.key for each in ARCHITECTURES)


def architecture(key: str) -> Architecture:
    """What is known of a network."""
    return next(each for each in ARCHITECTURES if each.key == key)
