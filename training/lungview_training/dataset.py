"""From folders of pictures to samples: slices with boxes and masks, and crops of single nodules."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import label
from torch.nn import functional

from lungview.detection.preprocess import Grid
from lungview.domain.arrays import BoolArray, FloatArray, HuArray, UInt8Array
from lungview.errors import TrainingError
from lungview_training.grey import CROP_LOWEST_HU, estimate_hu
from lungview_training.labelled import tell_left_out
from lungview_training.pasting import SMALLEST_AREA
from lungview_training.picture_files import PictureFileError, read_grey
from lungview_training.pictures import (
    PACK,
    Picture,
    PictureSettings,
    around,
    by_number,
    identity,
    packs,
    read_pictures,
    read_settings,
    slices_key,
)
from lungview_training.resampling import resampled, scaled
from lungview_training.samples import Nodule, Sample, boxes_of, digest_of, ellipses, no_labels, subtype_of
from lungview_training.units import Batch, TellLeftOut, Unit, read_all

CROP_SCALE = 0.46
"""Crops come at a scanner's own pixel size, about 0.7 mm; samples have about 1.5 mm."""

_CHEST_SIDE = 256
"""Pixels of about 1.5 mm across a whole chest: larger pictures, whose spacing is not recorded, are shrunk to it."""
_LARGEST_SIDE = 320


def read_images(folder: Path, on_left_out: TellLeftOut = tell_left_out) -> list[Sample]:
    """Read images/<subject>/<slice>.png with boxes.csv, dataset.toml and masks/ where present, at their own size."""
    samples = read_all(image_units(folder, is_shrunk=False), on_left_out)
    return in_order(samples, folder)


def read_crops(folder: Path, on_left_out: TellLeftOut = tell_left_out) -> list[Nodule]:
    """Read nodule crops and their masks, scaled to about 1.5 mm pixels."""
    return nodules_from(read_all(crop_units(folder), on_left_out))


def nodules_from(crops: Sequence[Sample]) -> list[Nodule]:
    """Crops as nodules to be pasted."""
    ordered = sorted(crops, key=lambda crop: (crop.patient, crop.name))
    return [Nodule(crop.patient, crop.hu, crop.labels.view(np.bool_)) for crop in ordered]


def in_order(samples: list[Sample], folder: Path) -> list[Sample]:
    """Samples by patient and name, of which there must be one."""
    if not samples:
        raise TrainingError(f"The folder {folder.name} holds no slices that its boxes.csv names.")
    return sorted(samples, key=lambda sample: (sample.patient, sample.name))


def image_units(folder: Path, subtype: str = "", *, is_shrunk: bool = True, pack_size: int = PACK) -> list[Unit]:
    """Whole slices, so many a unit. is_shrunk: larger ones are brought to a chest's size at the samples' pixels."""
    settings, pictures = read_settings(folder), read_pictures(folder)
    known = by_number(pictures)

    def unit(pack: list[Picture]) -> Unit:
        key = slices_key(pack, settings, subtype, is_shrunk=is_shrunk)
        read = _Slices(settings, subtype, is_shrunk, known).read
        return Unit(key, partial(_one_batch, read, pack))

    return [unit(pack) for pack in packs(pictures, pack_size)]


def crop_units(folder: Path) -> list[Unit]:
    """Crops, as samples whose labels are the nodule's mask."""
    settings = read_settings(folder)

    def unit(pack: list[Picture]) -> Unit:
        return Unit(
            f"crops {settings} {CROP_SCALE} {SMALLEST_AREA} {identity(pack)}",
            partial(_one_batch, partial(_crops, settings), pack),
        )

    return [unit(pack) for pack in packs(read_pictures(folder), PACK)]


def turned_boxes(boxes: FloatArray, shape: tuple[int, int], quarter_turns: int) -> FloatArray:
    """Boxes (N, 4) after counter-clockwise quarter turns of their picture; shape: (rows, columns) after turning."""
    turned = boxes
    height, width = shape if quarter_turns % 2 == 0 else (shape[1], shape[0])
    for _ in range(quarter_turns % 4):
        xmin, ymin, xmax, ymax = turned.T
        turned = np.stack([ymin, width - xmax, ymax, width - xmin], axis=1)
        height, width = width, height
    return turned


def _one_batch(
    read: Callable[[list[Picture], TellLeftOut], list[Sample]], pack: list[Picture], on_left_out: TellLeftOut
) -> Iterator[Batch]:
    yield read(pack, on_left_out)


class _Slices:
    """Reads slices of one folder with those around them, each picture once."""

    def __init__(
        self, settings: PictureSettings, subtype: str, is_shrunk: bool, known: Mapping[tuple[str, int], Picture]
    ) -> None:
        self._settings = settings
        self._subtype = subtype
        self._is_shrunk = is_shrunk
        self._known = known

    def read(self, pack: list[Picture], on_left_out: TellLeftOut) -> list[Sample]:
        """Samples of a pack; neighbours outside of it are decoded for it alone."""
        found: dict[Picture, Sample] = {}
        for picture in pack:
            sample = self._sample(picture, on_left_out)
            if sample is not None:
                found[picture] = sample
        beside: dict[Picture, HuArray | None] = {picture: sample.hu for picture, sample in found.items()}
        return [replace(found[picture], neighbours=self._neighbours(picture, beside)) for picture in found]

    def _neighbours(self, picture: Picture, beside: dict[Picture, HuArray | None]) -> tuple[HuArray | None, ...]:
        own = beside[picture]
        assert own is not None
        found = []
        for other in around(picture, self._known):
            if other is not None and other not in beside:
                sample = self._sample(other, lambda _: None)
                beside[other] = None if sample is None else sample.hu
            hu = None if other is None else beside[other]
            found.append(hu if hu is not None and hu.shape == own.shape else None)
        return tuple(found)

    def _sample(self, picture: Picture, on_left_out: TellLeftOut) -> Sample | None:
        turns = self._settings.quarter_turns
        try:
            hu = _hu(picture.path, self._settings)
            mask = _turned(_grey(picture.mask_path), turns) if picture.mask_path.is_file() else None
            if mask is not None and mask.shape != hu.shape:
                raise TrainingError(f"{picture.path.name} and its mask differ in size.")
        except TrainingError as error:
            on_left_out(f"{error} It is left out.")
            return None
        boxes: FloatArray = np.array(picture.boxes, np.float32).reshape(-1, 4)
        boxes = _within(turned_boxes(boxes, (hu.shape[0], hu.shape[1]), turns), hu.shape)
        if picture.boxes and not len(boxes):
            on_left_out(f"{picture.path.name} has no box inside the picture. It is left out.")
            return None
        if self._is_shrunk and max(hu.shape) > _LARGEST_SIDE:
            hu, mask, boxes = _to_chest_side(hu, mask, boxes)
        labels = _numbered(mask) if mask is not None else ellipses(boxes, (hu.shape[0], hu.shape[1]))
        return Sample(
            patient=picture.subject,
            name=picture.name,
            hu=hu,
            labels=labels if labels.any() else no_labels(hu.shape),
            boxes=boxes,
            has_mask=mask is not None,
            subtype=subtype_of(picture.subject, self._subtype),
            digest=digest_of(hu),
        )


def _crops(settings: PictureSettings, pack: list[Picture], on_left_out: TellLeftOut) -> list[Sample]:
    crops = []
    for picture in pack:
        if not (picture.path.is_file() and picture.mask_path.is_file()):
            continue
        try:
            hu = _hu(picture.path, settings, CROP_LOWEST_HU)
            mask = _turned(_grey(picture.mask_path), settings.quarter_turns) > 0
        except TrainingError as error:
            on_left_out(f"{error} It is left out.")
            continue
        small, thin = _shrunk(hu.astype(np.float32)), _shrunk(mask.astype(np.float32)) > 0.4
        if small.shape == thin.shape and thin.sum() >= SMALLEST_AREA:
            labels = thin.astype(np.uint8)
            crops.append(Sample(picture.subject, picture.name, small.astype(np.int16), labels, boxes_of(labels), True))
    return crops


def _hu(path: Path, settings: PictureSettings, lowest: Sequence[float] = (-1024.0,)) -> HuArray:
    """(H, W) int16 HU, turned."""
    if settings.is_grey:
        return estimate_hu(_turned(_grey(path), settings.quarter_turns), lowest)
    stored = np.ascontiguousarray(np.rot90(_stored(path), settings.quarter_turns)).astype(np.int32)
    hu: HuArray = np.clip(stored + settings.offset, -1024, 3071).astype(np.int16)
    return hu


def _grey(path: Path) -> UInt8Array:
    """(H, W) 0-255; deeper grey is spread over that range by its own extremes."""
    picture = _stored(path)
    if picture.dtype == np.bool_:
        return picture.astype(np.uint8) * np.uint8(255)
    if picture.dtype != np.uint8:
        low, high = float(picture.min()), float(picture.max())
        return np.rint((picture.astype(np.float64) - low) * (255.0 / max(high - low, 1.0))).astype(np.uint8)
    return picture.astype(np.uint8)


def _stored(path: Path) -> NDArray[np.generic]:
    if not path.is_file():
        raise TrainingError(f"boxes.csv names the slice {path.name}, which is not in the folder.")
    try:
        return read_grey(path)
    except PictureFileError as error:
        raise TrainingError(f"{path.name} {error}.") from error


def _turned(picture: UInt8Array, turns: int) -> UInt8Array:
    return np.ascontiguousarray(np.rot90(picture, turns))


def _within(boxes: FloatArray, shape: tuple[int, ...]) -> FloatArray:
    """Boxes (N, 4) cut to a picture of (rows, columns); those left without area are dropped."""
    highest = np.array([shape[1], shape[0], shape[1], shape[0]], dtype=np.float32)
    cut = np.clip(boxes, 0, highest).astype(np.float32)
    return np.asarray(cut[(cut[:, 2] > cut[:, 0]) & (cut[:, 3] > cut[:, 1])], dtype=np.float32)


def _to_chest_side(
    hu: HuArray, mask: UInt8Array | None, boxes: FloatArray
) -> tuple[HuArray, UInt8Array | None, FloatArray]:
    """Shrink a picture so that its longer side is that of a whole chest."""
    factor = _CHEST_SIDE / max(hu.shape)
    rows, columns = (max(1, round(side * factor)) for side in hu.shape)
    grid = Grid((hu.shape[0], hu.shape[1]), (rows, columns), (rows, columns))
    small, placed = resampled(hu, grid), scaled(boxes, grid)
    if mask is None:
        return small, None, placed
    values = torch.from_numpy(mask.astype(np.float32))[None, None]
    thin = functional.interpolate(values, size=(rows, columns), mode="bilinear", antialias=True)[0, 0].numpy()
    return small, np.rint(thin).astype(np.uint8), placed


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
