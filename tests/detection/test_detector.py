"""Detectors: order, laziness, cancelling, memory, and boxes in the slice's own pixels."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lungview.detection.build import build_network
from lungview.detection.detector import NetworkDetector
from lungview.detection.device import choose_device
from lungview.detection.networks.simple_cancer_cnn import SimpleCancerCNN
from lungview.detection.readers import LesionReader, read_simple_cancer_cnn, study_input
from lungview.detection.registry import load_detector
from lungview.domain.detection import ModelInfo, SliceDetections
from lungview.domain.study import PixelFormat
from lungview.domain.volume import Volume
from lungview.errors import DetectionError, DeviceMemoryError
from lungview.task import Cancelled, Task
from tests.support.volumes import make_stack, make_volume
from tests.support.weights import compact_file, study_network

INFO = ModelInfo("test", "Test", "test", "0" * 64, 1, has_score=True, has_attention=False)


class _FakeReader:
    """Answers with nothing, remembering what it was asked; runs out of memory above a batch size."""

    def __init__(self, most: int = 100) -> None:
        self.asked: list[list[int]] = []
        self.most = most

    def __call__(
        self, network: nn.Module, volume: Volume, indices: list[int], device: torch.device
    ) -> list[SliceDetections]:
        if len(indices) > self.most:
            raise torch.OutOfMemoryError("CUDA out of memory")
        self.asked.append(indices)
        return [SliceDetections(index, ()) for index in indices]


def _detector(reader: _FakeReader, batch: int = 4) -> NetworkDetector:
    detector = NetworkDetector(nn.Identity(), reader, INFO, "cpu")
    detector._batch = batch
    return detector


def _indices(results: Iterator[SliceDetections]) -> list[int]:
    return [result.index for result in results]


def test_slices_come_in_the_order_asked() -> None:
    volume = make_volume(make_stack(9))
    assert _indices(_detector(_FakeReader()).detect(volume, [5, 2, 8, 0, 1], Task())) == [5, 2, 8, 0, 1]


def test_the_first_slice_is_answered_before_any_other_is_asked_for() -> None:
    drawn: list[int] = []

    def ask() -> Iterator[int]:
        for index in (3, 4, 5, 6, 7, 8):
            drawn.append(index)
            yield index

    results = _detector(_FakeReader()).detect(make_volume(make_stack(9)), ask(), Task())
    assert next(results).index == 3
    assert drawn == [3]
    assert next(results).index == 4
    assert drawn == [3, 4, 5, 6, 7]


def test_a_cancelled_task_ends_it() -> None:
    task = Task()
    results = _detector(_FakeReader()).detect(make_volume(make_stack(9)), range(9), task)
    next(results)
    task.cancel()
    with pytest.raises(Cancelled):
        next(results)


def test_a_device_short_of_memory_gets_smaller_batches() -> None:
    reader = _FakeReader(most=1)
    assert _indices(_detector(reader).detect(make_volume(make_stack(9)), range(9), Task())) == list(range(9))
    assert all(len(asked) == 1 for asked in reader.asked)


def test_memory_that_holds_not_even_one_slice_is_said_so() -> None:
    results = _detector(_FakeReader(most=0)).detect(make_volume(make_stack(3)), range(3), Task())
    with pytest.raises(DeviceMemoryError, match="one slice"):
        next(results)


def test_a_gpu_that_holds_not_even_one_slice_hands_over_to_the_cpu() -> None:
    reader = _FakeReader()
    detector = _detector(reader, batch=2)
    detector._device = torch.device("cuda")

    def no_room_on_the_gpu(
        network: nn.Module, volume: Volume, indices: list[int], device: torch.device
    ) -> list[SliceDetections]:
        if device.type == "cuda":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return reader(network, volume, indices, device)

    detector._reader = no_room_on_the_gpu
    assert _indices(detector.detect(make_volume(make_stack(4)), range(4), Task())) == [0, 1, 2, 3]
    assert detector.device == "cpu"


def test_a_device_that_fails_otherwise_is_named_with_the_remedy() -> None:
    detector = _detector(_FakeReader())

    def broken(network: nn.Module, volume: Volume, indices: list[int], device: torch.device) -> list[SliceDetections]:
        raise RuntimeError("cuDNN error: internal")

    detector._reader = broken
    with pytest.raises(DetectionError, match=r"cpu device failed \(cuDNN error"):
        next(detector.detect(make_volume(make_stack(2)), [0], Task()))


def test_a_slice_not_yet_read_is_refused_rather_than_taken_for_air() -> None:
    volume = make_volume(make_stack(3), is_read=False)
    with pytest.raises(DetectionError, match="Slice 2 has not been read"):
        next(_detector(_FakeReader()).detect(volume, [1], Task()))


def test_colour_pictures_are_refused() -> None:
    stack = make_stack(2, samples=3)
    volume = make_volume(stack, np.zeros((2, 64, 64, 3), dtype=np.uint8))
    with pytest.raises(DetectionError, match="colour"):
        next(_detector(_FakeReader()).detect(volume, [0], Task()))


def test_an_unknown_device_is_refused_with_the_known_ones() -> None:
    with pytest.raises(DetectionError, match="auto"):
        choose_device("abacus")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this computer has a CUDA device")
def test_a_device_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(DetectionError, match=r"no cuda .* cpu"):
        choose_device("cuda")


def test_compact_boxes_lie_in_the_slice_and_the_attention_covers_it(tmp_path: Path) -> None:
    detector = load_detector(str(compact_file(tmp_path, centre_bias=2.0)), "cpu")
    volume = make_volume(make_stack(2, 200, 320, spacing_mm=(0.85, 0.85)))
    (result,) = detector.detect(volume, [1], Task())
    assert result.detections
    for detection in result.detections:
        assert detection.box == detection.box.clipped(200, 320)
        assert detection.score is not None
        assert 0 < detection.score <= 1
    scores = [detection.score for detection in result.detections if detection.score is not None]
    assert scores == sorted(scores, reverse=True)
    assert result.attention is not None
    assert result.attention.shape == (100 // 4, 160 // 4)
    assert result.mask is not None
    assert result.mask.shape == result.attention.shape
    assert result.mask.max() < 0.1, "untrained, it outlines nothing"
    assert result.attention.min() >= 0
    assert result.attention.max() <= 1


def test_an_untrained_compact_network_claims_nothing(tmp_path: Path) -> None:
    detector = load_detector(str(compact_file(tmp_path)), "cpu")
    (result,) = detector.detect(make_volume(make_stack(1, 128, 128)), [0], Task())
    assert result.detections == ()


def test_a_batch_gives_what_single_slices_give(tmp_path: Path) -> None:
    network = build_network(compact_file(tmp_path, centre_bias=0.0))
    volume = make_volume(make_stack(3, 96, 128))
    together = LesionReader()(network, volume, [0, 1, 2], torch.device("cpu"))
    alone = [LesionReader()(network, volume, [index], torch.device("cpu"))[0] for index in range(3)]
    for one, other in zip(together, alone, strict=True):
        assert len(one.detections) == len(other.detections)
        assert np.allclose(one.attention, other.attention, atol=1e-5)  # type: ignore[arg-type]


def test_the_study_s_network_gives_one_box_without_score_and_an_attention_map(tmp_path: Path) -> None:
    torch.save(study_network(64).state_dict(), tmp_path / "w.pt")
    detector = load_detector(str(tmp_path / "w.pt"), "cpu")
    assert detector.info.architecture == "simple-cancer-cnn"
    assert not detector.info.has_score
    with torch.no_grad():
        network = study_network(64)
        network.fc2.bias.copy_(torch.tensor([8.0, 16.0, 32.0, 48.0]))
        network.fc2.weight.mul_(1e-3)
    (result,) = read_simple_cancer_cnn(network, make_volume(make_stack(1, 128, 128)), [0], torch.device("cpu"))
    (detection,) = result.detections
    assert detection.score is None
    assert np.allclose(detection.box.as_tuple(), (16, 32, 64, 96), atol=0.5)
    assert result.attention is not None
    assert result.attention.shape == (16, 16)
    assert result.attention.max() == pytest.approx(1.0)


def test_the_study_s_input_is_stored_values_over_the_slice_s_maximum() -> None:
    stored = np.array([[[0, 500], [1000, 2000]], [[0, 0], [0, 0]]], dtype=np.float32)
    formats = [PixelFormat(2, 2, slope=2.0, intercept=-1024.0)] * 2
    hu = (stored * 2 - 1024).astype(np.int16)
    inputs = study_input(hu, formats, 2).numpy()
    assert np.allclose(inputs[0, 0], [[0, 0.25], [0.5, 1.0]])
    assert not inputs[1].any()


def test_box_and_attention_agree_with_the_plain_forward() -> None:
    network = study_network(64)
    x = torch.rand(2, 1, 64, 64)
    box, attention = network.box_and_attention(x)
    assert torch.allclose(box, network(x), atol=1e-5)
    assert attention.shape == (2, 16, 16)
    assert isinstance(network, SimpleCancerCNN)


def test_a_name_that_is_neither_model_nor_file_is_refused_with_the_bundled_ones() -> None:
    with pytest.raises(DetectionError, match=r"no model and no file named 'resnet'"):
        load_detector("resnet")
