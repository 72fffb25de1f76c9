"""A synthetic chest CT: anatomy drawn from formulas and a seed, with lesions whose place is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungview.demo.abdomen import paint_abdomen
from lungview.demo.body import AIR_HU, FAT_HU, Frame, frame_of, paint_body, paint_table
from lungview.demo.bones import paint_bones
from lungview.demo.lesions import (
    DEFAULT_KINDS,
    Growth,
    LesionKind,
    paint_distractors,
    paint_lesion,
    place_distractors,
    place_lesions,
)
from lungview.demo.lungs import cut_lungs, lung_space, tissue
from lungview.demo.mediastinum import Mediastinum, make_mediastinum, paint_mediastinum
from lungview.demo.noise import Field, Grain, Kernel, make_field, make_grain
from lungview.demo.plane import Float32, Plane, Point, blend, coverage
from lungview.demo.vessels import Vasculature, grow
from lungview.domain.arrays import HuArray, UInt8Array
from lungview.domain.box import Box
from lungview.domain.geometry import VolumeGeometry
from lungview.task import Task

DEFAULT_SEED = 3
_FIELD_OF_VIEW_MM = 378.88
_MIDDLE_MM = -36.0
"""Height of the middle slice over the carina."""
_FINE_PIXEL_MM = 1.5
"""Above this, fewer vessels would be seen, and fewer are made."""
_LEAST_PIXELS = 3
_LEAST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class PhantomLesion:
    """One lesion of a phantom. boxes: slice index -> the box its mask just fits in. diameter_mm: largest, nominal."""

    kind: LesionKind
    diameter_mm: float
    centre: Point
    boxes: Mapping[int, Box]


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """A synthetic chest.

    voxels: (slice, row, column) int16 HU, slice 0 the lowest. labels: the same shape, uint8, 0 or the number of the
    lesion, counted from 1 in the order of lesions. kernel: how sharply the noise is made.
    """

    voxels: HuArray
    geometry: VolumeGeometry
    labels: UInt8Array
    lesions: tuple[PhantomLesion, ...]
    seed: int
    kernel: Kernel
    has_contrast: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Chest:
    """All that the slices of one patient share."""

    parts: Mediastinum
    branches: Vasculature
    lesions: tuple[Growth, ...]
    distractors: tuple[Point, ...]
    coarse: Field
    fine: Field
    streaks: Field
    grain: Grain
    fat_mm: float
    scale: NDArray[np.float64]


def build(
    seed: int = DEFAULT_SEED,
    *,
    slices: int = 120,
    size: int = 512,
    spacing_mm: float = 2.5,
    kinds: Sequence[LesionKind] = DEFAULT_KINDS,
    kernel: Kernel = Kernel.SOFT,
    has_contrast: bool = True,
    task: Task | None = None,
) -> Phantom:
    """Draw the chest of a seed; the same arguments give the same bytes.

    slices, spacing_mm: how many and how far apart, centred a little below the carina. size: rows and columns over
    379 mm. Another seed is another patient: build, vessels, and where the lesions are.
    """
    geometry = _geometry(slices, size, spacing_mm)
    chest = _chest(seed, geometry, kinds, kernel, has_contrast)
    voxels = np.empty(geometry.shape, dtype=np.int16)
    labels = np.zeros(geometry.shape, dtype=np.uint8)
    for k in range(slices):
        if task is not None:
            task.step(k, slices)
        noise = chest.grain.on_slice(np.random.default_rng((seed, k)))
        hu = _slice(chest, _plane(geometry, k, chest.scale), noise, labels[k])
        voxels[k] = np.clip(np.rint(hu), -1024, 3071)
    lesions = tuple(_measured(labels, number, growth) for number, growth in enumerate(chest.lesions, start=1))
    return Phantom(voxels, geometry, labels, lesions, seed, kernel, has_contrast)


def quick(seed: int = DEFAULT_SEED, kinds: Sequence[LesionKind] = DEFAULT_KINDS) -> Phantom:
    """A small chest for tests, made in a fraction of a second: 24 slices of 128 x 128, 5 mm apart."""
    return build(seed, slices=24, size=128, spacing_mm=5.0, kinds=kinds)


def _geometry(slices: int, size: int, spacing_mm: float) -> VolumeGeometry:
    pixel = round(_FIELD_OF_VIEW_MM / size, 6)
    origins = np.zeros((slices, 3))
    origins[:, 0] = -pixel * (size - 1) / 2
    origins[:, 1] = 6 - pixel * (size - 1) / 2
    origins[:, 2] = _MIDDLE_MM + spacing_mm * (np.arange(slices) - (slices - 1) / 2)
    return VolumeGeometry(origins.round(4), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (pixel, pixel), size, size)


def _chest(
    seed: int, geometry: VolumeGeometry, kinds: Sequence[LesionKind], kernel: Kernel, has_contrast: bool
) -> _Chest:
    rng = np.random.default_rng(seed)
    scale = np.array([rng.uniform(0.94, 1.03), rng.uniform(0.93, 1.04), rng.uniform(0.95, 1.04)])
    fat_mm = float(rng.uniform(7, 16))
    parts = make_mediastinum(has_contrast)
    pixel = geometry.pixel_spacing_mm[0]
    is_fine = pixel < _FINE_PIXEL_MM
    space = lung_space(5.5 if is_fine else 9.0)
    branches = grow(space, rng, tips=4600 if is_fine else 600)
    lesions = place_lesions(space, kinds, geometry.origins[:, 2] / scale[2], rng, parts.blood.pulmonary)
    return _Chest(
        parts,
        branches,
        lesions,
        place_distractors(space, lesions, rng),
        make_field(rng, 11.0),
        make_field(rng, 3.2),
        make_field(rng, 7.0),
        make_grain(rng, (geometry.rows, geometry.columns), pixel, kernel),
        fat_mm,
        scale,
    )


def _plane(geometry: VolumeGeometry, k: int, scale: NDArray[np.float64]) -> Plane:
    """A slice in anatomy mm, which are patient mm shrunk to the usual build."""
    x0, y0, z = (float(part) for part in geometry.origins[k])
    pixel = geometry.pixel_spacing_mm[0]
    x = (x0 + pixel * np.arange(geometry.columns)) / scale[0]
    y = (y0 + pixel * np.arange(geometry.rows)) / scale[1]
    thickness = geometry.slice_spacing_mm / float(scale[2])
    return Plane(
        x[None].astype(np.float32),
        y[:, None].astype(np.float32),
        z / float(scale[2]),
        pixel / float(scale[0]),
        thickness,
    )


def _slice(chest: _Chest, plane: Plane, noise: Float32, labels: UInt8Array) -> Float32:
    """HU of one slice; marks the lesions in labels."""
    frame = frame_of(plane)
    lungs = cut_lungs(plane, frame, chest.parts)
    uneven = chest.streaks.on(plane)
    hu = np.full(plane.shape, AIR_HU, dtype=np.float32)
    paint_table(hu, plane)
    paint_body(hu, plane, frame, uneven, chest.fat_mm)
    blend(hu, plane.everywhere(), coverage(frame.wall, 1.2 * plane.pixel_mm), FAT_HU + 7 * uneven)
    paint_abdomen(hu, plane, frame, lungs.under, chest.parts.blood, uneven)
    fine = chest.fine.on(plane)
    blend(hu, plane.everywhere(), lungs.share, _lung_tissue(chest, plane, fine))
    paint_distractors(hu, plane, lungs.share, chest.distractors)
    for number, lesion in enumerate(chest.lesions, start=1):
        painted = paint_lesion(hu, plane, lesion, lungs.share, uneven)
        if painted is not None:
            window, share = painted
            np.copyto(labels[window], np.uint8(number), where=share >= _LEAST_SHARE)
    paint_mediastinum(hu, plane, chest.parts, uneven)
    paint_bones(hu, plane, frame, fine)
    return hu + noise * _noise_share(frame, plane)


def _lung_tissue(chest: _Chest, plane: Plane, fine: Float32) -> Float32:
    """Lung with its vessels and small airways."""
    values = tissue(plane, chest.coarse.on(plane), fine)
    whole = plane.everywhere()
    blend(values, whole, chest.branches.airway_walls.on(plane), -140.0)
    blend(values, whole, chest.branches.airway_hollows.on(plane), AIR_HU + 15)
    blend(values, whole, chest.branches.vessels.on(plane), chest.parts.blood.pulmonary - 20)
    return values


def _noise_share(frame: Frame, plane: Plane) -> Float32:
    """Noise grows towards the middle of the body, and between the shoulders, where few rays get through."""
    inside = np.clip(-frame.skin * np.float32(1 / 80), 0, 1)
    shoulders = 1 + 0.9 * float(np.clip((plane.z - 60) / 40, 0, 1))
    return np.asarray((np.float32(0.45) + np.float32(0.55) * inside) * np.float32(shoulders), dtype=np.float32)


def _measured(labels: UInt8Array, number: int, growth: Growth) -> PhantomLesion:
    """A lesion's boxes as its mask has them; specks of a few pixels on one slice are no part of it."""
    boxes = {}
    for k in np.flatnonzero((labels == number).any(axis=(1, 2))):
        rows, columns = np.nonzero(labels[k] == number)
        if rows.size < _LEAST_PIXELS:
            labels[k][labels[k] == number] = 0
            continue
        boxes[int(k)] = Box(float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1))
    return PhantomLesion(growth.kind, 2 * growth.radius, growth.centre, boxes)
