"""How the multiple-instance network is fed, and how its attention becomes boxes."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import label
from torch import nn

from lungview.detection.decode import Decoded
from lungview.detection.detector import slices_of
from lungview.detection.networks.lesion import MULTIPLE
from lungview.detection.networks.mil_attention import CELL, MilAttentionNet, MilOutput
from lungview.detection.preprocess import grid_for, resample, to_channels
from lungview.domain.arrays import BoolArray, FloatArray
from lungview.domain.box import Box
from lungview.domain.detection import Detection, SliceDetections
from lungview.domain.volume import Volume

REGION_SHARE = 0.4
"""Of the peak's weight: cells from there on make up a region."""

_MOST_BOXES = 5
_LOWEST_SCORE = 0.01


def decode_attention(output: MilOutput) -> list[Decoded]:
    """Put a box around each region that the attention picks out, in network pixels, the heaviest region first.

    A box reaches two standard deviations of the region's weights to each side of their mean. Its score is the chance
    that the slice holds a lesion, times the region's weight over the heaviest region's. The map shown is the weights
    over their peak, times that chance: a slice that seems to hold nothing stays dark.
    """
    chances = torch.sigmoid(output.presence.float()).cpu().numpy()
    weights = output.weights.float().cpu().numpy()
    return [_of_slice(each, float(chance)) for each, chance in zip(weights, chances, strict=True)]


@torch.inference_mode()
def read_mil(network: nn.Module, volume: Volume, indices: list[int], device: torch.device) -> list[SliceDetections]:
    """Resample the slices, look through the three windows, and bring boxes back to the slices' own pixels."""
    assert isinstance(network, MilAttentionNet)
    geometry = volume.geometry
    spacing = volume.stack.instances[0].pixel_spacing_mm
    grid = grid_for((geometry.rows, geometry.columns), spacing, MULTIPLE)
    hu = resample(slices_of(volume, indices), grid).to(device)
    found = decode_attention(network(to_channels(hu).contiguous(memory_format=torch.channels_last)))
    down, across = grid.scale
    scale = np.array([across, down, across, down], dtype=np.float32)
    rows, columns = (-(-side // CELL) for side in grid.resized)
    return [
        SliceDetections(index, _detections(each, scale, grid.source), each.attention[:rows, :columns].copy())
        for index, each in zip(indices, found, strict=True)
    ]


def _detections(decoded: Decoded, scale: FloatArray, shape: tuple[int, int]) -> tuple[Detection, ...]:
    boxes = [Box(*corners).clipped(*shape) for corners in (decoded.boxes * scale).tolist()]
    pairs = zip(boxes, decoded.scores.tolist(), strict=True)
    return tuple(Detection(box, score) for box, score in pairs if box.area > 0)


def _of_slice(weights: NDArray[np.float32], chance: float) -> Decoded:
    numbers, count = label(weights >= REGION_SHARE * weights.max(), np.ones((3, 3)))
    regions = [numbers == number for number in range(1, count + 1)]
    masses = np.array([weights[region].sum() for region in regions])
    order = np.argsort(-masses, kind="stable")[:_MOST_BOXES]
    scores = (chance * masses[order] / masses.max()).astype(np.float32)
    boxes = np.array([_box(weights, regions[place]) for place in order], dtype=np.float32).reshape(-1, 4)
    kept = scores >= _LOWEST_SCORE
    return Decoded(boxes[kept], scores[kept], (weights / weights.max() * chance).astype(np.float32))


def _box(weights: NDArray[np.float32], region: BoolArray) -> tuple[float, float, float, float]:
    """Mean of the region's weights, two standard deviations to each side, in network pixels."""
    rows, columns = np.nonzero(region)
    heavy = weights[region].astype(np.float64)
    y, half_height = _spread(rows, heavy)
    x, half_width = _spread(columns, heavy)
    return x - half_width, y - half_height, x + half_width, y + half_height


def _spread(places: NDArray[np.intp], heavy: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and two standard deviations, in pixels; a cell's own width adds its variance."""
    mean = float(np.average(places, weights=heavy))
    variance = float(np.average((places - mean) ** 2, weights=heavy)) + 1 / 12
    return (mean + 0.5) * CELL, 2 * CELL * float(np.sqrt(variance))
