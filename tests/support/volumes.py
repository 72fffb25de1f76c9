"""Small stacks and volumes of known geometry and values, made in memory."""

from pathlib import Path

import numpy as np

from lungview.domain.arrays import FloatArray, HuArray, VoxelArray
from lungview.domain.geometry import VolumeGeometry
from lungview.domain.geometry_report import GeometryReport, OrderRule
from lungview.domain.study import (
    FileSource,
    Instance,
    Patient,
    PixelFormat,
    ScanResult,
    Series,
    Stack,
    StackKind,
    Study,
)
from lungview.domain.volume import Volume
from lungview.domain.window import Window

SERIES_UID = "1.2.826.0.1.3680043.8.498.1"


def uid(index: int) -> str:
    """SOP Instance UID of a slice."""
    return f"{SERIES_UID}.{index + 1}"


def make_stack(
    slices: int = 5,
    rows: int = 64,
    columns: int = 64,
    *,
    spacing_mm: tuple[float, float] = (1.0, 1.0),
    slice_mm: float = 5.0,
    key: str = "stack",
    kind: StackKind = StackKind.VOLUME,
    windows: tuple[Window, ...] = (),
    samples: int = 1,
) -> Stack:
    """Return an axial CT stack whose files don't exist; slice 0 lies at z = 0."""
    instances = tuple(
        Instance(
            source=FileSource(Path(f"{index:03d}.dcm")),
            sop_instance_uid=uid(index),
            pixels=PixelFormat(rows, columns, samples=samples, photometric="RGB" if samples > 1 else "MONOCHROME2"),
            instance_number=index + 1,
            position=(0.0, 0.0, index * slice_mm),
            orientation=(1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
            pixel_spacing_mm=spacing_mm,
            slice_thickness_mm=slice_mm,
            windows=windows,
        )
        for index in range(slices)
    )
    report = GeometryReport(OrderRule.POSITION, slice_mm, 0.0)
    return Stack(key, SERIES_UID, "axial", kind, "CT", instances, report, kernel="L")


def make_geometry(stack: Stack) -> VolumeGeometry:
    """Return the geometry that a stack's instances describe."""
    origins = np.array([instance.position for instance in stack.instances], dtype=np.float64)
    pixels = stack.instances[0].pixels
    return VolumeGeometry(
        origins=origins,
        row_direction=(1.0, 0.0, 0.0),
        column_direction=(0.0, 1.0, 0.0),
        pixel_spacing_mm=stack.instances[0].pixel_spacing_mm or (1.0, 1.0),
        rows=pixels.rows,
        columns=pixels.columns,
    )


def ramp(slices: int, rows: int, columns: int) -> HuArray:
    """Return (slices, rows, columns) int16: HU grow by 1 per column, 10 per row, 100 per slice, from -1000."""
    k, j, i = np.ogrid[:slices, :rows, :columns]
    values: HuArray = (-1000 + 100 * k + 10 * j + i).astype(np.int16)
    return values


def make_volume(stack: Stack | None = None, voxels: VoxelArray | None = None, *, is_read: bool = True) -> Volume:
    """Return a volume for a stack, of a ramp unless voxels are given."""
    stack = stack or make_stack()
    pixels = stack.instances[0].pixels
    if voxels is None:
        voxels = ramp(stack.slice_count, pixels.rows, pixels.columns)
    return Volume(stack, voxels, make_geometry(stack), np.full(stack.slice_count, is_read))


def with_sphere(stack: Stack, centre: tuple[float, float, float], radius_mm: float, hu: int = 50) -> Volume:
    """Return a volume of lung (-850 HU) with a solid sphere; centre is (k, j, i) in voxels."""
    geometry = make_geometry(stack)
    voxels = np.full(geometry.shape, -850, dtype=np.int16)
    k, j, i = np.ogrid[: geometry.slices, : geometry.rows, : geometry.columns]
    down, across = geometry.pixel_spacing_mm
    distance: FloatArray = np.sqrt(
        ((k - centre[0]) * geometry.slice_spacing_mm) ** 2
        + ((j - centre[1]) * down) ** 2
        + ((i - centre[2]) * across) ** 2
    )
    voxels[distance <= radius_mm] = hu
    return Volume(stack, voxels, geometry, np.ones(stack.slice_count, dtype=np.bool_))


def make_scan(*stacks: Stack) -> ScanResult:
    """Return a scan of one patient and study that holds these stacks, a series each."""
    series = tuple(
        Series(stack.series_uid, stack.modality, "Chest 5mm", number, (stack,))
        for number, stack in enumerate(stacks, 1)
    )
    study = Study("1.2.3", "Thorax", "20240229", series)
    return ScanResult(Path("patient"), (Patient("P1", "Phantom^Test", "F", "19600101", (study,)),))
