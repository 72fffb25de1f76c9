"""Place the voxels of a stack in the patient."""

import numpy as np

from lungview.dicom.ordering import AXIAL
from lungview.domain.arrays import FloatArray
from lungview.domain.geometry import Point, VolumeGeometry
from lungview.domain.geometry_report import OrderRule
from lungview.domain.study import Stack, StackKind


def volume_geometry(stack: Stack) -> VolumeGeometry:
    """Return where the stack's voxels lie, every slice at its own position (DICOM PS3.3 C.7.6.2.1.1).

    Where files give no position, slices are laid 1 mm apart, or by their slice location; where they give no pixel
    spacing, it is 1 mm. The geometry then says that it is not known.
    """
    first = stack.instances[0]
    orientation = np.asarray(first.orientation or AXIAL, dtype=np.float64)
    origins = _origins(stack)
    return VolumeGeometry(
        origins=_stand_in(stack) if origins is None else origins,
        row_direction=_unit(orientation[:3]),
        column_direction=_unit(orientation[3:]),
        pixel_spacing_mm=first.pixel_spacing_mm or (1.0, 1.0),
        rows=first.pixels.rows,
        columns=first.pixels.columns,
        is_known=origins is not None and first.pixel_spacing_mm is not None,
    )


def _origins(stack: Stack) -> FloatArray | None:
    """(slices, 3) positions as filed, None where not every slice has one that means something."""
    points = [instance.position for instance in stack.instances if instance.position is not None]
    if len(points) != len(stack.instances) or stack.kind is StackKind.UNPLACED:
        return None
    return np.asarray(points, dtype=np.float64)


def _stand_in(stack: Stack) -> FloatArray:
    """(slices, 3) positions up the z axis: by slice location where the order rests on it, else 1 mm apart."""
    origins = np.zeros((len(stack.instances), 3))
    if stack.report.order_rule is OrderRule.SLICE_LOCATION:
        origins[:, 2] = [instance.slice_location_mm or 0.0 for instance in stack.instances]
    else:
        origins[:, 2] = np.arange(len(stack.instances))
    return origins


def _unit(vector: FloatArray) -> Point:
    x, y, z = (float(part) for part in vector / np.linalg.norm(vector))
    return x, y, z
