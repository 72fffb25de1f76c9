"""From the network's maps to boxes, scores and the attention map."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lungview.detection.networks.lesion import STRIDE, LesionOutput
from lungview.domain.arrays import FloatArray

LOWEST_SCORE = 0.05
"""Boxes below this are no use at any threshold."""

MOST_BOXES = 20
NMS_IOU = 0.3
_SMALLEST_SIDE = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """One slice, in network pixels. boxes: (N, 4) float32, best first; scores: (N,); attention: (h, w) in [0, 1].

    mask: (h, w) float32 in [0, 1], the chance of each cell to lie in a lesion; None from networks without one.
    """

    boxes: FloatArray
    scores: FloatArray
    attention: FloatArray
    mask: FloatArray | None = None


def decode(output: LesionOutput, lowest_score: float = LOWEST_SCORE) -> list[Decoded]:
    """Read each slice's boxes off the heat map's peaks.

    A box's score is the heat at its peak times the square roots of the chance that the slice holds a lesion at all and
    of the IoU the network expects of the box (Jiang 2018), so that of two boxes the better fitting one counts for more.
    """
    heat = torch.sigmoid(output.heat.float())
    presence = torch.sigmoid(output.presence.float()).sqrt()
    peaks = heat * (functional.max_pool2d(heat, 3, 1, 1) == heat)
    quality = torch.sigmoid(output.quality.float()).sqrt()
    scores = (peaks * quality)[:, 0] * presence[:, None, None]
    attention = attention_map(output)
    masks = np.asarray(torch.sigmoid(output.mask[:, 0].float()).cpu().numpy(), dtype=np.float32)
    return [
        _of_slice(scores[index], output.sides[index].float(), attention[index], masks[index], lowest_score)
        for index in range(heat.shape[0])
    ]


def attention_map(output: LesionOutput) -> FloatArray:
    """(N, h, w) float32 in [0, 1]: the finest gate's weights times the spread-out heat; the weights the network used.

    Scaled by the slice's own peak where that is above a half, else by a half: a slice on which the network sees next
    to nothing stays dark.
    """
    heat = torch.sigmoid(output.heat.float())
    spread = functional.avg_pool2d(functional.max_pool2d(heat.sqrt(), 3, 1, 1), 3, 1, 1)
    looked = output.gate.float() * spread
    peak = looked.amax(dim=(2, 3), keepdim=True)
    shown = looked / peak.clamp(min=0.5 * float(output.gate.float().amax().clamp(min=1e-6)))
    return np.asarray(shown[:, 0].clamp(0, 1).cpu().numpy(), dtype=np.float32)


def _of_slice(scores: Tensor, sides: Tensor, attention: FloatArray, mask: FloatArray, lowest_score: float) -> Decoded:
    best, places = scores.flatten().topk(min(MOST_BOXES * 2, scores.numel()))
    places = places[best >= lowest_score]
    best = best[best >= lowest_score]
    width = scores.shape[1]
    x = ((places % width) + 0.5) * STRIDE
    y = (torch.div(places, width, rounding_mode="floor") + 0.5) * STRIDE
    left, top, right, bottom = sides.flatten(1)[:, places]
    boxes = torch.stack([x - left, y - top, x + right, y + bottom], dim=1).cpu().numpy().astype(np.float32)
    values = best.cpu().numpy().astype(np.float32)
    big = ((boxes[:, 2:] - boxes[:, :2]) >= _SMALLEST_SIDE).all(axis=1)
    boxes, values = boxes[big], values[big]
    kept = suppress(boxes, values)[:MOST_BOXES]
    return Decoded(boxes[kept], values[kept], attention, mask)


def suppress(boxes: FloatArray, scores: FloatArray, iou_threshold: float = NMS_IOU) -> list[int]:
    """Indices, best score first, of boxes (N, 4) that overlap no better one by more than iou_threshold.

    A box that lies mostly inside a better one goes too: one lesion, one box.
    """
    kept: list[int] = []
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    for index in np.argsort(-scores, kind="stable"):
        others = boxes[kept]
        across = np.minimum(others[:, 2], boxes[index, 2]) - np.maximum(others[:, 0], boxes[index, 0])
        down = np.minimum(others[:, 3], boxes[index, 3]) - np.maximum(others[:, 1], boxes[index, 1])
        shared = np.clip(across, 0, None) * np.clip(down, 0, None)
        union = np.maximum(areas[kept] + areas[index] - shared, 1e-6)
        smaller = np.maximum(np.minimum(areas[kept], areas[index]), 1e-6)
        if not ((shared / union > iou_threshold) | (shared / smaller > 0.7)).any():
            kept.append(int(index))
    return kept
