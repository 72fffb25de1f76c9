"""Spine, ribs with their cartilage, breastbone, collar bones and shoulder blades."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lungview.demo.body import Frame, blade_ends, spine_y
from lungview.demo.plane import Float32, Patch, Plane, bent_tube, blend, capsule, coverage, ellipsoid, mirrored, union

CORTEX_HU, MARROW_HU, CARTILAGE_HU, DISC_HU = 820.0, 190.0, 125.0, 85.0
LEVEL_MM = 24.0
"""From one vertebra to the next."""
_T5_MM = 8.0
"""Height of the fifth thoracic vertebra's middle."""

_CLAVICLES = [
    bent_tube(side)
    for nodes in ([(15, -52, 50, 8.5), (38, -62, 60, 7), (74, -52, 74, 6), (112, -22, 90, 6.5), (150, 0, 104, 7)],)
    for side in (nodes, mirrored(nodes))
]
_SHAFTS = [
    bent_tube(side)
    for nodes in ([(176, 4, 92, 23), (196, 0, 104, 15), (225, -10, 125, 13)],)
    for side in (nodes, mirrored(nodes))
]


def paint_bones(hu: Float32, plane: Plane, frame: Frame, mottled: Float32) -> None:
    """All bones of the chest, the ribs first, so that spine and breastbone join on."""
    _paint_ribs(hu, plane, frame, mottled)
    _paint_sternum(hu, plane, frame, mottled)
    for tube in (*_CLAVICLES, *_SHAFTS):
        _paint_bone(hu, tube.cut(plane, 4), mottled, 2.2)
    for solid in _shoulder_blades(plane):
        _paint_bone(hu, solid, mottled, 1.6)
    _paint_spine(hu, plane, frame, mottled)


def _paint_bone(
    hu: Float32, patch: Patch | None, mottled: Float32, cortex_mm: float, marrow: float = MARROW_HU
) -> None:
    """A bone: a hard shell around mottled marrow."""
    if patch is None:
        return
    inner = patch.cover(-cortex_mm)
    value = np.float32(CORTEX_HU) + inner * (np.float32(marrow - CORTEX_HU) + 55 * mottled[patch.window])
    blend(hu, patch.window, patch.cover(), value)


def _paint_ribs(hu: Float32, plane: Plane, frame: Frame, mottled: Float32) -> None:
    """Ribs follow the cage from the spine (angle pi) to the front, falling on the way; cartilage goes on from there."""
    near = np.flatnonzero((frame.wall > -1) & (frame.wall < 12))
    wall, step = (
        frame.wall.reshape(-1)[near],
        np.rint(frame.angle.reshape(-1)[near] * np.float32(360 / np.pi)).astype(np.int64),
    )
    depth = ((wall - np.float32(5.6)) / np.float32(3.9)) ** 2
    bone = np.full(near.size, 81.0, dtype=np.float32)
    cartilage = bone.copy()
    for heights, is_bone in _RIBS:
        across = (np.float32(plane.z) - heights)[step] / np.float32(6.6)
        flat = depth + across * across
        there = is_bone[step]
        np.minimum(bone, np.where(there, flat, np.float32(81)), out=bone)
        np.minimum(cartilage, np.where(there, np.float32(81), flat), out=cartilage)
    blur = 1.2 * plane.pixel_mm + 0.25 * plane.thickness_mm
    values = hu.reshape(-1)[near]
    values += coverage((np.sqrt(cartilage) - 1) * np.float32(4.3), blur) * (np.float32(CARTILAGE_HU) - values)
    distance = (np.sqrt(bone) - 1) * np.float32(4.3)
    marrow = np.float32(MARROW_HU + 40 - CORTEX_HU) + 40 * mottled.reshape(-1)[near]
    rib = CORTEX_HU + coverage(distance + np.float32(1.5), blur) * marrow
    values += coverage(distance, blur) * (rib - values)
    hu.reshape(-1)[near] = values


def _rib(rib: int) -> tuple[Float32, NDArray[np.bool_]]:
    """Height of a rib at every half degree from the breastbone, and whether bone is there, not cartilage or nothing."""
    angles = np.arange(361) / 2
    start = _T5_MM + (5 - rib) * LEVEL_MM + 7
    fall = float(np.interp(rib, (1, 2, 4, 7, 9, 12), (30, 56, 96, 120, 112, 66)))
    front = float(np.interp(rib, (1, 5, 7, 10, 11, 12), (24, 34, 42, 68, 96, 120)))
    last = float(np.interp(rib, (1, 7, 10, 11, 12), (9, 9, 34, 96, 120)))
    share = (164 - angles) / (164 - front)
    height = start - fall * np.clip(share, 0, 1) ** 1.12
    height += np.clip(share - 1, 0, 1) * np.interp(rib, (1, 3, 5, 7, 10), (10, 22, 60, 110, 130))
    height[angles < last] = 1e3
    return height.astype(np.float32), share <= 1


_RIBS = tuple(_rib(rib) for rib in range(1, 13))


def _paint_sternum(hu: Float32, plane: Plane, frame: Frame, mottled: Float32) -> None:
    z = plane.z
    if not -132 < z < 52:
        return
    half = float(np.interp(z, (-132, -112, -90, -30, -6, 0, 12, 44, 52), (3, 7, 17, 16, 14, 14, 20, 27, 20)))
    front = frame.sternum_y - 7
    ends = ((-half + 5, front, z), (half - 5, front, z))
    _paint_bone(hu, capsule(plane, ends, (5.8, 5.8), 4), mottled, 1.5, 120.0)


def _shoulder_blades(plane: Plane) -> Iterable[Patch | None]:
    """Both blades with their spines and sockets, each a thin plate thickened at its outer border."""
    z = plane.z
    inner, outer = blade_ends(z)
    for side in (-1, 1):
        start, end = (side * inner[0], inner[1], z), (side * outer[0], outer[1], z)
        middle = (side * (inner[0] + outer[0]) / 2, (inner[1] + outer[1]) / 2 - 4, z)
        if -72 < z < 85:
            yield union(
                plane, [capsule(plane, (start, middle), (2.6, 1.4), 4), capsule(plane, (middle, end), (1.4, 5), 4)]
            )
        if 22 < z < 92:
            root = (side * (inner[0] + 16), inner[1] - 4, z)
            tip = (side * float(np.interp(z, (22, 92), (112, 168))), float(np.interp(z, (22, 92), (92, 48))), z)
            yield capsule(plane, (root, tip), (2.2, 4.2), 4)
        yield ellipsoid(plane, (side * 146, 26, 84), (9, 15, 22), 4)


def _paint_spine(hu: Float32, plane: Plane, frame: Frame, mottled: Float32) -> None:
    z, middle = plane.z, frame.spine_y
    phase = ((z - _T5_MM) / LEVEL_MM + 0.5) % 1.0  # 0 at a lower edge, 1 at the upper edge of a vertebra with its disc
    width = float(np.interp(z, (-190, 0, 110), (20.5, 16.5, 14.0)))
    body = ellipsoid(plane, (0, middle, z), (width, width * 0.82, 60), 6)
    canal = ellipsoid(plane, (0, middle + width * 0.82 + 7.5, z), (9, 7.5, 60), 8)
    if body is None or canal is None:
        return
    for solid in _arch(plane, middle + width * 0.82, phase):
        _paint_bone(hu, solid, mottled, 1.5, 330.0)
    _paint_disc_or_body(hu, plane, body, phase, mottled)
    blend(hu, canal.window, canal.cover(), -40.0)
    blend(hu, canal.window, canal.cover(-1.4), 28.0)


def _paint_disc_or_body(hu: Float32, plane: Plane, body: Patch, phase: float, mottled: Float32) -> None:
    """A vertebral body with its shell and plates; between two of them, faded by the slice thickness, a disc."""
    edge = min(phase, 1 - phase) * LEVEL_MM - 2.4
    is_bone = float(np.clip(0.5 + edge / plane.thickness_mm, 0, 1))
    plate = float(np.clip(1 - abs(edge) / (1.2 + plane.thickness_mm / 2), 0, 1))
    marrow = np.float32(MARROW_HU + 230 * plate) + 45 * mottled[body.window]
    inner = body.cover(-1.3)
    bone = np.float32(CORTEX_HU - 160) + inner * (marrow - np.float32(CORTEX_HU - 160))
    blend(hu, body.window, body.cover(), bone * np.float32(is_bone) + np.float32(DISC_HU * (1 - is_bone)))


def _arch(plane: Plane, back: float, phase: float) -> Iterable[Patch | None]:
    """Pedicles, laminae, side and spinous processes around the canal whose front edge is at y = back."""
    z = plane.z
    has_pedicle = 0.42 < phase < 0.86
    for side in (-1, 1):
        if has_pedicle:
            yield capsule(plane, ((side * 11.5, back - 3, z), (side * 13, back + 10, z)), (4.2, 4.4), 4)
        if 0.5 < phase < 0.9:
            yield capsule(plane, ((side * 14, back + 11, z), (side * 34, back + 19, z)), (4.4, 4.8), 4)
            yield capsule(plane, ((side * 23, back - 4, z), (side * 36, back + 11, z)), (4.2, 4.0), 4)
        if not has_pedicle:
            yield capsule(plane, ((side * 13, back + 9, z), (side * 15, back + 12, z)), (4.6, 4.6), 4)
        yield capsule(plane, ((side * 13, back + 11, z), (side * 2, back + 19, z)), (3.4, 3.6), 4)
    length = 16 + 16 * (1 - abs(2 * phase - 0.8))
    yield capsule(plane, ((0, back + 19, z), (0, back + 19 + length, z)), (3.4, 3.0), 4)


def spine_bulge(plane: Plane) -> Patch | None:
    """What spine and the fat beside it take from the lungs."""
    middle = spine_y(plane.z)
    parts = [ellipsoid(plane, (0, middle + 2, plane.z), (20, 18, 60))]
    parts += [ellipsoid(plane, (side * 17, middle + 28, plane.z), (16, 16, 60)) for side in (-1, 1)]
    return union(plane, parts, 10.0)
