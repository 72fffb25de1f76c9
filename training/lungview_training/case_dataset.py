"""Slices of a DICOM tree whose readers' boxes stand in Pascal VOC XML beside it."""

from pathlib import Path

import numpy as np
import pydicom

from lungview_training.dataset import from_volume_slice
from lungview_training.samples import Sample

NEGATIVE_MARGIN_MM = 10.0


def read_case(folder: Path) -> list[Sample]:
    import xml.etree.ElementTree as E
    boxes = {}
    for p in folder.rglob("*.xml"):
        boxes[p.stem] = np.array([[float(o.findtext("bndbox/" + k)) for k in ("xmin", "ymin", "xmax", "ymax")] for o in E.parse(p).iter("object")], np.float32)
    files = [pydicom.dcmread(p) for p in sorted(folder.rglob("*.dcm"))]
    zs = np.array([float(d.ImagePositionPatient[2]) for d in files if d.SOPInstanceUID in boxes])
    out = []
    for d in files:
        hu = np.clip(d.pixel_array * float(d.RescaleSlope) + float(d.RescaleIntercept), -1024, 3071).astype(np.int16)
        b = boxes.get(d.SOPInstanceUID, np.zeros((0, 4), np.float32))
        if len(b) == 0 and np.abs(zs - float(d.ImagePositionPatient[2])).min() < NEGATIVE_MARGIN_MM:
            continue
        out.append(from_volume_slice(str(d.PatientID), d.SOPInstanceUID, hu, (float(d.PixelSpacing[0]), float(d.PixelSpacing[1])), b))
    return out
