"""Every network in the catalogue: the same answer, quiet at first, saved and loaded by its own name."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lungview.detection.build import MIL, STUDY, build_network
from lungview.detection.cards import bundled_cards
from lungview.detection.decode import attention_map, decode
from lungview.detection.models_info import TRAINABLE
from lungview.detection.networks.attention_unet import GridGate
from lungview.detection.networks.catalogue import make_network, network_names
from lungview.detection.networks.compact import CompactNet
from lungview.detection.networks.lesion import LesionNet
from lungview.detection.networks.pyramid_attention import PyramidAttention
from lungview.detection.registry import load_detector
from lungview.detection.weights import read_shapes
from lungview.errors import DetectionError, WeightsError
from lungview.task import Task
from tests.support.volumes import make_stack, make_volume

NETWORKS = pytest.mark.parametrize("name", network_names())


def _untrained(name: str) -> LesionNet:
    torch.manual_seed(0)
    return make_network(name).eval()


def _saved(folder: Path, name: str, metadata: dict[str, str] | None) -> Path:
    network = _untrained(name)
    with torch.no_grad():
        assert network.heads.bias is not None
        network.heads.bias[0] = 3.0  # marks every cell, so that there are boxes to compare
    path = folder / "own.safetensors"
    save_file(network.state_dict(), path, metadata)
    return path


def test_what_may_be_trained_is_what_can_be_built() -> None:
    assert set(network_names()) | {MIL, STUDY} == set(TRAINABLE)
    assert [make_network(name).key for name in network_names()] == list(network_names())


def test_an_unknown_network_is_refused_with_the_list() -> None:
    with pytest.raises(DetectionError, match="'resnet'; known are compact, attention-unet, pyramid-attention"):
        make_network("resnet")


@NETWORKS
@pytest.mark.parametrize("shape", [(64, 160), (224, 96), (32, 32)])
def test_maps_have_a_quarter_of_a_slice_s_sides_whatever_its_shape(name: str, shape: tuple[int, int]) -> None:
    with torch.inference_mode():
        output = _untrained(name)(torch.rand(2, 3, *shape))
    height, width = shape[0] // 4, shape[1] // 4
    assert output.heat.shape == output.mask.shape == output.gate.shape == (2, 1, height, width)
    assert output.sides.shape == (2, 4, height, width)
    assert output.presence.shape == (2,)
    assert bool((output.sides > 0).all())


@NETWORKS
def test_an_untrained_network_marks_nothing(name: str) -> None:
    with torch.inference_mode():
        found = decode(_untrained(name)(torch.rand(2, 3, 96, 128)))
    assert [len(each.boxes) for each in found] == [0, 0]


@NETWORKS
def test_attention_is_a_share_and_not_the_same_everywhere(name: str) -> None:
    x = torch.zeros(1, 3, 128, 96)
    x[:, :, 30:60, 20:50] = 1.0
    with torch.inference_mode():
        output = _untrained(name)(x)
    looked = attention_map(output)
    assert looked.shape == (1, 32, 24)
    assert 0.0 <= looked.min() < looked.max() <= 1.0
    assert 0.0 <= float(output.gate.min()) < float(output.gate.max()) <= 1.0


@NETWORKS
def test_every_weight_takes_part(name: str) -> None:
    network = make_network(name)
    output = network(torch.rand(2, 3, 128, 128))
    (output.heat.sum() + output.sides.sum() + output.mask.sum() + output.presence.sum()).backward()
    assert [key for key, value in network.named_parameters() if value.grad is None] == []


@NETWORKS
def test_one_small_slice_is_enough_of_a_batch_to_learn_from(name: str) -> None:
    output = make_network(name).train()(torch.rand(1, 3, 64, 64))
    assert bool(torch.isfinite(output.heat).all())


@NETWORKS
@pytest.mark.parametrize("is_named", [True, False])
def test_saved_weights_come_back_as_the_detector_they_were(tmp_path: Path, name: str, is_named: bool) -> None:
    path = _saved(tmp_path, name, {"architecture": name} if is_named else None)
    detector = load_detector(str(path), "cpu")
    assert detector.info.architecture == name
    assert detector.info.has_score
    pixels = np.random.default_rng(0).integers(-1000, 100, (1, 100, 140)).astype(np.int16)
    volume = make_volume(make_stack(1, 100, 140, spacing_mm=(1.7, 1.7)), pixels)
    (result,) = detector.detect(volume, [0], Task())
    assert result.detections
    assert all(each.score is not None for each in result.detections)
    assert result.attention is not None
    assert result.attention.shape == (25, 35)


@NETWORKS
def test_a_torch_state_dict_is_told_by_its_tensors(tmp_path: Path, name: str) -> None:
    torch.save({"state_dict": make_network(name).state_dict()}, tmp_path / "w.pt")
    network = build_network(tmp_path / "w.pt")
    assert isinstance(network, LesionNet)
    assert network.key == name


def test_a_file_that_names_an_unknown_network_is_refused_with_the_list(tmp_path: Path) -> None:
    path = _saved(tmp_path, "compact", {"architecture": "swin"})
    with pytest.raises(WeightsError, match=r"own\.safetensors .*'swin'.* it has compact, .*, simple-cancer-cnn"):
        build_network(path)


def test_a_file_that_names_another_network_than_its_own_is_refused_with_the_layer(tmp_path: Path) -> None:
    path = _saved(tmp_path, "compact", {"architecture": "attention-unet"})
    with pytest.raises(WeightsError, match=r"own\.safetensors lacks .*AttentionUNet needs"):
        build_network(path)
    path = _saved(tmp_path, "compact", {"architecture": "simple-cancer-cnn"})
    with pytest.raises(WeightsError, match="fits no network"):
        build_network(path)


def test_the_gate_of_the_u_net_scales_a_skip_by_the_weights_it_shows() -> None:
    skip = torch.rand(1, 8, 12, 20)
    gated, weights = GridGate(8, 16)(skip, torch.rand(1, 16, 6, 10))
    assert weights.shape == (1, 1, 12, 20)
    assert torch.allclose(gated, skip * weights)


def test_pyramid_attention_adds_the_view_of_the_whole_where_its_weights_are_nought() -> None:
    attention = PyramidAttention(16)
    with torch.no_grad():
        assert attention.weigh.bias is not None
        attention.weigh.bias.fill_(-1e4)
    x = torch.rand(1, 16, 3, 5)
    weighed, weights = attention(x)
    assert float(weights.detach().max()) == 0.0
    whole = attention.whole(x.mean(dim=(2, 3), keepdim=True))
    assert torch.allclose(weighed, whole.expand_as(weighed), atol=1e-6)


def test_the_default_network_keeps_the_names_of_its_weights() -> None:
    assert CompactNet().state_dict().keys() == read_shapes(bundled_cards()[0].weights).keys()
