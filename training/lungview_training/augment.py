"""Changes to slices that a lesion survives: pasted lesions, turned and scaled pictures, other scanners' greys."""

import math

import numpy as np
import torch
from scipy.ndimage import binary_erosion, gaussian_filter, label, zoom
from torch import Tensor
from torch.nn import functional

from lungview.domain.arrays import BoolArray, HuArray, IntArray, UInt8Array
from lungview_training.samples import Nodule

AIR_HU = -1024
SHEET_TILE = 64
SMALLEST_AREA = 10
"""Pixels; a smaller blob on one slice cannot be told from a vessel."""


def lung_places(hu: HuArray) -> IntArray:
    """(N, 2) row and column of every pixel well inside aerated lung, N = 0 where a slice shows none."""
    air, count = label(hu < -450)
    if count == 0:
        return np.zeros((0, 2), dtype=np.int64)
    edge = np.unique(np.concatenate([air[0], air[-1], air[:, 0], air[:, -1]]))
    sizes = np.bincount(air.ravel())
    kept = sizes > 250
    kept[edge] = False
    kept[0] = False
    return np.argwhere(binary_erosion(kept[air], iterations=2))


def paste(
    hu: HuArray, labels: UInt8Array, nodule: Nodule, places: IntArray, random: np.random.Generator
) -> tuple[HuArray, UInt8Array]:
    """Blend a lesion into the lung at one of places (N, 2); gives the slice back unchanged where it would not fit."""
    picture, mask = _varied(nodule, random, 0.6, 1.7)
    row, column = places[random.integers(len(places))]
    rows, columns = np.nonzero(mask)
    if len(rows) < SMALLEST_AREA:
        return hu, labels
    top, left = row - int(rows.mean()), column - int(columns.mean())
    height, width = mask.shape
    if top < 0 or left < 0 or top + height > hu.shape[0] or left + width > hu.shape[1]:
        return hu, labels
    window = np.s_[top : top + height, left : left + width]
    before = hu[window].astype(np.float32)
    # Inside the chest wall or on another lesion the pasted one would not be seen or would be two.
    if (before[mask] < -500).mean() < 0.6 or (labels[window][mask] > 0).any():
        return hu, labels
    soft = np.clip(gaussian_filter(mask.astype(np.float32), 0.7) * 1.15, 0, 1)
    after = before * (1 - soft) + np.maximum(before, picture + random.normal(0, 50)) * soft
    if (after - before)[mask].mean() < 120:
        return hu, labels
    hu, labels = hu.copy(), labels.copy()
    hu[window] = np.clip(after, AIR_HU, 3071).astype(np.int16)
    labels[window][mask] = labels.max() + 1
    return hu, labels


def sheet(nodules: list[Nodule], random: np.random.Generator, size: int) -> tuple[HuArray, UInt8Array]:
    """Tile a size x size slice from nodule crops, each shifted so that no place in a tile is special."""
    hu = np.full((size, size), AIR_HU, dtype=np.int16)
    labels = np.zeros((size, size), dtype=np.uint8)
    number = 0
    for top in range(0, size, SHEET_TILE):
        for left in range(0, size, SHEET_TILE):
            number += 1
            picture, mask = _tile(nodules[random.integers(len(nodules))], random)
            hu[top : top + SHEET_TILE, left : left + SHEET_TILE] = np.clip(picture, AIR_HU, 3071)
            labels[top : top + SHEET_TILE, left : left + SHEET_TILE] = mask * np.uint8(number)
    return hu, labels


def warp(hu: Tensor, labels: Tensor, size: int, random: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Mirror, turn, scale and shift each of a batch, (N, 1, H, W) HU and labels alike, onto (N, 1, size, size).

    Air comes in from outside.
    """
    count = hu.shape[0]
    angle = random.uniform(-15, 15, count) * math.pi / 180
    scale = np.exp(random.uniform(math.log(0.75), math.log(1.35), count))
    mirror = np.where(random.random(count) < 0.5, -1.0, 1.0)
    shift = random.uniform(-0.16, 0.16, (count, 2))
    matrix = np.zeros((count, 2, 3), dtype=np.float32)
    matrix[:, 0, 0], matrix[:, 0, 1] = np.cos(angle) * mirror / scale, -np.sin(angle) / scale
    matrix[:, 1, 0], matrix[:, 1, 1] = np.sin(angle) * mirror / scale, np.cos(angle) / scale
    matrix[:, :, 2] = shift
    grid = functional.affine_grid(torch.from_numpy(matrix), [count, 1, size, size], align_corners=False)
    moved = functional.grid_sample(hu - AIR_HU, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
    moved_labels = functional.grid_sample(labels, grid, mode="nearest", padding_mode="zeros", align_corners=False)
    return moved + AIR_HU, moved_labels


def regrey(hu: Tensor, random: np.random.Generator) -> Tensor:
    """Vary level, contrast, noise and sharpness as scanners, contrast medium and a guessed HU scale do."""
    count = hu.shape[0]

    def each(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).view(count, 1, 1, 1)

    contrast, level = each(random.uniform(0.9, 1.1, count)), each(random.normal(0, 35, count))
    changed = (hu + 1000) * contrast - 1000 + level
    if random.random() < 0.4:
        share = each(random.uniform(0, 1, count) * (random.random(count) < 0.5))
        changed = changed + share * (functional.avg_pool2d(changed, 3, 1, 1) - changed)
    noise = torch.from_numpy(random.standard_normal(hu.shape, dtype=np.float32))
    strength = each(np.abs(random.normal(0, 25, count)) * (random.random(count) < 0.6))
    return changed + noise * strength


def _varied(nodule: Nodule, random: np.random.Generator, smallest: float, largest: float) -> tuple[HuArray, BoolArray]:
    turns, factor = int(random.integers(4)), math.exp(random.uniform(math.log(smallest), math.log(largest)))
    picture, mask = np.rot90(nodule.hu, turns).astype(np.float32), np.rot90(nodule.mask, turns).astype(np.float32)
    if random.random() < 0.5:
        picture, mask = picture[:, ::-1], mask[:, ::-1]
    grown: HuArray = zoom(picture, factor, order=1, mode="nearest")
    return grown, zoom(mask, factor, order=1, mode="constant") > 0.5


def _tile(nodule: Nodule, random: np.random.Generator) -> tuple[HuArray, BoolArray]:
    """Cut a square tile around a crop's nodule, off its centre by chance."""
    picture, mask = _varied(nodule, random, 0.8, 1.4)
    pad = SHEET_TILE // 2
    picture = np.pad(picture, pad, mode="reflect")
    mask = np.pad(mask, pad)
    middle = [side // 2 - pad for side in picture.shape]
    room = 20
    top, left = (int(np.clip(m + random.integers(-room, room + 1), 0, None)) for m in middle)
    window = np.s_[top : top + SHEET_TILE, left : left + SHEET_TILE]
    return picture[window], mask[window]
