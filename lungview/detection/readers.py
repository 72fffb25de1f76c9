"""How each network is fed with slices and how its answer becomes detections in slice pixels."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from lungview.detection.context import neighbours
from lungview.detection.decode import Decoded, decode
from lungview.detection.detector import slices_of
from lungview.detection.networks.lesion import MULTIPLE, STRIDE, LesionNet, LesionOutput
from lungview.detection.networks.simple_cancer_cnn import SimpleCancerCNN
from lungview.detection.prepared import PreparedSlices
from lungview.detection.preprocess import CHANNEL_WINDOWS, Grid, grid_for, resample, to_channels
from lungview.detection.snap import snap
from lungview.domain.arrays import FloatArray, HuArray, VoxelArray
from lungview.domain.box import Box
from lungview.domain.detection import Detection, SliceDetections
from lungview.domain.study import PixelFormat
from lungview.domain.volume import Volume


class LesionReader:
    """Resamples slices, looks through the windows, and brings boxes back to the slices' own pixels.

    is_thorough: look at each slice's mirror image too, and take the mean of both heat maps: twice the time.
    """

    def __init__(self, *, is_thorough: bool = False) -> None:
        self._is_thorough = is_thorough
        self._prepared = PreparedSlices()

    @torch.inference_mode()
    def __call__(
        self, network: nn.Module, volume: Volume, indices: list[int], device: torch.device
    ) -> list[SliceDetections]:
        """Answer for each index."""
        assert isinstance(network, LesionNet)
        geometry = volume.geometry
        # Of slices whose place is unknown, the pixels' size may well be known.
        spacing = volume.stack.instances[0].pixel_spacing_mm
        grid = grid_for((geometry.rows, geometry.columns), spacing, MULTIPLE)
        hu, context = self._with_neighbours(volume, indices, network.in_channels - len(CHANNEL_WINDOWS), grid)
        channels = to_channels(hu.to(device), None if context is None else context.to(device))
        channels = channels.contiguous(memory_format=torch.channels_last)
        output = look_twice(network, channels) if self._is_thorough else network(channels)
        return [
            _in_slice(index, each, grid, volume.voxels[index])
            for index, each in zip(indices, decode(output), strict=True)
        ]

    def _with_neighbours(
        self, volume: Volume, indices: list[int], count: int, grid: Grid
    ) -> tuple[Tensor, Tensor | None]:
        """Resampled slices (N, 1, h, w), and count neighbours of each, (N, count, h, w)."""
        if not count:
            return resample(slices_of(volume, indices), grid), None
        beside = [neighbours(volume, index, count) for index in indices]
        prepared = self._prepared.of(volume, {*indices, *(place for places in beside for place in places)}, grid)
        own = torch.stack([prepared[index] for index in indices])
        context = torch.stack([torch.cat([prepared[place] for place in places]) for places in beside])
        return own, context


def look_twice(network: nn.Module, channels: Tensor) -> LesionOutput:
    """What the network says of slices (N, C, H, W) and of their mirror images, averaged: W must be a multiple of 32.

    Heat and presence are averaged as chances, box sides where each view saw them.
    """
    one: LesionOutput = network(channels)
    other: LesionOutput = network(channels.flip(3).contiguous(memory_format=torch.channels_last))
    left, top, right, bottom = other.sides.flip(3).unbind(1)
    return LesionOutput(
        heat=_mean_chance(one.heat, other.heat.flip(3)),
        sides=(one.sides + torch.stack([right, top, left, bottom], dim=1)) / 2,
        mask=_mean_chance(one.mask, other.mask.flip(3)),
        quality=_mean_chance(one.quality, other.quality.flip(3)),
        gate=(one.gate + other.gate.flip(3)) / 2,
        presence=_mean_chance(one.presence, other.presence),
    )


def _mean_chance(one: Tensor, other: Tensor) -> Tensor:
    """The logit of the mean of two chances given as logits."""
    return torch.logit((torch.sigmoid(one.float()) + torch.sigmoid(other.float())) / 2, eps=1e-6)


def read_simple_cancer_cnn(
    network: nn.Module, volume: Volume, indices: list[int], device: torch.device
) -> list[SliceDetections]:
    """Go back from HU to stored values over the slice's maximum, and ask for the one box and where it came from."""
    assert isinstance(network, SimpleCancerCNN)
    formats = [volume.stack.instances[index].pixels for index in indices]
    slices = slices_of(volume, indices)
    inputs = study_input(slices, formats, network.input_size).to(device)
    boxes, looked = network.box_and_attention(inputs.contiguous(memory_format=torch.channels_last))
    down, across = slices.shape[1] / network.input_size, slices.shape[2] / network.input_size
    scaled = np.asarray(boxes.cpu().numpy(), dtype=np.float32) * np.array(
        [across, down, across, down], dtype=np.float32
    )
    maps: NDArray[np.float32] = looked.cpu().numpy().astype(np.float32)
    return [
        SliceDetections(index, _detections(scaled[place][None], None, slices.shape[1:]), maps[place])
        for place, index in enumerate(indices)
    ]


def study_input(slices: HuArray, formats: Sequence[PixelFormat], size: int) -> Tensor:
    """(N, rows, columns) HU to the study's input (N, 1, size, size): stored values over each slice's own maximum.

    A volume holds HU, so the rescale of each instance is undone: stored = (HU - intercept) / slope. Padding, which a
    volume holds as air, counts as air; a slice whose maximum is not above 0 stays all 0. Slices of another size are
    resampled, since the network takes one size only.
    """
    intercepts = np.array([each.intercept for each in formats], dtype=np.float32)[:, None, None]
    slopes = np.array([each.slope or 1.0 for each in formats], dtype=np.float32)[:, None, None]
    stored = (slices.astype(np.float32) - intercepts) / slopes
    highest = stored.max(axis=(1, 2), keepdims=True)
    shares = torch.from_numpy(np.where(highest > 0, stored / np.where(highest > 0, highest, 1.0), 0.0))[:, None]
    if shares.shape[2:] != (size, size):
        shares = functional.interpolate(shares, size=(size, size), mode="bilinear", antialias=True)
    return shares.float()


def _in_slice(index: int, decoded: Decoded, grid: Grid, values: VoxelArray) -> SliceDetections:
    down, across = grid.scale
    boxes = decoded.boxes * np.array([across, down, across, down], dtype=np.float32)
    boxes = snap(boxes, decoded.scores, values)
    rows, columns = (-(-side // STRIDE) for side in grid.resized)
    return SliceDetections(
        index,
        _detections(boxes, decoded.scores, grid.source),
        decoded.attention[:rows, :columns].copy(),
        None if decoded.mask is None else decoded.mask[:rows, :columns].copy(),
    )


def _detections(boxes: FloatArray, scores: FloatArray | None, shape: tuple[int, ...]) -> tuple[Detection, ...]:
    """Boxes (N, 4) cut to the slice; what then has no area is dropped where scores can stand for it being nothing."""
    found = []
    for place, (xmin, ymin, xmax, ymax) in enumerate(boxes.tolist()):
        box = Box(xmin, ymin, xmax, ymax).clipped(shape[0], shape[1])
        if box.area > 0:
            found.append(Detection(box, None if scores is None else float(scores[place])))
    return tuple(found)
