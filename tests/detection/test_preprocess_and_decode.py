"""Slices onto the network's grid, and its maps back to boxes."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lungview.detection.decode import NMS_IOU, attention_map, decode, suppress
from lungview.detection.networks.compact import CompactConfig, CompactNet
from lungview.detection.networks.lesion import STRIDE, LesionOutput
from lungview.detection.preprocess import AIR_HU, PIXEL_MM, grid_for, resample, to_channels
from lungview.metrics.iou import iou

SIDES = st.integers(16, 1200)


def _output(height: int, width: int, count: int = 1) -> LesionOutput:
    """Maps of a network that sees nothing."""
    return LesionOutput(
        heat=torch.full((count, 1, height, width), -8.0),
        sides=torch.full((count, 4, height, width), 6.0),
        mask=torch.full((count, 1, height, width), -8.0),
        quality=torch.full((count, 1, height, width), 8.0),
        gate=torch.full((count, 1, height, width), 0.5),
        presence=torch.full((count,), 4.0),
    )


@given(rows=SIDES, columns=SIDES, spacing=st.none() | st.floats(0.05, 20))
def test_grids_are_of_the_network_s_multiple_and_never_huge(rows: int, columns: int, spacing: float | None) -> None:
    grid = grid_for((rows, columns), None if spacing is None else (spacing, spacing), 32)
    assert all(side % 32 == 0 and 32 <= side <= 544 for side in grid.padded)
    assert all(inner <= outer for inner, outer in zip(grid.resized, grid.padded, strict=True))


def test_a_slice_is_resampled_to_the_learned_pixel_size() -> None:
    grid = grid_for((512, 512), (0.75, 0.75), 32)
    assert grid.resized == (224, 224)
    assert grid.scale[0] * 0.75 == pytest.approx(PIXEL_MM, rel=0.02)


def test_what_is_added_around_a_slice_is_air() -> None:
    grid = grid_for((100, 200), (PIXEL_MM, PIXEL_MM), 32)
    hu = resample(np.full((1, 100, 200), 40, dtype=np.int16), grid)
    assert hu.shape == (1, 1, 128, 224)
    assert (hu[..., :100, :200] == 40).all()
    assert (hu[..., 100:, :] == AIR_HU).all()
    assert (hu[..., :, 200:] == AIR_HU).all()


def test_channels_span_their_windows() -> None:
    hu = torch.tensor([-2000.0, -1000.0, 40.0, 3000.0]).view(1, 1, 1, 4)
    channels = to_channels(hu)
    assert channels.shape == (1, 3, 1, 4)
    assert (channels[..., 0] == 0).all()
    assert (channels[..., 3] == 1).all()
    assert channels[0, 1, 0, 2] == pytest.approx(0.5, abs=0.01)


def test_of_two_peaks_alike_the_better_fitting_box_comes_first() -> None:
    output = _output(16, 16)
    output.heat[0, 0, 3, 3] = output.heat[0, 0, 12, 12] = 2.0
    output.quality[0, 0, 3, 3], output.quality[0, 0, 12, 12] = -1.0, 1.0
    (found,) = decode(output)
    # The square root of sigmoid(1) over sigmoid(-1), which is e.
    assert found.scores[0] / found.scores[1] == pytest.approx(np.exp(0.5), rel=0.01)
    assert found.boxes[0, 0] > found.boxes[1, 0]


def test_a_peak_becomes_a_box_around_its_cell_s_centre() -> None:
    output = _output(16, 24)
    output.heat[0, 0, 5, 7] = 3.0
    output.sides[0, :, 5, 7] = torch.tensor([10.0, 4.0, 6.0, 8.0])
    (found,) = decode(output)
    x, y = 7.5 * STRIDE, 5.5 * STRIDE
    assert np.allclose(found.boxes, [[x - 10, y - 4, x + 6, y + 8]])
    told = torch.sigmoid(torch.tensor([3.0, 4.0, 8.0]))
    expected = told[0] * (told[1] * told[2]).sqrt()
    assert found.scores[0] == pytest.approx(float(expected), abs=1e-5)


def test_maps_without_a_peak_give_no_box_and_a_dark_attention_map() -> None:
    (found,) = decode(_output(16, 16))
    assert found.boxes.shape == (0, 4)
    assert found.attention.max() < 0.2


def test_attention_is_brightest_where_the_heat_is() -> None:
    output = _output(16, 16)
    output.heat[0, 0, 9, 3] = 4.0
    shown = attention_map(output)[0]
    assert shown.max() == pytest.approx(1.0)
    assert np.hypot(*(np.array(np.unravel_index(shown.argmax(), shown.shape)) - (9, 3))) <= 1.5


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), count=st.integers(0, 25))
def test_boxes_that_are_kept_do_not_overlap_and_each_dropped_one_overlaps_a_better(seed: int, count: int) -> None:
    random = np.random.default_rng(seed)
    corners = random.uniform(0, 60, (count, 2))
    boxes = np.concatenate([corners, corners + random.uniform(2, 40, (count, 2))], axis=1).astype(np.float32)
    scores = random.uniform(0, 1, count).astype(np.float32)
    kept = suppress(boxes, scores)
    assert list(scores[kept]) == sorted(scores[kept], reverse=True)
    overlaps = iou(boxes[kept], boxes[kept])
    assert (overlaps[~np.eye(len(kept), dtype=bool)] <= NMS_IOU + 1e-6).all()
    for index in set(range(count)) - set(kept):
        better = [other for other in kept if scores[other] >= scores[index]]
        assert iou(boxes[[index]], boxes[better]).max() > 0


def test_the_network_is_small_and_takes_any_multiple_of_32() -> None:
    network = CompactNet(CompactConfig()).eval()
    assert sum(value.numel() for value in network.parameters()) < 1_400_000
    with torch.inference_mode():
        output = network(torch.zeros(2, 3, 64, 96))
    assert output.heat.shape == (2, 1, 16, 24)
    assert output.sides.shape == (2, 4, 16, 24)
    assert output.gate.shape == (2, 1, 16, 24)
    assert output.presence.shape == (2,)
    assert (output.sides > 0).all()
