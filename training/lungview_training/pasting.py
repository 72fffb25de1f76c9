"""Lesions of other patients put into slices: pasted into lung, or tiled into sheets of nodule crops."""

import math

import numpy as np
from scipy.ndimage import binary_erosion, gaussian_filter, label, zoom

from lungview.domain.arrays import BoolArray, FloatArray, HuArray, IntArray, UInt8Array
from lungview_training.augment import AIR_HU
from lungview_training.samples import Nodule

SHEET_TILE = 64
SMALLEST_AREA = 10
"""Pixels; a smaller blob on one slice cannot be told from a vessel."""

_LARGEST_SIDE = 40.0
"""Pixels of about 1.5 mm: lesions grow up to a mass of some 60 mm, which crops of nodules do not hold."""

_LEAST_AERATED = 0.4
"""Share of a pasted lesion's place that must be lung; the rest may be vessel, wall or mediastinum, where lesions lie as
well."""

_NEIGHBOUR_SHARE = 0.9
"""How often a pasted lesion reaches into a neighbouring slice: most lesions are thicker than the 5 mm between."""


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
    planes: HuArray, labels: UInt8Array, nodule: Nodule, places: IntArray, random: np.random.Generator
) -> tuple[HuArray, UInt8Array]:
    """Blend a lesion into the lung at one of places (N, 2); gives all back unchanged where it would not fit.

    planes: (P, H, W), the slice, then its neighbours, into which the lesion goes on. labels: (H, W) of the slice.
    """
    picture, mask = _varied(nodule, random, 0.6, _largest_factor(nodule, random))
    row, column = places[random.integers(len(places))]
    rows, columns = np.nonzero(mask)
    if len(rows) < SMALLEST_AREA:
        return planes, labels
    top, left = row - int(rows.mean()), column - int(columns.mean())
    height, width = mask.shape
    if top < 0 or left < 0 or top + height > labels.shape[0] or left + width > labels.shape[1]:
        return planes, labels
    window = np.s_[top : top + height, left : left + width]
    before = planes[0][window].astype(np.float32)
    # Deep in the chest wall or on another lesion the pasted one would not be seen or would be two.
    if (before[mask] < -500).mean() < _LEAST_AERATED or (labels[window][mask] > 0).any():
        return planes, labels
    after = _blended(before, picture + random.normal(0, 50), mask)
    if (after - before)[mask].mean() < 120:
        return planes, labels
    planes, labels = planes.copy(), labels.copy()
    planes[0][window] = np.clip(after, AIR_HU, 3071).astype(np.int16)
    labels[window][mask] = labels.max() + 1
    for plane in planes[1:]:
        _go_on(plane[window], picture, mask, random)
    return planes, labels


def _largest_factor(nodule: Nodule, random: np.random.Generator) -> float:
    """How much a nodule may be enlarged this time: 1.2 and up to what makes a mass of it."""
    side = max(nodule.mask.any(axis=0).sum(), nodule.mask.any(axis=1).sum())
    most = max(1.7, min(6.0, _LARGEST_SIDE / side))
    return math.exp(random.uniform(math.log(1.2), math.log(most)))


def _go_on(plane: HuArray, picture: FloatArray, mask: BoolArray, random: np.random.Generator) -> None:
    """Let a pasted lesion reach into a neighbouring slice (h, w), a little smaller and moved, or let it end."""
    if random.random() >= _NEIGHBOUR_SHARE:
        return
    thinner = binary_erosion(mask) if random.random() < 0.4 and mask.sum() > 40 else mask
    moved = (int(random.integers(-1, 2)), int(random.integers(-1, 2)))
    shown: FloatArray = np.roll(picture, moved, (0, 1)) + random.normal(0, 20)
    blended = _blended(plane.astype(np.float32), shown, np.roll(thinner, moved, (0, 1)))
    plane[:] = np.clip(blended, AIR_HU, 3071).astype(np.int16)


def _blended(before: FloatArray, picture: FloatArray, mask: BoolArray) -> FloatArray:
    """(h, w): the brighter of both inside a softened mask, what was there outside."""
    soft = np.clip(gaussian_filter(mask.astype(np.float32), 0.7) * 1.15, 0, 1)
    return np.asarray(before * (1 - soft) + np.maximum(before, picture) * soft, dtype=np.float32)


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


def _varied(
    nodule: Nodule, random: np.random.Generator, smallest: float, largest: float
) -> tuple[FloatArray, BoolArray]:
    turns, factor = int(random.integers(4)), math.exp(random.uniform(math.log(smallest), math.log(largest)))
    picture, mask = np.rot90(nodule.hu, turns).astype(np.float32), np.rot90(nodule.mask, turns).astype(np.float32)
    if random.random() < 0.5:
        picture, mask = picture[:, ::-1], mask[:, ::-1]
    grown = np.asarray(zoom(picture, factor, order=1, mode="nearest"), dtype=np.float32)
    return grown, zoom(mask, factor, order=1, mode="constant") > 0.5


def _tile(nodule: Nodule, random: np.random.Generator) -> tuple[FloatArray, BoolArray]:
    """Cut a square tile around a crop's nodule, off its centre by chance."""
    picture, mask = _varied(nodule, random, 0.8, 1.4)
    pad = SHEET_TILE // 2
    picture = np.asarray(np.pad(picture, pad, mode="reflect"), dtype=np.float32)
    mask = np.pad(mask, pad)
    room = 20
    top, left = (
        int(np.clip(side // 2 - pad + random.integers(-room, room + 1), 0, side - SHEET_TILE)) for side in picture.shape
    )
    window = np.s_[top : top + SHEET_TILE, left : left + SHEET_TILE]
    return picture[window], mask[window]
