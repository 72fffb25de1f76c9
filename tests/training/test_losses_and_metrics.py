"""Truth on the network's grid, losses, and the figures runs are compared by."""

from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lungview.detection.decode import decode
from lungview.detection.networks.lesion import STRIDE, LesionOutput
from lungview.domain.arrays import FloatArray
from lungview.metrics.iou import giou as giou_pairs
from lungview.metrics.iou import iou
from lungview_training.evaluate import SliceResult, judge, measure
from lungview_training.evaluation.intervals import draw
from lungview_training.losses import box_loss, encode, focal, giou, plain_iou, quality_loss, sides_to_boxes

CORNER = st.floats(0, 100, width=32)
BOX = st.tuples(CORNER, CORNER, st.floats(1, 60, width=32), st.floats(1, 60, width=32))


def _perfect(boxes: FloatArray, cells: int = 32) -> LesionOutput:
    """What a network would say that knows the boxes."""
    targets = encode((boxes,), (cells, cells))
    along = (torch.arange(cells) + 0.5) * STRIDE
    down = along[:, None]
    wanted = targets.boxes
    sides = torch.stack([along - wanted[:, 0], down - wanted[:, 1], wanted[:, 2] - along, wanted[:, 3] - down], dim=1)
    ones = torch.ones_like(targets.heat)
    heat = torch.logit(targets.heat.clamp(1e-6, 1 - 1e-6))
    return LesionOutput(heat, sides, mask=ones, quality=ones * 9, gate=ones, presence=torch.full((1,), 9.0))


@settings(deadline=None)
@given(x=st.floats(2, 90), y=st.floats(2, 90), width=st.floats(4, 35), height=st.floats(4, 35))
def test_an_encoded_box_is_decoded_again(x: float, y: float, width: float, height: float) -> None:
    boxes = np.array([[x, y, x + width, y + height]], dtype=np.float32)
    (found,) = decode(_perfect(boxes))
    assert np.allclose(found.boxes[0], boxes[0], atol=1e-3)
    assert found.scores[0] > 0.99


def test_two_boxes_apart_are_both_decoded() -> None:
    boxes = np.array([[10, 12, 30, 40], [80, 70, 92, 84]], dtype=np.float32)
    (found,) = decode(_perfect(boxes))
    found_boxes = found.boxes[np.argsort(found.boxes[:, 0])]
    assert np.allclose(found_boxes[:2], boxes, atol=1e-3)


def test_a_lesion_s_weights_sum_to_one_whatever_its_size() -> None:
    boxes = np.array([[10, 10, 14, 14], [60, 60, 120, 124]], dtype=np.float32)
    assert float(encode((boxes,), (32, 32)).weights.sum()) == pytest.approx(2.0, abs=1e-4)


@given(st.lists(st.tuples(BOX, BOX), min_size=1, max_size=8))
def test_giou_in_torch_is_giou_in_numpy(pairs: list[tuple[tuple[float, ...], tuple[float, ...]]]) -> None:
    a, b = (
        np.array([[x, y, x + w, y + h] for x, y, w, h in (pair[side] for pair in pairs)], dtype=np.float32)
        for side in (0, 1)
    )
    ours = giou(torch.from_numpy(a), torch.from_numpy(b)).numpy()
    assert np.allclose(ours, np.diag(giou_pairs(a, b)), atol=1e-4)


def test_losses_vanish_for_a_network_that_knows() -> None:
    boxes = np.array([[10, 12, 30, 40]], dtype=np.float32)
    output, targets = _perfect(boxes), encode((boxes,), (32, 32))
    assert float(box_loss(output.sides, targets)) < 1e-5
    assert float(focal(torch.where(targets.heat >= 0.999, 20.0, -20.0), targets.heat)) < 1e-5
    assert float(focal(torch.full_like(targets.heat, -4.6), targets.heat)) > 1


@given(st.lists(st.tuples(BOX, BOX), min_size=1, max_size=8))
def test_iou_in_torch_is_iou_in_numpy(pairs: list[tuple[tuple[float, ...], tuple[float, ...]]]) -> None:
    a, b = (
        np.array([[x, y, x + w, y + h] for x, y, w, h in (pair[side] for pair in pairs)], dtype=np.float32)
        for side in (0, 1)
    )
    assert np.allclose(plain_iou(torch.from_numpy(a), torch.from_numpy(b)).numpy(), np.diag(iou(a, b)), atol=1e-4)


def test_the_expected_fit_is_taught_by_the_fit_that_boxes_have() -> None:
    boxes = np.array([[10, 12, 50, 60]], dtype=np.float32)
    output, targets = _perfect(boxes), encode((boxes,), (32, 32))
    halved = replace(output, sides=output.sides / 2)  # a quarter of the area about the centre
    low, high = torch.full_like(output.quality, -1.1), torch.full_like(output.quality, 9.0)
    assert float(quality_loss(replace(output, quality=high), targets)) < 1e-3
    assert float(quality_loss(replace(halved, quality=low), targets)) < float(
        quality_loss(replace(halved, quality=high), targets)
    )
    free = np.zeros((0, 4), dtype=np.float32)
    assert float(quality_loss(output, encode((free,), (32, 32)))) == 0.0


def test_sides_are_measured_from_cell_centres() -> None:
    sides = torch.full((1, 4, 2, 3), 2.0)
    assert sides_to_boxes(sides)[0, :, 1, 2].tolist() == [8.0, 4.0, 12.0, 8.0]


def _result(patient: str, scores: list[float], boxes: list[list[float]], truth: list[list[float]]) -> SliceResult:
    return SliceResult(
        patient,
        np.array(boxes, dtype=np.float32).reshape(-1, 4),
        np.array(scores, dtype=np.float32),
        np.array(truth, dtype=np.float32).reshape(-1, 4),
    )


HIT, MISS = [10.0, 10.0, 20.0, 20.0], [50.0, 50.0, 60.0, 60.0]
JUDGED = [
    judge(result)
    for result in (
        _result("A", [0.9, 0.3], [HIT, MISS], [HIT]),
        _result("A", [0.8], [MISS], [HIT]),
        _result("B", [0.2], [MISS], []),
        _result("B", [], [], []),
    )
]


def test_figures_of_four_slices_are_those_counted_by_hand() -> None:
    figures = measure(JUDGED, 0.5)
    assert figures.mean_iou == pytest.approx(0.5)
    assert figures.hit50 == pytest.approx(0.5)
    assert figures.ap50 == pytest.approx(0.5)
    assert figures.sensitivity_at_eighth == pytest.approx(0.5)
    assert figures.flagged == 0.0
    assert figures.detected == 1.0
    assert measure(JUDGED, 0.1).flagged == pytest.approx(0.5)


def test_a_box_found_twice_is_found_once() -> None:
    twice = [judge(_result("A", [0.9, 0.8], [HIT, HIT], [HIT, MISS]))]
    figures = measure(twice, 0.5)
    assert figures.ap50 == pytest.approx(0.5)
    assert figures.sensitivity_at_one == pytest.approx(0.5)


def test_intervals_hold_the_figure_and_come_from_patients() -> None:
    patients = ("A", "B")

    def measured(weight: FloatArray) -> dict[str, float]:
        count = dict(zip(patients, weight.astype(int).tolist(), strict=True))
        return asdict(measure([each for each in JUDGED for _ in range(count[each.patient])], 0.5))

    interval = draw(measured, len(patients), draws=50).figures()["mean_iou"].interval_95
    assert interval is not None
    low, high = interval
    assert low <= 0.5 <= high
    # Two patients, one without boxes: draws give 0 or the figure, never a share of A's slices.
    assert {low, high} <= {0.0, 0.5}


def test_nothing_at_all_measures_as_nothing() -> None:
    assert measure([], 0.5).ap50 == 0.0
