"""Outlines of lesions."""

import csv
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lungview.domain.box import Box
from lungview.imaging.outline import Outline, find_outline
from tests.support.shared_data import shared

Slice = NDArray[np.int16]


def ellipse_slice(
    centre: tuple[float, float], semi_axes: tuple[float, float], turned: float = 0.0, noise: float = 15.0
) -> Slice:
    """A soft-tissue ellipse in lung, 80 x 80; centre (x, y) in box coordinates, turned in radians."""
    y, x = np.mgrid[:80, :80] + 0.5
    u = (x - centre[0]) * math.cos(turned) + (y - centre[1]) * math.sin(turned)
    v = (y - centre[1]) * math.cos(turned) - (x - centre[0]) * math.sin(turned)
    inside = (1 - np.hypot(u / semi_axes[0], v / semi_axes[1])) * min(semi_axes)
    values = -850 + 880 * np.clip(inside + 0.5, 0, 1) + np.random.default_rng(3).normal(0, noise, x.shape)
    return np.asarray(values, dtype=np.int16)


def box_of(centre: tuple[float, float], semi_axes: tuple[float, float], turned: float = 0.0) -> Box:
    """The box of an ellipse, a pixel wide of it."""
    a, b = semi_axes
    half_x = math.hypot(a * math.cos(turned), b * math.sin(turned)) + 1
    half_y = math.hypot(a * math.sin(turned), b * math.cos(turned)) + 1
    return Box(centre[0] - half_x, centre[1] - half_y, centre[0] + half_x, centre[1] + half_y)


def outlined(values: Slice, box: Box, spacing_mm: tuple[float, float] = (1.0, 1.0)) -> Outline:
    outline = find_outline(values, box, spacing_mm)
    assert outline is not None
    return outline


@settings(deadline=None, max_examples=40)
@given(radius=st.floats(2.5, 20), x=st.floats(35, 45), y=st.floats(35, 45))
def test_a_disc_has_both_axes_within_a_pixel_of_its_diameter(radius: float, x: float, y: float) -> None:
    outline = outlined(ellipse_slice((x, y), (radius, radius)), box_of((x, y), (radius, radius)))
    assert outline.long_axis.length_mm == pytest.approx(2 * radius, abs=1)
    assert outline.short_axis.length_mm == pytest.approx(2 * radius, abs=1)
    centre = outline.points[:-1].mean(axis=0)
    assert centre == pytest.approx([x, y], abs=0.5)


@settings(deadline=None, max_examples=40)
@given(long=st.floats(8, 22), ratio=st.floats(0.5, 0.95), turned=st.floats(0, math.pi))
def test_an_ellipse_has_its_own_axes_whichever_way_it_is_turned(long: float, ratio: float, turned: float) -> None:
    semi_axes = (long, long * ratio)
    outline = outlined(ellipse_slice((40, 40), semi_axes, turned), box_of((40, 40), semi_axes, turned))
    assert outline.long_axis.length_mm == pytest.approx(2 * long, abs=1 + 0.03 * long)
    assert outline.short_axis.length_mm == pytest.approx(2 * long * ratio, abs=1 + 0.03 * long)


@settings(deadline=None, max_examples=30)
@given(row_mm=st.floats(0.4, 2), column_mm=st.floats(0.4, 2))
def test_axes_and_area_scale_with_the_spacing_of_the_pixels(row_mm: float, column_mm: float) -> None:
    outline = outlined(ellipse_slice((40, 40), (12, 12)), box_of((40, 40), (12, 12)), (row_mm, column_mm))
    longer, shorter = 24 * max(row_mm, column_mm), 24 * min(row_mm, column_mm)
    assert outline.long_axis.length_mm == pytest.approx(longer, abs=max(row_mm, column_mm))
    assert outline.short_axis.length_mm == pytest.approx(shorter, abs=max(row_mm, column_mm))
    assert outline.area_mm2 == pytest.approx(math.pi * 144 * row_mm * column_mm, rel=0.06)


def test_the_contour_is_closed_and_its_axes_meet_at_a_right_angle() -> None:
    spacing_mm = (0.7, 1.1)
    outline = outlined(ellipse_slice((40, 40), (18, 9), 0.6), box_of((40, 40), (18, 9), 0.6), spacing_mm)
    assert np.array_equal(outline.points[0], outline.points[-1])
    steps = np.linalg.norm(np.diff(outline.points, axis=0), axis=1)
    assert steps.max() < 3
    directions = [
        (np.subtract(axis.end, axis.start) * (spacing_mm[1], spacing_mm[0])) / axis.length_mm
        for axis in (outline.long_axis, outline.short_axis)
    ]
    assert float(directions[0] @ directions[1]) == pytest.approx(0, abs=1e-6)


def test_a_loose_box_still_finds_the_edge_of_the_lesion() -> None:
    outline = outlined(ellipse_slice((40, 40), (12, 12)), Box(24, 25, 55, 56))
    assert outline.long_axis.length_mm == pytest.approx(24, abs=1.5)


def test_a_lesion_on_the_chest_wall_is_closed_along_the_wall() -> None:
    values = ellipse_slice((40, 40), (10, 10))
    values[:, 44:] = np.random.default_rng(1).normal(45, 15, (80, 36)).astype(np.int16)
    outline = outlined(values, Box(29, 29, 46, 51))
    assert 29 <= outline.points[:, 0].min() <= 32
    assert outline.points[:, 0].max() <= 50
    assert outline.short_axis.length_mm == pytest.approx(15, abs=4)


def test_a_hole_in_tissue_is_outlined_as_a_lesion_is() -> None:
    values = (-800 - ellipse_slice((40, 40), (10, 10))).astype(np.int16)
    assert outlined(values, Box(29, 29, 51, 51)).long_axis.length_mm == pytest.approx(20, abs=1)


def test_values_need_not_be_hu() -> None:
    grey = ((ellipse_slice((40, 40), (10, 10)) + 1000) / 5).clip(0, 255)
    outlines = [
        find_outline(grey.astype(np.float32), Box(29, 29, 51, 51), (1.0, 1.0)),
        find_outline(grey.astype(np.uint8), Box(29, 29, 51, 51), (1.0, 1.0)),
    ]
    for outline in outlines:
        assert outline is not None
        assert outline.long_axis.length_mm == pytest.approx(20, abs=1)


@pytest.mark.parametrize(
    "box",
    [
        Box(-30, -30, -5, -5),
        Box(200, 200, 240, 240),
        Box(30, 30, 30, 40),
        Box(50, 50, 40, 40),
        Box(float("nan"), 0, 10, 10),
        Box(0, 0, float("inf"), 10),
    ],
)
def test_a_box_without_pixels_has_no_outline(box: Box) -> None:
    assert find_outline(ellipse_slice((40, 40), (10, 10)), box, (1.0, 1.0)) is None


def test_a_flat_slice_has_no_outline() -> None:
    assert find_outline(np.full((60, 60), -800, dtype=np.int16), Box(20, 20, 40, 40), (1.0, 1.0)) is None


def test_a_colour_slice_has_no_outline() -> None:
    assert find_outline(np.zeros((60, 60, 3), dtype=np.uint8), Box(20, 20, 40, 40), (1.0, 1.0)) is None


coordinates = st.floats(-20, 60)


@settings(deadline=None, max_examples=120)
@given(x0=coordinates, y0=coordinates, x1=coordinates, y1=coordinates, shape=st.tuples(*[st.integers(1, 40)] * 2))
def test_any_box_gives_a_finite_closed_contour_or_none(
    x0: float, y0: float, x1: float, y1: float, shape: tuple[int, int]
) -> None:
    values = np.random.default_rng(0).normal(-500, 300, shape).astype(np.int16)
    outline = find_outline(values, Box(x0, y0, x1, y1), (0.8, 0.8))
    if outline is not None:
        assert np.isfinite(outline.points).all()
        assert np.array_equal(outline.points[0], outline.points[-1])
        assert 0 <= outline.short_axis.length_mm <= outline.long_axis.length_mm + 1e-6
        assert outline.area_mm2 > 0


def dice(outline: Outline | None, mask: NDArray[np.bool_]) -> float:
    from skimage.draw import polygon2mask

    if outline is None:
        return 0.0
    drawn = polygon2mask(mask.shape, outline.points[:, ::-1] - 0.5)  # type: ignore[no-untyped-call]
    return 2 * float((drawn & mask).sum()) / float(drawn.sum() + mask.sum())


def test_outlines_agree_with_the_masks_of_readers_on_real_nodules() -> None:
    from skimage.io import imread

    folder = shared("lidc-nodule-crops")
    with (folder / "boxes.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if int(row["raters_nodule"]) >= 3][::40]
    agreements = []
    for row in rows:
        name = f"{row['subject']}/{row['slice']}.png"
        box = Box(*(float(row[side]) for side in ("xmin", "ymin", "xmax", "ymax"))).grown(1)
        outline = find_outline(imread(folder / "images" / name), box, (1.0, 1.0))
        agreements.append(dice(outline, imread(folder / "masks" / name) > 0))
    assert len(agreements) > 40
    assert np.mean(agreements) > 0.86
