"""Changes to slices that a lesion survives: turned and scaled pictures, other scanners' greys."""

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

AIR_HU = -1024


def warp(hu: Tensor, labels: Tensor, size: int, random: np.random.Generator, crop: int = 0) -> tuple[Tensor, Tensor]:
    """Mirror, turn, scale and shift each of a batch, (N, P, H, W) HU and (N, 1, H, W) labels alike.

    They come out on (N, ., size, size), or, with crop, on a square of crop such pixels somewhere in that. Air comes in
    from outside.
    """
    count = hu.shape[0]
    angle = random.uniform(-15, 15, count) * math.pi / 180
    scale = np.exp(random.uniform(math.log(0.75), math.log(1.35), count))
    mirror = np.where(random.random(count) < 0.5, -1.0, 1.0)
    reach = 0.25 if crop else 0.16
    shift = random.uniform(-reach, reach, (count, 2))
    if crop:
        scale = scale * (size / crop)
        size = crop
    matrix = np.zeros((count, 2, 3), dtype=np.float32)
    matrix[:, 0, 0], matrix[:, 0, 1] = np.cos(angle) * mirror / scale, -np.sin(angle) / scale
    matrix[:, 1, 0], matrix[:, 1, 1] = np.sin(angle) * mirror / scale, np.cos(angle) / scale
    matrix[:, :, 2] = shift
    grid = functional.affine_grid(torch.from_numpy(matrix), [count, 1, size, size], align_corners=False)
    moved = functional.grid_sample(hu - AIR_HU, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    moved_labels = functional.grid_sample(labels, grid, mode="nearest", padding_mode="zeros", align_corners=False)
    return moved + AIR_HU, moved_labels


def zoom(hu: Tensor, size: int) -> Tensor:
    """(N, P, size, size) HU of (N, P, H, W), sampled as warp samples, but neither turned nor moved."""
    return functional.interpolate(hu, size=(size, size), mode="bilinear", align_corners=False)


def zoom_labels(labels: Tensor, size: int) -> Tensor:
    """The same for labels, which are not blended."""
    return functional.interpolate(labels, size=(size, size), mode="nearest-exact")


def regrey(hu: Tensor, random: np.random.Generator) -> Tensor:
    """Vary level, contrast, noise and sharpness as scanners, contrast medium and a guessed HU scale do.

    hu: (N, P, H, W), a slice and its neighbours, which come from one scan and change alike but for the noise.
    """
    count = hu.shape[0]

    def each(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).view(count, 1, 1, 1)

    contrast, level = each(random.uniform(0.9, 1.1, count)), each(random.normal(0, 35, count))
    changed = (hu + 1000) * contrast - 1000 + level
    if random.random() < 0.4:
        share = each(random.uniform(0, 1, count) * (random.random(count) < 0.5))
        changed = changed + share * (functional.avg_pool2d(changed, 3, 1, 1) - changed)
    noise = torch.from_numpy(random.standard_normal(tuple(hu.shape), dtype=np.float32))
    strength = each(np.abs(random.normal(0, 25, count)) * (random.random(count) < 0.6))
    return changed + noise * strength
