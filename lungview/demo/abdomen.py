"""The diaphragm's two domes and what lies under them."""

import numpy as np

from lungview.demo.body import FAT_HU, Frame
from lungview.demo.mediastinum import Blood
from lungview.demo.plane import Float32, Plane, blend, coverage, ellipsoid

_RIGHT_TOP, _LEFT_TOP = -112.0, -122.0


def above_diaphragm(plane: Plane) -> Float32:
    """Height of a slice over the diaphragm, (rows, columns) mm, negative below it."""
    right, left = _dome(plane, -68.0, _RIGHT_TOP), _dome(plane, 74.0, _LEFT_TOP)
    share = np.clip(plane.x * np.float32(1 / 56) + np.float32(0.5), 0, 1)
    share = share * share * (3 - 2 * share)
    return np.asarray(np.float32(plane.z) - (right + (left - right) * share), dtype=np.float32)


def _dome(plane: Plane, middle: float, top: float) -> Float32:
    """Height of one dome, falling steeply to the ribs and gently to the other side."""
    outward = (plane.x - np.float32(middle)) * np.float32(np.sign(middle))
    across = outward / np.where(outward > 0, np.float32(72), np.float32(150))
    along = (plane.y + np.float32(14)) / np.where(plane.y > -14, np.float32(92), np.float32(104))
    fall = across * across + along * along
    return np.asarray(np.float32(top) - np.float32(56) * fall / np.sqrt(1 + np.float32(0.18) * fall), dtype=np.float32)


def diaphragm_cover(plane: Plane, above: Float32) -> Float32:
    """Share of each pixel under the diaphragm; the slice thickness smears the flat tops of the domes."""
    down, across = np.gradient(above[::4, ::4], 4 * plane.pixel_mm)
    steep = np.sqrt(down * down + across * across)
    blur = 1.2 * plane.pixel_mm * steep + np.float32(plane.thickness_mm)
    blur = np.repeat(np.repeat(blur, 4, axis=0), 4, axis=1)[: above.shape[0], : above.shape[1]]
    return coverage(above, blur.astype(np.float32))


def paint_abdomen(hu: Float32, plane: Plane, frame: Frame, under: Float32, blood: Blood, uneven: Float32) -> None:
    """Liver, stomach, spleen and fat, within the cage and under the diaphragm."""
    if not under.any():
        return
    inside = under * coverage(frame.wall, 1.2 * plane.pixel_mm)
    belly = np.full(plane.shape, FAT_HU, dtype=np.float32) + 8 * uneven
    _paint_organs(belly, plane, blood, uneven)
    blend(hu, plane.everywhere(), inside, belly)


def _paint_organs(belly: Float32, plane: Plane, blood: Blood, uneven: Float32) -> None:
    liver = np.float32(blood.liver) + 4 * uneven
    for centre, radii in (((-70, -8, -172), (84, 106, 110)), ((6, -52, -172), (76, 44, 66))):
        patch = ellipsoid(plane, centre, radii, 4)
        if patch is not None:
            blend(belly, patch.window, patch.cover(), liver[patch.window])
    _paint_stomach(belly, plane, uneven)
    spleen = ellipsoid(plane, (96, 52, -176), (44, 44, 56), 4)
    if spleen is not None:
        blend(belly, spleen.window, spleen.cover(), np.float32(blood.spleen) + 4 * uneven[spleen.window])
    for side in (-1, 1):  # crura beside the aorta
        crus = ellipsoid(plane, (side * 15 + 4, 26, -200), (7, 17, 62), 4)
        if crus is not None:
            blend(belly, crus.window, crus.cover(), 58.0)


def _paint_stomach(belly: Float32, plane: Plane, uneven: Float32) -> None:
    """A wall around contents, gas floating in front."""
    stomach = ellipsoid(plane, (64, -14, -176), (38, 46, 56), 4)
    if stomach is None:
        return
    blend(belly, stomach.window, stomach.cover(), 62.0)
    y = plane.y[stomach.window[0]]
    level = coverage(np.broadcast_to(y + np.float32(36), stomach.distance.shape).astype(np.float32), 1.5)
    inner = stomach.cover(-4.0)
    blend(belly, stomach.window, inner, 18 + 14 * uneven[stomach.window])
    blend(belly, stomach.window, inner * level, -985.0)
