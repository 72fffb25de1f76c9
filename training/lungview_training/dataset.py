"""Adapters from files on disk to samples: image folders with boxes, nodule crops, DICOM trees with readers' XML."""

import csv
import logging
import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import label
from skimage.io import imread
from torch.nn import functional

from lungview.domain.arrays import BoolArray, FloatArray, HuArray, UInt8Array
from lungview.errors import TrainingError
from lungview_training.augment import SMALLEST_AREA
from lungview_training.config import SourceConfig, SourceKind
from lungview_training.grey import CROP_LOWEST_HU, estimate_hu
from lungview_training.samples import Nodule, Sample, boxes_of, ellipses

log = logging.getLogger(__name__)

CROP_SCALE = 0.46
"""Crops come at a scanner's own pixel size, about 0.7 mm; samples have about 1.5 mm."""

NEAR_NUMBERS, FAR_NUMBERS = (1, 6), (7, 12)
"""How many numbers away a slice stands for one at 5 mm, and at 10 mm, where positions are not recorded."""

Rows = dict[tuple[str, str], list[tuple[int, int, int, int]]]


def read_samples(source: SourceConfig) -> list[Sample]:
    """Read every slice of a source of whole slices."""
    if source.kind is SourceKind.CASE:
        from lungview_training.case_dataset import read_case  # DICOM only where asked for

        return read_case(source.path)
    return read_images(source.path)


def read_images(folder: Path) -> list[Sample]:
    """Read images/<subject>/<slice>.png with boxes.csv, dataset.toml and masks/ where present."""
    turns, is_grey = _settings(folder)
    samples = []
    for (subject, name), boxes in sorted(_boxes(folder).items()):
        picture = folder / "images" / subject / f"{name}.png"
        if not picture.is_file():
            log.warning("boxes.csv names a slice that is not in the folder: %s", name)
            continue
        hu = _to_hu(_turned(_grey(picture), turns), is_grey)
        flat: FloatArray = np.array(boxes, np.float32).reshape(-1, 4)
        flat = turned_boxes(flat, (hu.shape[0], hu.shape[1]), turns)
        mask_path = folder / "masks" / subject / f"{name}.png"
        has_mask = mask_path.is_file()
        labels = _numbered(_turned(_grey(mask_path), turns)) if has_mask else ellipses(flat, hu.shape)
        samples.append(Sample(subject, name, hu, labels, flat, has_mask))
    if not samples:
        raise TrainingError(f"The folder {folder.name} holds no slices that its boxes.csv names.")
    return _with_neighbours(samples)


def read_crops(folder: Path) -> list[Nodule]:
    """Read nodule crops and their masks, scaled to about 1.5 mm pixels."""
    turns, is_grey = _settings(folder)
    nodules = []
    for subject, name in sorted(_boxes(folder)):
        picture, mask_path = (folder / part / subject / f"{name}.png" for part in ("images", "masks"))
        if not (picture.is_file() and mask_path.is_file()):
            continue
        hu = _to_hu(_turned(_grey(picture), turns), is_grey, CROP_LOWEST_HU)
        mask = _turned(_grey(mask_path), turns) > 0
        small, thin = _shrunk(hu.astype(np.float32)), _shrunk(mask.astype(np.float32)) > 0.4
        if thin.sum() >= SMALLEST_AREA:
            nodules.append(Nodule(subject, small.astype(np.int16), thin))
    return nodules


def turned_boxes(boxes: FloatArray, shape: tuple[int, int], quarter_turns: int) -> FloatArray:
    """Boxes (N, 4) after counter-clockwise quarter turns of their picture; shape: (rows, columns) after turning."""
    turned = boxes
    height, width = shape if quarter_turns % 2 == 0 else (shape[1], shape[0])
    for _ in range(quarter_turns % 4):
        xmin, ymin, xmax, ymax = turned.T
        turned = np.stack([ymin, width - xmax, ymax, width - xmin], axis=1)
        height, width = width, height
    return turned


def _with_neighbours(samples: Sequence[Sample]) -> list[Sample]:
    """Give each numbered slice those of its subject around it."""
    numbered: dict[str, dict[int, HuArray]] = defaultdict(dict)
    for sample in samples:
        if sample.name.isdecimal():
            numbered[sample.patient][int(sample.name)] = sample.hu
    return [
        replace(sample, neighbours=_around(int(sample.name), sample.hu, numbered[sample.patient]))
        if sample.name.isdecimal()
        else sample
        for sample in samples
    ]


def _around(number: int, hu: HuArray, numbered: Mapping[int, HuArray]) -> tuple[HuArray | None, ...]:
    """The nearest slice within each span of numbers below and above that is of the same size."""

    def nearest(sign: int, first: int, last: int) -> HuArray | None:
        found = (numbered.get(number + sign * step) for step in range(first, last + 1))
        return next((each for each in found if each is not None and each.shape == hu.shape), None)

    return nearest(-1, *FAR_NUMBERS), nearest(-1, *NEAR_NUMBERS), nearest(1, *NEAR_NUMBERS), nearest(1, *FAR_NUMBERS)


def _settings(folder: Path) -> tuple[int, bool]:
    """Quarter turns counter-clockwise, and whether values are grey that must be turned into HU."""
    path = folder / "dataset.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise TrainingError(f"{folder.name}/dataset.toml cannot be read: {error}.") from error
    degrees, values = table.get("rotate", 0), table.get("values", "grey")
    if degrees not in (0, 90, 180, 270) or values not in ("grey", "hu"):
        raise TrainingError(f'{folder.name}/dataset.toml: rotate must be 0, 90, 180 or 270, values "grey" or "hu".')
    return degrees // 90, values == "grey"


def _boxes(folder: Path) -> Rows:
    """(subject, slice) -> its boxes, empty for a slice without lesions."""
    rows: Rows = defaultdict(list)
    try:
        with (folder / "boxes.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                boxes = rows[row["subject"], row["slice"]]
                if row["xmin"]:
                    boxes.append((int(row["xmin"]), int(row["ymin"]), int(row["xmax"]), int(row["ymax"])))
    except (OSError, KeyError, ValueError) as error:
        raise TrainingError(f"{folder.name}/boxes.csv cannot be read: {error}.") from error
    return rows


def _grey(path: Path) -> UInt8Array:
    picture = np.asarray(imread(path))
    if picture.ndim != 2:
        raise TrainingError(f"{path.name} is not a grey picture.")
    return (picture * 255).astype(np.uint8) if picture.dtype == np.bool_ else picture.astype(np.uint8)


def _turned(picture: UInt8Array, turns: int) -> UInt8Array:
    return np.ascontiguousarray(np.rot90(picture, turns))


def _to_hu(picture: UInt8Array, is_grey: bool, lowest: Sequence[float] = (-1024.0,)) -> HuArray:
    return estimate_hu(picture, lowest) if is_grey else picture.astype(np.int16)


def _shrunk(crop: FloatArray) -> FloatArray:
    """(H, W) float32 at the samples' pixel size."""
    shape = [round(side * CROP_SCALE) for side in crop.shape]
    small = functional.interpolate(torch.from_numpy(crop)[None, None], size=shape, mode="bilinear", antialias=True)
    return np.asarray(small[0, 0].numpy(), dtype=np.float32)


def _numbered(mask: UInt8Array) -> UInt8Array:
    """Number the connected parts of a mask that are no mere specks."""
    parts: BoolArray = mask > 127
    numbers, _ = label(parts, np.ones((3, 3)))
    kept = np.zeros(mask.shape, dtype=np.uint8)
    bounds = [number for number in range(1, min(int(numbers.max()), 250) + 1) if (numbers == number).sum() >= 4]
    for new, number in enumerate(bounds, start=1):
        kept[numbers == number] = new
    assert len(boxes_of(kept)) == len(bounds)
    return kept
