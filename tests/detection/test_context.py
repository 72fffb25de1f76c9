"""Neighbouring slices as channels: which they are, what stands in for them, and that 3 channels stay what they were."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save_file

from lungview.detection.build import build_network
from lungview.detection.context import CHANNEL_COUNTS, OFFSETS_MM, TOLERANCE_MM, candidates, neighbours
from lungview.detection.decode import decode
from lungview.detection.networks.catalogue import make_network, network_names
from lungview.detection.networks.lesion import MULTIPLE, LesionNet
from lungview.detection.preprocess import CHANNEL_WINDOWS, grid_for, resample, to_channels
from lungview.detection.readers import LesionReader
from lungview.domain.arrays import VoxelArray
from lungview.domain.detection import SliceDetections
from lungview.domain.volume import Volume
from lungview.errors import DetectionError, WeightsError
from tests.support.volumes import make_stack, make_volume

CPU = torch.device("cpu")


def _volume(slices: int = 9, slice_mm: float = 2.5, *, is_read: bool = True) -> Volume:
    voxels = np.random.default_rng(0).integers(-1000, 300, (slices, 64, 96)).astype(np.int16)
    return make_volume(make_stack(slices, 64, 96, slice_mm=slice_mm), voxels, is_read=is_read)


def _eager(channels: int, name: str = "compact") -> LesionNet:
    """A network that marks every cell, so that there are boxes to compare."""
    torch.manual_seed(channels)
    network = make_network(name, channels).eval().requires_grad_(False)
    assert network.heads.bias is not None
    network.heads.bias[0] = 3.0
    network.heads.weight.mul_(30)
    return network


def _answer(network: LesionNet, volume: Volume, index: int) -> SliceDetections:
    return LesionReader()(network, volume, [index], CPU)[0]


def _same(one: SliceDetections, other: SliceDetections) -> bool:
    return one.detections == other.detections and np.array_equal(one.attention, other.attention)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("slice_mm", "count", "expected"),
    [
        (2.5, 4, (0, 2, 6, 8)),
        (2.5, 2, (2, 6)),
        (5.0, 4, (2, 3, 5, 6)),
        (10.0, 4, (3, 4, 4, 5)),
        (8.0, 4, (3, 3, 5, 5)),
        (7.5, 2, (3, 5)),
        (20.0, 4, (4, 4, 4, 4)),
        (1.25, 2, (0, 8)),
        (1.25, 4, (4, 0, 8, 4)),
        (-5.0, 4, (6, 5, 3, 2)),
    ],
)
def test_neighbours_lie_at_places_in_mm_whatever_the_spacing(
    slice_mm: float, count: int, expected: tuple[int, ...]
) -> None:
    assert neighbours(_volume(slice_mm=slice_mm), 4, count) == expected


@given(
    positions=st.lists(st.floats(-500, 500), min_size=1, max_size=12),
    offset=st.sampled_from(OFFSETS_MM[4]),
    data=st.data(),
)
def test_what_stands_for_a_place_is_near_it_and_never_the_slice_itself(
    positions: list[float], offset: float, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(positions) - 1))
    found = candidates(np.array(positions), index, offset)
    off = [abs(positions[place] - positions[index] - offset) for place in found]
    assert index not in found
    assert all(each <= TOLERANCE_MM + 1e-3 for each in off)
    assert all(one <= other + 1e-3 for one, other in pairwise(off))


def test_no_neighbour_is_taken_where_positions_are_unknown() -> None:
    volume = _volume(slice_mm=5.0)
    unplaced = replace(volume, geometry=replace(volume.geometry, is_known=False))
    assert neighbours(unplaced, 4, 4) == (4, 4, 4, 4)


def test_an_unreadable_slice_gives_its_place_to_the_next_best() -> None:
    volume = replace(_volume(slice_mm=2.5), unreadable=((6, "damaged"),))
    assert neighbours(volume, 4, 2) == (2, 5)
    volume = replace(_volume(slice_mm=5.0), unreadable=((5, "damaged"),))
    assert neighbours(volume, 4, 2) == (3, 4)


def test_an_unreadable_slice_is_told_by_its_blankness_before_the_series_is_complete() -> None:
    volume = _volume(slice_mm=5.0)
    volume.voxels[5] = -1024  # what the loader puts there; its list comes with the last slice
    assert neighbours(volume, 4, 2) == (3, 4)


def test_a_slice_waits_for_the_neighbours_it_will_have() -> None:
    volume = _volume(slice_mm=5.0, is_read=False)
    volume.is_read[[3, 4]] = True
    with pytest.raises(DetectionError, match=r"Slice 5 is looked at together with slice 6, .* not been read"):
        _answer(_eager(5), volume, 4)
    assert _answer(_eager(3), volume, 4).detections
    volume.is_read[5] = True
    early = _answer(_eager(5), volume, 4)
    volume.is_read[:] = True
    assert _same(early, _answer(_eager(5), volume, 4))


def test_a_nearer_slice_that_is_read_makes_waiting_for_a_farther_one_needless() -> None:
    volume = _volume(slice_mm=2.5)
    volume.is_read[[0, 1, 3, 5, 7, 8]] = False
    assert neighbours(volume, 4, 2) == (2, 6)


@pytest.mark.parametrize("name", network_names())
def test_three_channels_give_bit_for_bit_what_they_gave(name: str) -> None:
    volume, network = _volume(), _eager(3, name)
    grid = grid_for((64, 96), (1.0, 1.0), MULTIPLE)
    hu = resample(volume.voxels[[4]].astype(np.int16), grid)
    low = torch.tensor([window.low for window in CHANNEL_WINDOWS]).view(1, -1, 1, 1)
    span = torch.tensor([window.high - window.low for window in CHANNEL_WINDOWS]).view(1, -1, 1, 1)
    inputs = ((hu - low) / span).clamp(0.0, 1.0)
    assert torch.equal(to_channels(hu), inputs)
    with torch.inference_mode():
        (wanted,) = decode(network(inputs.contiguous(memory_format=torch.channels_last)))
    answer = _answer(network, volume, 4)
    assert len(answer.detections) > 0
    assert [each.score for each in answer.detections] == wanted.scores.tolist()
    seen = np.s_[: grid.resized[0] // 4, : grid.resized[1] // 4]
    assert np.array_equal(answer.attention, wanted.attention[seen])  # type: ignore[arg-type]


def test_neighbours_follow_the_slice_s_own_windows_in_ascending_order() -> None:
    hu = torch.full((1, 1, 2, 2), 40.0)
    context = torch.tensor([-1000.0, 400.0]).view(1, 2, 1, 1).expand(1, 2, 2, 2)
    channels = to_channels(hu, context)
    assert channels.shape == (1, 5, 2, 2)
    assert torch.equal(channels[:, :3], to_channels(hu))
    assert channels[0, 3, 0, 0] == 0
    assert channels[0, 4, 0, 0] == 1


def test_a_slice_alone_is_seen_as_if_its_neighbours_were_like_it() -> None:
    pixels: VoxelArray = np.repeat(_volume().voxels[:1], 5, axis=0).astype(np.int16)
    among = make_volume(make_stack(5, 64, 96, slice_mm=5.0), pixels)
    alone = make_volume(make_stack(1, 64, 96), pixels[:1])
    for channels in CHANNEL_COUNTS:
        one, other = _answer(_eager(channels), among, 2), _answer(_eager(channels), alone, 0)
        assert one.detections == other.detections


def test_a_change_next_door_changes_the_answer_only_of_networks_that_look_there() -> None:
    before, after = _volume(slice_mm=5.0), _volume(slice_mm=5.0)
    after.voxels[6] = np.flip(after.voxels[6], axis=1)
    assert _same(_answer(_eager(3), before, 4), _answer(_eager(3), after, 4))
    assert _same(_answer(_eager(5), before, 4), _answer(_eager(5), after, 4))
    assert not _same(_answer(_eager(7), before, 4), _answer(_eager(7), after, 4))


@pytest.mark.parametrize("name", network_names())
@pytest.mark.parametrize("channels", CHANNEL_COUNTS)
def test_the_number_of_channels_is_read_off_the_weights(tmp_path: Path, name: str, channels: int) -> None:
    save_file(make_network(name, channels).state_dict(), tmp_path / "w.safetensors", {"architecture": name})
    network = build_network(tmp_path / "w.safetensors")
    assert isinstance(network, LesionNet)
    assert network.in_channels == channels


def test_weights_for_a_number_of_channels_that_is_never_fed_are_refused(tmp_path: Path) -> None:
    save_file(make_network("compact", 4).state_dict(), tmp_path / "w.safetensors")
    with pytest.raises(WeightsError, match=r"stem.0.weight has shape \(16, 4, 3, 3\)"):
        build_network(tmp_path / "w.safetensors")


def test_a_batch_with_neighbours_gives_what_single_slices_give() -> None:
    volume, network = _volume(slice_mm=5.0), _eager(7)
    together = LesionReader()(network, volume, [6, 2, 3], CPU)
    for index, answer in zip([6, 2, 3], together, strict=True):
        alone = _answer(network, volume, index)
        assert answer.index == index
        assert len(answer.detections) == len(alone.detections)
        assert np.allclose(answer.attention, alone.attention, atol=1e-5)  # type: ignore[arg-type]
