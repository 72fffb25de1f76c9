"""Write synthetic DICOM series of known geometry and values, for tests and measurements."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from imagecodecs import htj2k_encode, jpeg8_encode, jpegxl_encode
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    UID,
    CTImageStorage,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
    HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    RLELossless,
)

ROOT = "1.2.826.0.1.3680043.8.498.77"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a synthetic series is like.

    stored: (slice, row, column) stored values; their type decides signed or unsigned. positions_mm: along the normal,
    one per slice in the order of stored, 5 mm apart where None. edit: changes each slice's data set, last of all.
    """

    stored: NDArray[np.int16] | NDArray[np.uint16]
    positions_mm: Sequence[float] | None = None
    orientation: tuple[float, float, float, float, float, float] = AXIAL
    corner: tuple[float, float, float] = (-100.0, -120.0, 0.0)
    pixel_spacing_mm: tuple[float, float] = (0.75, 0.75)
    thickness_mm: float = 5.0
    bits_stored: int = 16
    slope: float = 1.0
    intercept: float = -1024.0
    padding: int | None = None
    photometric: str = "MONOCHROME2"
    is_implicit: bool = False
    series: int = 1
    description: str = "synthetic"
    edit: Callable[[Dataset, int], None] = field(default=lambda dataset, k: None)

    @property
    def normal(self) -> NDArray[np.float64]:
        """(3,) row direction x column direction."""
        return np.cross(self.orientation[:3], self.orientation[3:])

    def place(self, k: int) -> list[float]:
        """Patient position of a slice's first pixel, mm."""
        along = 5.0 * k if self.positions_mm is None else self.positions_mm[k]
        return [float(part) for part in np.add(self.corner, along * self.normal)]

    def sop_uid(self, k: int) -> str:
        """SOP Instance UID of a slice."""
        return f"{ROOT}.{self.series}.{k + 1}"


def random_stored(slices: int, rows: int = 8, columns: int = 6, seed: int = 0) -> NDArray[np.int16]:
    """(slices, rows, columns) signed stored values of a CT with an intercept of -1024."""
    return np.random.default_rng(seed).integers(0, 3000, (slices, rows, columns)).astype(np.int16)


def write_series(folder: Path, recipe: Recipe, names: Sequence[str] | None = None) -> list[Path]:
    """Write one file per slice and return their paths; names: by slice, "000.dcm" and so on where None."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for k in range(len(recipe.stored)):
        dataset = base_dataset(recipe, k)
        dataset.ImagePositionPatient = [_text(part) for part in recipe.place(k)]
        dataset.ImageOrientationPatient = [_text(part) for part in recipe.orientation]
        dataset.PixelSpacing = list(recipe.pixel_spacing_mm)
        dataset.SliceThickness = recipe.thickness_mm
        dataset.RescaleSlope, dataset.RescaleIntercept = _text(recipe.slope), _text(recipe.intercept)
        dataset.PixelData = recipe.stored[k].astype(recipe.stored.dtype.newbyteorder("<")).tobytes()
        recipe.edit(dataset, k)
        path = folder / (names[k] if names else f"{k:03d}.dcm")
        save(dataset, path, is_implicit=recipe.is_implicit)
        paths.append(path)
    return paths


def base_dataset(recipe: Recipe, k: int) -> Dataset:
    """Return all of a slice but its geometry and pixels."""
    dataset = Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, recipe.sop_uid(k)
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.StudyDate, dataset.Modality = "20200102", "CT"
    dataset.StudyDescription, dataset.SeriesDescription = "Chest", recipe.description
    dataset.PatientName, dataset.PatientID = "Phantom^Test", "PHANTOM"
    dataset.PatientBirthDate, dataset.PatientSex, dataset.PatientPosition = "19700101", "O", "HFS"
    dataset.ConvolutionKernel = "L"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = f"{ROOT}.0", f"{ROOT}.{recipe.series}"
    dataset.FrameOfReferenceUID = f"{ROOT}.9"
    dataset.SeriesNumber, dataset.InstanceNumber = recipe.series, k + 1
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, recipe.photometric
    dataset.Rows, dataset.Columns = recipe.stored.shape[1:]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, recipe.bits_stored, recipe.bits_stored - 1
    dataset.PixelRepresentation = int(recipe.stored.dtype.kind == "i")
    dataset.WindowCenter, dataset.WindowWidth = [-600, 40], [1500, 400]
    if recipe.padding is not None:
        dataset.add_new("PixelPaddingValue", "SS" if dataset.PixelRepresentation else "US", recipe.padding)
    return dataset


def write_multiframe(path: Path, recipe: Recipe) -> Path:
    """Write the series as one enhanced multi-frame file, geometry and rescale in functional groups."""
    dataset = base_dataset(recipe, 0)
    dataset.SOPClassUID = EnhancedCTImageStorage
    dataset.NumberOfFrames = len(recipe.stored)
    shared = Dataset()
    shared.PlaneOrientationSequence = Items([_item(ImageOrientationPatient=[_text(c) for c in recipe.orientation])])
    shared.PixelMeasuresSequence = Items(
        [_item(PixelSpacing=list(recipe.pixel_spacing_mm), SliceThickness=recipe.thickness_mm)]
    )
    shared.PixelValueTransformationSequence = Items(
        [_item(RescaleSlope=_text(recipe.slope), RescaleIntercept=_text(recipe.intercept), RescaleType="HU")]
    )
    dataset.SharedFunctionalGroupsSequence = Items([shared])
    frames = []
    for k in range(len(recipe.stored)):
        frame = Dataset()
        frame.PlanePositionSequence = Items([_item(ImagePositionPatient=[_text(part) for part in recipe.place(k)])])
        frame.FrameContentSequence = Items([_item(FrameAcquisitionNumber=1)])
        frames.append(frame)
    dataset.PerFrameFunctionalGroupsSequence = Items(frames)
    dataset.PixelData = recipe.stored.astype(recipe.stored.dtype.newbyteorder("<")).tobytes()
    recipe.edit(dataset, 0)
    save(dataset, path, is_implicit=recipe.is_implicit)
    return path


def save(dataset: Dataset, path: Path, *, is_implicit: bool = False) -> None:
    """Write a data set as a DICOM file with preamble and file meta information."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", CTImageStorage)
    dataset.file_meta.MediaStorageSOPInstanceUID = UID(dataset.get("SOPInstanceUID") or ROOT)
    dataset.save_as(path, enforce_file_format=True)


JPEG_XL = "1.2.840.10008.1.2.4.110"

_ENCODERS: dict[str, Callable[[NDArray[np.uint16]], bytes]] = {
    JPEGLosslessSV1: lambda plane: bytes(jpeg8_encode(plane, lossless=True)),
    HTJ2KLossless: lambda plane: bytes(htj2k_encode(plane, reversible=True)),
    JPEG_XL: lambda plane: bytes(jpegxl_encode(plane, lossless=True)),
}
"""Of syntaxes that pydicom has no encoder for."""


def compress(path: Path, syntax: str) -> None:
    """Encode a written file's pixels without loss in a compressed transfer syntax, the signed by their bits."""
    dataset = dcmread(path)
    if syntax not in _ENCODERS:
        # Named, because one that pydicom asks first, where it is installed, ends the whole program at small frames.
        plugin = "pydicom" if syntax == RLELossless else ""
        dataset.compress(syntax, encoding_plugin=plugin, generate_instance_uid=False)
        dataset.save_as(path)
        return
    planes = dataset.pixel_array.view(np.uint16).reshape(-1, dataset.Rows, dataset.Columns)
    write_encoded(dataset, path, syntax, [_ENCODERS[syntax](plane) for plane in planes])


def write_encoded(dataset: Dataset, path: Path, syntax: str, frames: Sequence[bytes]) -> None:
    """Write a file with frames that are encoded already; syntax: also one that pydicom does not know yet."""
    dataset.PixelData = encapsulate(list(frames))
    dataset["PixelData"].VR = "OB"
    stand_in = HTJ2KLossless
    dataset.file_meta.TransferSyntaxUID = stand_in
    dataset.save_as(path)
    assert len(syntax) <= len(stand_in)
    path.write_bytes(path.read_bytes().replace(stand_in.encode(), syntax.encode().ljust(len(stand_in), b"\0"), 1))


def _item(**values: object) -> Dataset:
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def _text(number: float) -> str:
    """Return a number in at most the 16 characters that a decimal string may have."""
    return f"{number:.9g}"
