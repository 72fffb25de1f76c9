"""The frame of the chest, slice by slice: skin, fat, muscles and the bony cage that everything else hangs on."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lungview.demo.plane import Float32, Patch, Plane, Point, blend, capsule, coverage, ellipsoid, union

AIR_HU, FAT_HU, MUSCLE_HU, SKIN_HU = -1000.0, -105.0, 56.0, 15.0

_ANGLES = np.radians([0, 20, 45, 70, 90, 110, 135, 155, 180])
_RADII = np.array([88, 97, 112, 124, 128, 127, 121, 110, 92], dtype=np.float64)
_TABLE_ANGLES = np.linspace(0, np.pi, 361)
_TABLE_RADII = np.interp(_TABLE_ANGLES, _ANGLES, _RADII)
_SMOOTHING = np.hanning(41) / np.hanning(41).sum()
_TABLE_RADII = np.convolve(np.pad(_TABLE_RADII, 20, mode="reflect"), _SMOOTHING, mode="valid")
"""Inner surface of the cage in mid-chest, mm from its middle, by the angle from the breastbone."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A measure of the body along its length, smooth between the given heights."""

    heights: tuple[float, ...]
    values: tuple[float, ...]

    def at(self, z: float) -> float:
        """The measure at height z, mm; averaged a centimetre up and down, so that it has no kinks."""
        around = z + np.linspace(-12, 12, 9)
        return float(np.interp(around, self.heights, self.values).mean())


_CAGE_WIDTH = Profile(
    (-190, -120, -60, -20, 20, 50, 70, 85, 97, 106), (1.02, 1.04, 1.02, 0.97, 0.89, 0.75, 0.6, 0.45, 0.29, 0.1)
)
_CAGE_DEPTH = Profile((-190, -120, -60, 0, 40, 70, 90, 106), (1.0, 1.03, 1.0, 0.93, 0.8, 0.64, 0.45, 0.12))
_CAGE_MIDDLE = Profile((-190, -60, 0, 50, 100), (-4, 0, 2, 8, 16))
_BODY_WIDTH = Profile((-190, -120, -60, 0, 40, 65, 85, 115), (160, 165, 168, 172, 182, 196, 214, 226))
_BODY_FRONT = Profile((-190, -100, -50, 0, 40, 75, 115), (104, 112, 112, 106, 92, 76, 62))
_BODY_BACK = Profile((-190, -60, 0, 60, 115), (112, 117, 119, 114, 98))
_BLADE_HEIGHTS = (-72, -40, 0, 40, 85)
_BLADE_INNER_X = Profile(_BLADE_HEIGHTS, (116, 102, 84, 74, 82))
_BLADE_INNER_Y = Profile(_BLADE_HEIGHTS, (90, 97, 98, 90, 72))
_BLADE_OUTER_X = Profile(_BLADE_HEIGHTS, (126, 134, 140, 146, 136))
_BLADE_OUTER_Y = Profile(_BLADE_HEIGHTS, (80, 66, 56, 42, 28))
_SPINE_Y = Profile((-190, -120, -60, 0, 50, 100, 116), (36, 46, 53, 53, 44, 27, 20))


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Where the pixels of a slice lie in relation to the chest, all (rows, columns) float32.

    wall: mm outside the inner surface of the cage, negative inside. angle: from the breastbone (0) over the side
    (pi / 2) to the spine (pi). skin: mm outside the skin, negative inside.
    spine_y, sternum_y: of the vertebral bodies' middle and of the breastbone's inner surface, mm.
    """

    wall: Float32
    angle: Float32
    skin: Float32
    spine_y: float
    sternum_y: float


def frame_of(plane: Plane) -> Frame:
    """Measure a slice."""
    wall, angle = _cage(plane)
    middle = _CAGE_MIDDLE.at(plane.z)
    return Frame(
        wall, angle, _outline(plane), spine_y(plane.z), middle - float(_TABLE_RADII[0]) * _CAGE_DEPTH.at(plane.z)
    )


def spine_y(z: float) -> float:
    """Where the middle of the vertebral bodies lies from front to back, mm."""
    return _SPINE_Y.at(z)


def _cage(plane: Plane) -> tuple[Float32, Float32]:
    width, depth = _CAGE_WIDTH.at(plane.z), _CAGE_DEPTH.at(plane.z)
    side = np.abs(plane.x) * np.float32(1 / width)
    back = (plane.y - np.float32(_CAGE_MIDDLE.at(plane.z))) * np.float32(1 / depth)
    angle = np.arctan2(side, -back)
    radius = np.hypot(side, back)
    steps = angle * np.float32(360 / np.pi)
    index = steps.astype(np.int16)
    table = _TABLE_RADII.astype(np.float32)
    slope = np.append(np.diff(table), np.float32(0))
    surface = table[index] + slope[index] * (steps - index)
    lean = np.sqrt((np.sin(angle) * np.float32(width)) ** 2 + (np.cos(angle) * np.float32(depth)) ** 2)
    return (radius - surface) * lean, angle


def _outline(plane: Plane) -> Float32:
    """Signed distance to the skin: a rounder front, a flatter back as of someone lying."""
    half = np.float32(1 / _BODY_WIDTH.at(plane.z))
    across = np.abs(plane.x) * half
    y = plane.y - np.float32(4)
    back = y > 0
    along = np.abs(y) * np.where(back, np.float32(1 / _BODY_BACK.at(plane.z)), np.float32(1 / _BODY_FRONT.at(plane.z)))
    power = np.where(back, np.float32(2.9), np.float32(2.25))
    size = (across**power + along**power) ** (1 / power)
    slope = np.hypot(across * half, along * np.float32(1 / 110)) / np.maximum(np.hypot(across, along), 1e-3)
    furrow = 7 * np.exp(-((plane.x * np.float32(1 / 15)) ** 2)) * np.clip(y * np.float32(1 / 60), 0, 1)
    waist = np.cos(3 * np.arctan2(y, np.abs(plane.x))) * np.float32(1.8)
    return np.asarray((size - 1) / slope + furrow + waist, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A muscle lying on the cage: from and to what angle (degrees), how deep, between what heights."""

    angles: tuple[float, float]
    depths: tuple[float, float]
    heights: tuple[float, float]


_SHEETS = (
    _Sheet((11, 74), (9, 25), (-44, 74)),  # pectoralis major
    _Sheet((24, 62), (7, 14), (0, 64)),  # pectoralis minor
    _Sheet((58, 146), (7, 16), (-130, 70)),  # serratus anterior
    _Sheet((88, 158), (18, 31), (-190, 30)),  # latissimus dorsi
    _Sheet((34, 108), (8, 17), (-230, -88)),  # external oblique
    _Sheet((2, 33), (5, 15), (-230, -108)),  # rectus abdominis
)


def paint_body(hu: Float32, plane: Plane, frame: Frame, uneven: Float32, fat_mm: float) -> None:
    """Skin, fat and the muscles around the cage. uneven: how the tissue varies, about standard normal."""
    whole = plane.everywhere()
    pixel = 1.2 * plane.pixel_mm
    blend(hu, whole, coverage(frame.skin, pixel), SKIN_HU)
    blend(hu, whole, coverage(frame.skin + np.float32(1.7), pixel), FAT_HU + 6 * uneven)
    beneath = coverage(frame.skin + np.float32(fat_mm) * _fat_share(frame), 2.0)
    marbled = MUSCLE_HU - 60 * np.clip(uneven - np.float32(1.1), 0, 2) + 3 * uneven
    bundles = union(plane, (*_back_muscles(plane, frame), *_girdle(plane, frame)), 9.0)
    for patch in () if bundles is None else (bundles,):
        blend(hu, patch.window, patch.cover() * beneath[patch.window], marbled[patch.window])
    near = np.flatnonzero((frame.wall > -2) & (frame.wall < 34) & (beneath > 0))
    cover = _sheets(plane, frame, near, uneven.reshape(-1)[near]) * beneath.reshape(-1)[near]
    hu.reshape(-1)[near] += cover * (marbled.reshape(-1)[near] - hu.reshape(-1)[near])


def _fat_share(frame: Frame) -> Float32:
    """Subcutaneous fat is thickest at the sides and in front of the belly, thin over breastbone and spine."""
    share: Float32 = np.float32(0.45) + np.float32(0.75) * np.sin(frame.angle) ** 2
    return share


def _sheets(plane: Plane, frame: Frame, near: NDArray[np.int64], uneven: Float32) -> Float32:
    """Share of the pixels near the cage that its muscles fill, those between the ribs with them."""
    depth, angle = frame.wall.reshape(-1)[near], frame.angle.reshape(-1)[near]
    filled = coverage(np.abs(depth - 4) - np.float32(4.6), 1.2 * plane.pixel_mm)
    for sheet in _SHEETS:
        height = min(plane.z - sheet.heights[0], sheet.heights[1] - plane.z)
        if height <= 0:
            continue
        low, high = np.radians(sheet.angles)
        inward = np.minimum(angle - np.float32(low), np.float32(high) - angle) * np.float32(100)
        taper = np.clip(np.minimum(inward, np.float32(height)) / np.float32(26), 0, 1) ** np.float32(0.7)
        middle, half = sum(sheet.depths) / 2, (sheet.depths[1] - sheet.depths[0]) / 2
        thick = np.float32(half) * taper * (1 + np.float32(0.12) * uneven) - np.float32(0.8)
        np.maximum(filled, coverage(np.abs(depth - np.float32(middle)) - thick, 1.4) * (inward > 0), out=filled)
    return filled


def _back_muscles(plane: Plane, frame: Frame) -> list[Patch]:
    """The long muscles beside the spine, the trapezius, and at the top those of the neck."""
    z, back = plane.z, frame.spine_y
    upper = float(np.clip((z - 40) / 60, 0, 1))
    solids = []
    for side in (-1, 1):
        solids += [
            ((side * 20, back + 46, z), (17 + 2 * upper, 17, 60)),
            ((side * 42, back + 40, z), (16, 14, 60)),
            ((side * (46 + 20 * upper), back + 62 - 6 * upper, z), (48 + 20 * upper, 6 + 6 * upper, 60)),
        ]
        if z > 75:
            solids += [
                ((side * 26, back - 8, z), (13, 11, 60)),
                ((side * 34, back - 46, z), (13, 7, 60)),
                ((side * 24, back + 14, z), (16, 12, 60)),
                ((side * 64, back + 10, z), (22, 26, 60)),
            ]
    return [patch for centre, radii in solids if (patch := ellipsoid(plane, centre, radii, 4)) is not None]


def _girdle(plane: Plane, frame: Frame) -> list[Patch]:
    """Muscles of the shoulder: around the blade, under and over the joint, and those that reach it from the front."""
    z = plane.z
    rods: list[tuple[Point, Point, tuple[float, float]]] = []
    for side in (-1, 1):
        if -80 < z < 96:
            (x0, y0), (x1, y1) = blade_ends(z)
            bulk = float(np.interp(z, (-80, -40, 20, 96), (3, 11, 15, 13)))
            rods.append(((side * x0, y0, z), (side * (x1 - 3), y1, z), (bulk * 0.7, bulk)))
        if z > 12:
            lift = float(np.interp(z, (12, 40, 80), (0.15, 0.8, 1.3)))
            rods.append(((side * 152, 40, z), (side * 176, 8, z), (16 * lift, 20 * lift)))
            front = frame.sternum_y + float(np.interp(z, (12, 80), (-8, 6)))
            bulk = float(np.interp(z, (12, 28, 62, 90), (2, 9, 8, 2)))
            rods.append(((side * 34, front, z), (side * 96, front + 18, z), (bulk, bulk)))
            rods.append(((side * 96, front + 18, z), (side * 158, -8, z), (bulk, bulk)))
        if z > 70:
            rods.append(((side * 84, 30, z), (side * 120, 6, z), (12, 10)))
    cuts = (capsule(plane, (start, end), radii, 4) for start, end, radii in rods)
    return [patch for patch in cuts if patch is not None]


def blade_ends(z: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """(x, y) of a shoulder blade's inner and outer border at height z, on the patient's left."""
    inner = float(_BLADE_INNER_X.at(z)), float(_BLADE_INNER_Y.at(z))
    return inner, (float(_BLADE_OUTER_X.at(z)), float(_BLADE_OUTER_Y.at(z)))


def paint_table(hu: Float32, plane: Plane) -> None:
    """The couch: a curved shell of carbon fibre around foam, a sheet over it."""
    sag = plane.x * plane.x * np.float32(-1 / 900)
    top = plane.y - sag - np.float32(131)
    pixel = 1.2 * plane.pixel_mm
    whole = plane.everywhere()
    inside = coverage(np.abs(top - 14) - np.float32(13), pixel)
    inside = inside * (np.abs(plane.x) < 182)
    blend(hu, whole, inside, -955.0)
    blend(hu, whole, coverage(np.abs(np.abs(top - 14) - np.float32(13)) - np.float32(1.0), pixel), -60.0)
    blend(hu, whole, coverage(np.abs(top + 5) - np.float32(3.5), pixel) * np.float32(0.9), -930.0)
