"""A phantom as the data sets of a CT series (DICOM PS3.3 A.3, CT Image IOD)."""

import uuid
from collections.abc import Iterator

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from lungview.demo.phantom import Phantom

RECIPE = 2
"""To be raised with every change to the phantom's voxels, so that other bytes get other UIDs."""

_UID_SPACE = uuid.UUID("6f9a5f0e-3c0b-4b63-9a1d-0d6f1e2c7b54")
_INTERCEPT = -1024
_DATE, _TIME = "20200101", "120000"


def fixed_uid(phantom: Phantom, patient_id: str, *parts: str | int) -> UID:
    """A UID that the same phantom always has, made from a name-based UUID (DICOM PS3.5 B.2)."""
    shape = "x".join(str(length) for length in phantom.voxels.shape)
    spacing = phantom.geometry.slice_spacing_mm
    kinds = ",".join(lesion.kind.value for lesion in phantom.lesions)
    told = (RECIPE, phantom.seed, shape, spacing, phantom.kernel, phantom.has_contrast, kinds, patient_id, *parts)
    return UID(f"2.25.{uuid.uuid5(_UID_SPACE, '|'.join(str(part) for part in told)).int}")


def sop_uid(phantom: Phantom, patient_id: str, k: int) -> UID:
    """SOP Instance UID of the slice at index k of the volume."""
    return fixed_uid(phantom, patient_id, "instance", k)


def instance_number(phantom: Phantom, k: int) -> int:
    """Number of the slice at index k: scanners count from the head down, the volume from the feet up."""
    return int(phantom.voxels.shape[0]) - k


def data_sets(phantom: Phantom, patient_id: str) -> Iterator[FileDataset]:
    """Yield the file of each slice, the lowest first."""
    for k in range(phantom.voxels.shape[0]):
        yield _data_set(phantom, patient_id, k)


def _data_set(phantom: Phantom, patient_id: str, k: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = sop_uid(phantom, patient_id, k)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    data.SpecificCharacterSet = "ISO_IR 192"
    data.SOPClassUID, data.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    _describe_patient(data, patient_id)
    _describe_series(data, phantom, patient_id)
    _describe_plane(data, phantom, k)
    _add_pixels(data, phantom, k)
    return data


def _describe_patient(data: Dataset, patient_id: str) -> None:
    """Patient and General Study modules; the patient is invented."""
    data.PatientName, data.PatientID = "Demo^Phantom", f"Lung_Dx-{patient_id}"
    data.PatientBirthDate, data.PatientSex, data.PatientAge = "19600101", "O", "060Y"
    data.PatientIdentityRemoved, data.DeidentificationMethod = "YES", "Synthetic: computed, no person was scanned"
    data.StudyDate = data.SeriesDate = data.AcquisitionDate = data.ContentDate = _DATE
    data.StudyTime = data.SeriesTime = data.AcquisitionTime = data.ContentTime = _TIME
    data.AccessionNumber, data.ReferringPhysicianName, data.StudyID = "", "", "1"
    data.StudyDescription = "Synthetic chest"


def _describe_series(data: Dataset, phantom: Phantom, patient_id: str) -> None:
    """General Series, Frame of Reference, Equipment, Contrast and CT Image modules."""
    spacing = phantom.geometry.slice_spacing_mm
    data.StudyInstanceUID = fixed_uid(phantom, patient_id, "study")
    data.SeriesInstanceUID = fixed_uid(phantom, patient_id, "series")
    data.FrameOfReferenceUID, data.PositionReferenceIndicator = fixed_uid(phantom, patient_id, "frame"), ""
    data.Modality, data.SeriesNumber, data.SeriesDescription = "CT", 2, f"Phantom {spacing:g} mm"
    data.BodyPartExamined, data.PatientPosition = "CHEST", "HFS"
    data.Manufacturer, data.ManufacturerModelName = "LungView", "Phantom"
    data.SoftwareVersions = f"recipe {RECIPE}, seed {phantom.seed}"
    if phantom.has_contrast:
        data.ContrastBolusAgent = "Simulated"
    data.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    data.ImageComments = "Computed phantom. No person was scanned."
    data.KVP, data.AcquisitionNumber = 120, 1
    data.ConvolutionKernel = str(phantom.kernel)
    # Lung first whatever the kernel: the demo is there to show lesions in lung.
    data.WindowCenter, data.WindowWidth = [-600, 40], [1500, 400]


def _describe_plane(data: Dataset, phantom: Phantom, k: int) -> None:
    """General Image and Image Plane modules."""
    geometry = phantom.geometry
    data.InstanceNumber = instance_number(phantom, k)
    data.ImagePositionPatient = [f"{part:.8g}" for part in geometry.origins[k]]
    data.ImageOrientationPatient = [*geometry.row_direction, *geometry.column_direction]
    data.PixelSpacing = [f"{part:.8g}" for part in geometry.pixel_spacing_mm]
    data.SliceThickness = f"{geometry.slice_spacing_mm:.8g}"
    data.SliceLocation = f"{geometry.origins[k, 2]:.8g}"


def _add_pixels(data: Dataset, phantom: Phantom, k: int) -> None:
    """Image Pixel module: 12 bits unsigned, as most scanners write CT."""
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = phantom.voxels.shape[1:]
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    data.RescaleIntercept, data.RescaleSlope, data.RescaleType = _INTERCEPT, 1, "HU"
    data.PixelData = (phantom.voxels[k].astype(np.int32) - _INTERCEPT).astype("<u2").tobytes()
