"""The multiple-instance network: attention that adds up, boxes round what it picks out, weights found by their name."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lungview.detection.build import MIL, build_network
from lungview.detection.mil import decode_attention
from lungview.detection.networks.mil_attention import CELL, FEATURES, MilAttentionNet, MilOutput, of_series
from lungview.detection.registry import load_detector
from lungview.errors import WeightsError
from lungview.metrics.iou import iou
from lungview.task import Task
from tests.support.volumes import make_stack, make_volume


def _output(weights: np.ndarray[tuple[int, int], np.dtype[np.float32]], presence: float) -> MilOutput:
    share = torch.from_numpy(weights / weights.sum())[None]
    return MilOutput(share, torch.tensor([presence]), torch.zeros(1), torch.zeros(1))


def _saved(folder: Path, metadata: dict[str, str] | None) -> Path:
    torch.manual_seed(0)
    path = folder / "mil.safetensors"
    save_file(MilAttentionNet().state_dict(), path, metadata)
    return path


def test_the_weights_of_a_slice_s_cells_and_of_a_series_slices_add_up_to_one() -> None:
    network = MilAttentionNet().eval()
    with torch.inference_mode():
        output = network(torch.rand(3, 3, 64, 96))
        logit, slices = of_series(output.pulls, output.votes)
    assert output.weights.shape == (3, 64 // CELL, 96 // CELL)
    assert torch.allclose(output.weights.sum(dim=(1, 2)), torch.ones(3))
    assert logit.shape == ()
    assert slices.sum().item() == pytest.approx(1.0, abs=1e-5)


def test_the_order_of_slices_does_not_matter_to_the_series() -> None:
    pulls, votes = torch.randn(5), torch.randn(5)
    assert torch.allclose(of_series(pulls, votes)[0], of_series(pulls.flip(0), votes.flip(0))[0], atol=1e-6)


def test_a_series_answer_is_the_classifier_s_of_the_pooled_slices() -> None:
    network = MilAttentionNet().eval()
    features = torch.randn(5, FEATURES)
    with torch.inference_mode():
        pooled, _ = network.slices(features[None])
        logit, _ = of_series(network.slices.pull(features), network.series_presence(features)[:, 0])
        assert torch.allclose(logit, network.series_presence(pooled)[0, 0], atol=1e-6)


def test_a_box_fits_an_even_patch_of_attention() -> None:
    weights = np.full((20, 24), 1e-4, dtype=np.float32)
    weights[5:9, 10:16] = 1.0
    (found,) = decode_attention(_output(weights, 4.0))
    truth = np.array([[10 * CELL, 5 * CELL, 16 * CELL, 9 * CELL]], dtype=np.float32)
    assert iou(found.boxes, truth)[0, 0] > 0.7
    assert found.scores[0] == pytest.approx(1 / (1 + np.exp(-4.0)), abs=1e-4)


def test_two_patches_are_two_boxes_the_heavier_first() -> None:
    weights = np.full((20, 24), 1e-4, dtype=np.float32)
    weights[2:4, 2:4] = 0.9
    weights[12:15, 15:18] = 1.0
    (found,) = decode_attention(_output(weights, 2.0))
    assert len(found.boxes) == 2
    assert found.boxes[0, 0] > found.boxes[1, 0]
    assert found.scores[0] > found.scores[1] > 0


def test_a_slice_said_to_hold_nothing_is_dark_and_without_boxes() -> None:
    (found,) = decode_attention(_output(np.ones((8, 8), dtype=np.float32), -9.0))
    assert len(found.boxes) == 0
    assert found.attention.max() < 0.01


@pytest.mark.parametrize("metadata", [{"architecture": MIL}, None])
def test_its_weights_are_told_by_name_and_by_their_tensors(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    path = _saved(tmp_path, metadata)
    assert isinstance(build_network(path), MilAttentionNet)
    detector = load_detector(str(path), "cpu")
    assert detector.info.architecture == MIL
    volume = make_volume(make_stack(3, rows=96, columns=128))
    answers = list(detector.detect(volume, range(3), Task()))
    assert [answer.index for answer in answers] == [0, 1, 2]
    for answer in answers:
        assert answer.attention is not None
        assert 0 <= answer.attention.min() <= answer.attention.max() <= 1
        assert all(0 <= mark.box.xmin < mark.box.xmax <= 128 for mark in answer.detections)


def test_weights_that_lack_a_tensor_are_refused_by_its_name(tmp_path: Path) -> None:
    tensors = MilAttentionNet().state_dict()
    del tensors["series_presence.bias"]
    save_file(tensors, tmp_path / "cut.safetensors", {"architecture": MIL})
    with pytest.raises(WeightsError, match=r"lacks series_presence\.bias"):
        build_network(tmp_path / "cut.safetensors")
