"""What makes detection quick, and that answers stay what they were: fusing, threads, kept slices; and looking twice."""

import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import nn

from lungview.detection.decode import decode
from lungview.detection.detector import NetworkDetector
from lungview.detection.fusion import fuse
from lungview.detection.networks.catalogue import make_network, network_names
from lungview.detection.networks.lesion import MULTIPLE, LesionNet, LesionOutput
from lungview.detection.networks.mil_attention import MilAttentionNet
from lungview.detection.prepared import PreparedSlices
from lungview.detection.preprocess import grid_for, resample
from lungview.detection.readers import LesionReader, look_twice
from lungview.domain.detection import ModelInfo, SliceDetections
from lungview.domain.volume import Volume
from lungview.errors import DetectionError
from lungview.task import Cancelled, Task
from tests.support.volumes import make_stack, make_volume

INFO = ModelInfo("test", "Test", "test", "0" * 64, 1, has_score=True, has_attention=False)
CPU = torch.device("cpu")


def _lively(name: str = "compact", channels: int = 3) -> LesionNet:
    """A network whose normalisation has seen data, and that marks every cell."""
    torch.manual_seed(3)
    network = make_network(name, channels).train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(2, channels, 64, 64))
        assert network.heads.bias is not None
        network.heads.bias[0] = 2.0
        network.heads.weight.mul_(20)
    return network.eval().requires_grad_(False)


def _volume(slices: int = 12) -> Volume:
    voxels = np.random.default_rng(1).integers(-1000, 300, (slices, 64, 96)).astype(np.int16)
    return make_volume(make_stack(slices, 64, 96), voxels)


@pytest.mark.parametrize("name", network_names())
def test_a_fused_network_answers_as_before(name: str) -> None:
    network, x = _lively(name), torch.rand(2, 3, 64, 96)
    before: LesionOutput = network(x)
    after: LesionOutput = fuse(network)(x)
    for part in ("heat", "sides", "mask", "gate", "presence"):
        assert torch.allclose(getattr(before, part), getattr(after, part), atol=1e-4)
    if name == "compact":
        assert not any(isinstance(part, nn.BatchNorm2d) for part in network.modules())


def test_the_multiple_instance_network_fuses_too() -> None:
    network, x = MilAttentionNet().eval(), torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        before = network(x)
        assert torch.allclose(before.weights, fuse(network)(x).weights, atol=1e-4)


class _SlowReader:
    """Takes a while, longer for early slices, and remembers who was under way together."""

    def __init__(self, *, fails_at: int = -1, no_memory_at: int = -1) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self.together = 0
        self.fails_at, self.no_memory_at = fails_at, no_memory_at

    def __call__(
        self, network: nn.Module, volume: Volume, indices: list[int], device: torch.device
    ) -> list[SliceDetections]:
        with self._lock:
            self._running += 1
            self.together = max(self.together, self._running)
        time.sleep(0.01 if indices[0] % 3 else 0.03)
        with self._lock:
            self._running -= 1
        if self.fails_at in indices:
            raise RuntimeError("illegal instruction")
        if self.no_memory_at in indices and len(indices) > 1:
            raise MemoryError
        return [SliceDetections(index, ()) for index in indices]


def _detector(reader: _SlowReader, workers: int) -> NetworkDetector:
    return NetworkDetector(nn.Identity(), reader, INFO, "cpu", workers)


def _is_idle() -> bool:
    return not any(thread.name.startswith("detection") for thread in threading.enumerate())


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_answer_in_the_order_asked(workers: int) -> None:
    reader, asked = _SlowReader(), [5, 2, 8, 0, 1, 3, 11, 10, 9, 7, 6, 4] * 2
    answers = list(_detector(reader, workers).detect(_volume(), asked, Task()))
    assert [answer.index for answer in answers] == asked
    assert 1 <= reader.together <= workers
    assert _is_idle()


def test_as_many_batches_are_under_way_as_there_are_workers_and_none_is_drawn_before() -> None:
    drawn: list[int] = []

    def ask() -> Iterator[int]:
        for index in range(12):
            drawn.append(index)
            yield index

    answers = _detector(_SlowReader(), 2).detect(_volume(), ask(), Task())
    next(answers)
    assert drawn == [0]
    next(answers)
    assert drawn == list(range(9))  # two batches of four
    answers.close()  # type: ignore[attr-defined]
    assert _is_idle()


def test_workers_end_with_a_cancelled_task() -> None:
    task = Task()
    answers = _detector(_SlowReader(), 2).detect(_volume(), range(12), task)
    next(answers)
    next(answers)
    task.cancel()
    with pytest.raises(Cancelled):
        next(answers)
    assert _is_idle()


def test_a_failure_in_a_worker_is_told_as_any_other() -> None:
    with pytest.raises(DetectionError, match="illegal instruction"):
        list(_detector(_SlowReader(fails_at=7), 2).detect(_volume(), range(12), Task()))
    assert _is_idle()


def test_a_batch_too_large_for_memory_beside_others_is_answered_in_parts() -> None:
    answers = _detector(_SlowReader(no_memory_at=7), 2).detect(_volume(), range(12), Task())
    assert [answer.index for answer in answers] == list(range(12))


@pytest.mark.parametrize("channels", [3, 7])
def test_several_workers_find_what_one_finds(channels: int) -> None:
    network, volume = _lively(channels=channels), _volume()
    one, three = (
        list(NetworkDetector(network, LesionReader(), INFO, "cpu", workers).detect(volume, range(12), Task()))
        for workers in (1, 3)
    )
    for a, b in zip(one, three, strict=True):
        assert a.detections == b.detections
        assert np.array_equal(a.attention, b.attention)  # type: ignore[arg-type]


def test_kept_slices_are_those_a_new_resampling_gives() -> None:
    volume, grid, prepared = _volume(), grid_for((64, 96), (1.0, 1.0), MULTIPLE), PreparedSlices(most=4)
    for wanted in ({0, 1, 2}, {2, 3, 4, 5, 6}, {1}, {6, 0}):
        found = prepared.of(volume, wanted, grid)
        assert found.keys() == wanted
        for index, value in found.items():
            assert torch.equal(value, resample(volume.voxels[[index]].astype(np.int16), grid)[0])


def test_slices_of_another_volume_or_grid_are_not_mixed_up() -> None:
    one, other, prepared = _volume(), make_volume(make_stack(12, 64, 96)), PreparedSlices()
    grid, finer = (grid_for((64, 96), (spacing, spacing), MULTIPLE) for spacing in (2.0, 4.0))
    first = prepared.of(one, {3}, grid)[3]
    assert not torch.equal(first, prepared.of(other, {3}, grid)[3])
    assert prepared.of(one, {3}, finer)[3].shape != first.shape
    assert torch.equal(first, prepared.of(one, {3}, grid)[3])


def test_looking_twice_does_not_care_which_side_is_which() -> None:
    network, x = _lively(), torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        seen, mirrored = decode(look_twice(network, x))[0], decode(look_twice(network, x.flip(3)))[0]
    assert len(seen.boxes) == len(mirrored.boxes) > 0
    assert np.allclose(seen.attention, mirrored.attention[:, ::-1], atol=1e-4)
    boxes = mirrored.boxes.copy()
    boxes[:, [0, 2]] = 96 - boxes[:, [2, 0]]
    best, same = (each[np.argsort(each[:, 0])] for each in (seen.boxes, boxes))
    assert np.allclose(best, same, atol=1e-2)


def test_a_picture_that_is_its_own_mirror_image_gets_maps_that_are_too() -> None:
    half = torch.rand(1, 3, 64, 32)
    with torch.inference_mode():
        twice = look_twice(_lively(), torch.cat([half, half.flip(3)], dim=3))
    assert torch.allclose(twice.heat, twice.heat.flip(3), atol=1e-4)
    assert torch.allclose(twice.sides[:, 0], twice.sides[:, 2].flip(2), atol=1e-4)
