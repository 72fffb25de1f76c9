"""Heart, great vessels, windpipe and gullet, and the fat that they lie in."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from lungview.demo.body import AIR_HU, FAT_HU, Frame
from lungview.demo.bones import spine_bulge
from lungview.demo.plane import (
    FAR_MM,
    Float32,
    Patch,
    Plane,
    Tube,
    bent_tube,
    blend,
    capsule,
    ellipsoid,
    smooth_minimum,
)

Nodes = Sequence[tuple[float, float, float, float]]


@dataclass(frozen=True, slots=True)
class Blood:
    """HU of blood in the great vessels, of the heart's muscle and of the organs below, with or without contrast."""

    artery: float
    pulmonary: float
    vein: float
    muscle: float
    liver: float
    spleen: float


CONTRAST = Blood(artery=172, pulmonary=158, vein=128, muscle=96, liver=104, spleen=118)
PLAIN = Blood(artery=41, pulmonary=42, vein=40, muscle=46, liver=58, spleen=49)

_AORTA: Nodes = (
    (13, -16, -64, 14), (-8, -36, -38, 16), (-17, -38, -8, 16.5), (-14, -32, 16, 15.5), (1, -18, 30, 14.5),
    (17, 6, 33, 13.5), (26, 28, 20, 13), (28, 41, -4, 12.5), (26, 42, -40, 12), (21, 38, -90, 11.5),
    (11, 27, -140, 11), (3, 19, -190, 10.5),
)  # fmt: skip
_ARTERIES: tuple[Nodes, ...] = (
    ((-8, -22, 38, 7), (-14, -16, 62, 6.5), (-19, -10, 82, 6), (-24, -6, 98, 4), (-22, -10, 118, 3.6)),
    ((-20, -8, 84, 5), (-44, -4, 96, 4.8), (-84, -4, 98, 4.4), (-130, -10, 92, 4)),
    ((9, -12, 40, 5), (14, -7, 70, 4.4), (20, -9, 118, 3.8)),
    ((21, 8, 42, 5.8), (27, 8, 70, 5.4), (36, 2, 92, 5), (66, -2, 98, 4.6), (130, -10, 92, 4)),
)
_PULMONARY: tuple[Nodes, ...] = (
    (
        (27, -46, -50, 13),
        (23, -40, -25, 14),
        (20, -24, -10, 13.5),
        (36, -6, -4, 11.5),
        (48, 10, -10, 10),
        (51, 18, -26, 8.5),
    ),
    ((19, -26, -13, 12.5), (0, -15, -17, 11.5), (-25, -9, -18, 11), (-44, -2, -23, 9.5), (-53, 6, -36, 8.5)),
)
_VEINS: tuple[Nodes, ...] = (
    ((-31, -22, 56, 8.5), (-32, -22, 30, 9.5), (-33, -22, 0, 10), (-33, -25, -48, 12)),
    ((-31, -24, 54, 8.5), (-36, -26, 78, 8.5), (-44, -20, 100, 8), (-46, -14, 118, 7)),
    ((-28, -26, 52, 8), (0, -37, 60, 7), (24, -34, 72, 7.5), (38, -24, 92, 7.5), (42, -16, 118, 7)),
    ((-6, 31, -190, 3.5), (-7, 33, -60, 4), (-8, 36, 2, 4.4), (-20, 28, 12, 4.8), (-31, 8, 12, 5), (-33, -15, 9, 5)),
    ((-26, -8, -88, 12), (-25, 6, -118, 12.5), (-24, 12, -190, 12)),
)
_LUNG_VEINS: tuple[Nodes, ...] = (
    ((24, 4, -44, 9), (40, -6, -36, 7.5), (52, -14, -30, 6)),
    ((24, 16, -56, 8.5), (40, 24, -62, 7), (54, 32, -70, 6)),
    ((-16, 2, -44, 9), (-38, -10, -38, 7.5), (-52, -16, -34, 6)),
    ((-14, 14, -56, 8.5), (-38, 24, -64, 7), (-52, 30, -72, 6)),
)
_AIRWAYS: tuple[Nodes, ...] = (
    ((0, -18, 118, 9), (0, -8, 60, 9), (1, 2, 8, 9.5)),
    ((0, 2, 8, 9), (-16, 8, -14, 7.6), (-33, 10, -26, 6.8), (-39, 13, -46, 5.8), (-41, 20, -66, 4.8)),
    ((2, 2, 8, 8.6), (20, 9, -14, 7), (39, 15, -27, 6.2), (45, 24, -46, 5.2), (47, 30, -62, 4.4)),
    ((-32, 10, -24, 5), (-52, 6, -10, 4.4)),
    ((41, 14, -28, 5), (54, 0, -24, 4.4)),
)
_OESOPHAGUS: Nodes = (
    (4, 8, 118, 6),
    (6, 16, 60, 6),
    (4, 25, 0, 6.5),
    (5, 29, -40, 6),
    (8, 26, -90, 6.5),
    (16, 10, -130, 8),
)
_WALL_MM = 1.3

_HEART: tuple[tuple[str, tuple[float, float, float], tuple[float, float, float], float], ...] = (
    ("left ventricle", (45, -26, -84), (40, 40, 40), 11.0),
    ("right ventricle", (10, -54, -88), (46, 30, 38), 4.0),
    ("right atrium", (-30, -28, -78), (27, 31, 40), 2.5),
    ("septum", (6, -30, -86), (36, 32, 36), 40.0),
    ("left atrium", (6, 7, -52), (33, 19, 24), 2.5),
    ("outflow", (24, -58, -52), (21, 19, 30), 4.0),
)


@dataclass(frozen=True, slots=True, eq=False)
class Mediastinum:
    """The bent tubes of the middle of the chest, made once for all slices."""

    blood: Blood
    arteries: tuple[Tube, ...]
    pulmonary: tuple[Tube, ...]
    veins: tuple[Tube, ...]
    airways: tuple[Tube, ...]
    oesophagus: Tube


def make_mediastinum(has_contrast: bool) -> Mediastinum:
    """The middle of the chest, with or without contrast medium in its blood."""
    return Mediastinum(
        CONTRAST if has_contrast else PLAIN,
        tuple(bent_tube(nodes) for nodes in (_AORTA, *_ARTERIES)),
        tuple(bent_tube(nodes) for nodes in _PULMONARY),
        tuple(bent_tube(nodes) for nodes in (*_VEINS, *_LUNG_VEINS)),
        tuple(bent_tube(nodes) for nodes in _AIRWAYS),
        bent_tube(_OESOPHAGUS),
    )


def envelope(plane: Plane, frame: Frame, parts: Mediastinum) -> Float32:
    """Distance to what fills the middle of the chest, (rows, columns) mm, negative inside; lungs begin beyond it."""
    distance = np.full(plane.shape, FAR_MM, dtype=np.float32)
    tubes = (*parts.arteries, *parts.veins, *parts.airways, parts.oesophagus, *parts.pulmonary)
    solids = [*_heart_parts(plane), *(tube.cut(plane) for tube in tubes), *_front_fat(plane, frame)]
    for patch in solids:
        if patch is not None:
            distance[patch.window] = smooth_minimum(distance[patch.window], patch.distance - np.float32(2.6), 9.0)
    spine = spine_bulge(plane)
    if spine is not None:
        distance[spine.window] = smooth_minimum(distance[spine.window], spine.distance, 11.0)
    return distance


def _heart_parts(plane: Plane) -> Iterable[Patch | None]:
    return (ellipsoid(plane, centre, radii) for _, centre, radii, _ in _HEART)


def _front_fat(plane: Plane, frame: Frame) -> Iterable[Patch | None]:
    """Fat and thymus behind the breastbone, where both lungs come near each other."""
    z = plane.z
    half = float(np.interp(z, (-130, -60, -10, 20, 45, 110), (16, 5, 3, 6, 17, 24)))
    yield capsule(plane, ((0, frame.sternum_y + 2, z), (-2, frame.sternum_y + 34, z)), (half, half + 5), 16.0)
    if z > 28:
        yield ellipsoid(plane, (0, -6, z), (25, 30, 60))


def paint_mediastinum(hu: Float32, plane: Plane, parts: Mediastinum, uneven: Float32) -> None:
    """Everything in the middle of the chest but its fat, which is there already."""
    blood = parts.blood
    _paint_heart(hu, plane, blood, uneven)
    for tubes, value in ((parts.veins, blood.vein), (parts.pulmonary, blood.pulmonary), (parts.arteries, blood.artery)):
        for tube in tubes:
            _paint(hu, tube.cut(plane, 4), value)
    gullet = parts.oesophagus.cut(plane, 4)
    _paint(hu, gullet, 42.0)
    if gullet is not None:
        blend(hu, gullet.window, gullet.cover(-4.6) * np.float32(0.5), -600.0)
    paint_airways(hu, plane, parts.airways)


def paint_airways(hu: Float32, plane: Plane, airways: Iterable[Tube]) -> None:
    """Windpipe and main airways: all walls first, so that their hollows join."""
    cuts = [patch for tube in airways if (patch := tube.cut(plane, 4)) is not None]
    for patch in cuts:
        blend(hu, patch.window, patch.cover(_WALL_MM), 20.0)
    for patch in cuts:
        blend(hu, patch.window, patch.cover(), AIR_HU + 5)


def _paint(hu: Float32, patch: Patch | None, value: float) -> None:
    if patch is not None:
        blend(hu, patch.window, patch.cover(), value)


def _paint_heart(hu: Float32, plane: Plane, blood: Blood, uneven: Float32) -> None:
    """Muscle first, a rim of fat in the grooves, then the chambers' blood."""
    cuts = [(ellipsoid(plane, centre, radii, 6), wall, name) for name, centre, radii, wall in _HEART]
    for patch, _, _ in cuts:
        if patch is not None:
            blend(hu, patch.window, patch.cover(1.6), FAT_HU + 70 + 12 * uneven[patch.window])
    for patch, _, _ in cuts:
        _paint(hu, patch, blood.muscle)
    for patch, wall, name in cuts:
        if patch is not None:
            value = blood.artery if name.startswith("left") else blood.vein + 12
            blend(hu, patch.window, patch.cover(-wall), np.float32(value) + 3 * uneven[patch.window])
