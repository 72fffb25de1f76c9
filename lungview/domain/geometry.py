"""Where voxels lie in the patient."""

from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import FloatArray

Point = tuple[float, float, float]
"""A patient point (x, y, z) in mm, LPS: x grows to the left, y to the back, z to the head (DICOM PS3.3 C.7.6.2.1.1)."""


@dataclass(frozen=True, slots=True, eq=False)
class VolumeGeometry:
    """Where a voxel grid lies in the patient. Arrays run (slice, row, column) = (k, j, i); patient points are LPS, mm.

    origins: (slices, 3) float64, patient position of the centre of each slice's first pixel, so that gaps,
        uneven spacing and tilted gantries keep every slice where it was measured.
    row_direction, column_direction: unit vectors (3,) along a row (growing i) and down a column (growing j).
    pixel_spacing_mm: (row, column): distance between rows, then between columns, as DICOM Pixel Spacing has it.
    is_known: False where the files say nothing of position or spacing; then 1 mm voxels stand in for them.
    """

    origins: FloatArray
    row_direction: Point
    column_direction: Point
    pixel_spacing_mm: tuple[float, float]
    rows: int
    columns: int
    is_known: bool = True

    @property
    def slices(self) -> int:
        """How many slices."""
        return int(self.origins.shape[0])

    @property
    def shape(self) -> tuple[int, int, int]:
        """(slices, rows, columns)."""
        return self.slices, self.rows, self.columns

    @property
    def normal(self) -> FloatArray:
        """(3,) unit vector across the slices: row direction x column direction."""
        return np.cross(np.asarray(self.row_direction), np.asarray(self.column_direction))

    @property
    def positions_mm(self) -> FloatArray:
        """(slices,) position of each slice along the normal, mm."""
        return np.asarray(self.origins @ self.normal, dtype=np.float64)

    @property
    def slice_spacing_mm(self) -> float:
        """Median distance between neighbouring slices along the normal, mm; 1 for a single slice."""
        if self.slices < 2:
            return 1.0
        return float(np.median(np.abs(np.diff(self.positions_mm)))) or 1.0

    def to_patient(self, voxels: FloatArray) -> FloatArray:
        """Map voxel indices (N, 3) as (k, j, i) to patient points (N, 3) as (x, y, z) in mm.

        Between slices, k is interpolated.
        """
        voxels = np.atleast_2d(np.asarray(voxels, dtype=np.float64))
        slice_axis = np.arange(self.slices, dtype=np.float64)
        origin = np.stack([np.interp(voxels[:, 0], slice_axis, self.origins[:, axis]) for axis in range(3)], axis=1)
        down = np.outer(voxels[:, 1] * self.pixel_spacing_mm[0], self.column_direction)
        along = np.outer(voxels[:, 2] * self.pixel_spacing_mm[1], self.row_direction)
        return np.asarray(origin + down + along)

    def to_voxels(self, points: FloatArray) -> FloatArray:
        """Map patient points (N, 3) in mm to voxel indices (N, 3) as (k, j, i), fractional.

        k is held to the stack's ends.
        """
        points = np.atleast_2d(np.asarray(points, dtype=np.float64))
        positions = self.positions_mm
        order = np.argsort(positions, kind="stable")
        k = np.interp(points @ self.normal, positions[order], order.astype(np.float64))
        slice_axis = np.arange(self.slices, dtype=np.float64)
        origin = np.stack([np.interp(k, slice_axis, self.origins[:, axis]) for axis in range(3)], axis=1)
        offset = points - origin
        j = offset @ np.asarray(self.column_direction) / self.pixel_spacing_mm[0]
        i = offset @ np.asarray(self.row_direction) / self.pixel_spacing_mm[1]
        return np.stack([k, j, i], axis=1)

    def nearest_slice(self, position_mm: float) -> int:
        """Index of the slice whose position along the normal is nearest."""
        return int(np.argmin(np.abs(self.positions_mm - position_mm)))


@dataclass(frozen=True, slots=True)
class OrientationLetters:
    """What stands at each edge of a slice as shown: R/L, A/P, H/F, oblique edges with two letters."""

    left: str
    right: str
    top: str
    bottom: str


def letters_for(direction: Point) -> str:
    """Name the patient direction of a vector by its one or two largest parts (DICOM PS3.3 C.7.6.1.1.1), "" for none."""
    names = ("LR", "PA", "HF")
    parts = sorted(((abs(part), names[axis][part < 0]) for axis, part in enumerate(direction)), reverse=True)
    return "".join(letter for size, letter in parts[:2] if size > 0.25)


def orientation_letters(geometry: VolumeGeometry) -> OrientationLetters:
    """Letters for the four edges of a slice of this geometry, rows running left to right on the screen."""

    def opposite(vector: Point) -> Point:
        return (-vector[0], -vector[1], -vector[2])

    along, down = geometry.row_direction, geometry.column_direction
    return OrientationLetters(
        left=letters_for(opposite(along)),
        right=letters_for(along),
        top=letters_for(opposite(down)),
        bottom=letters_for(down),
    )
