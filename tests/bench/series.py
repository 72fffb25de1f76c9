"""Folders of slices to read: synthetic ones of any length, and real ones in every compressed transfer syntax."""

import random
from functools import cache
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from tests.bench.rows import UnableError
from tests.support.annotations import write_voc
from tests.support.dicom_series import Recipe, write_series

SIZE = 512
SYNTAXES = {
    "JPEG lossless": JPEGLosslessSV1,
    "JPEG-LS": JPEGLSLossless,
    "JPEG 2000": JPEG2000Lossless,
    "HTJ2K": HTJ2KLossless,
    "RLE": RLELossless,
    "deflated": DeflatedExplicitVRLittleEndian,
}
PATIENTS = 3
_TILE = 25
_REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "ct-chest-cptac" / "ct-chest-cptac.zip"


def write_plain(folder: Path, slices: int) -> None:
    """Write uncompressed 12 bit slices of noise in air and tissue, named in random order."""
    names = _shuffled(slices)
    tile = _noise()
    for start in range(0, slices, _TILE):
        stored = np.roll(tile[: min(_TILE, slices - start)], 7 * start, axis=2)
        places = range(start, start + len(stored))

        def number(dataset: Dataset, k: int, start: int = start) -> None:
            add_usual_elements(dataset, start + k)

        positions = [5.0 * k for k in places]
        write_series(folder, Recipe(stored, positions, bits_stored=12, edit=number), [names[k] for k in places])


def write_compressed(folder: Path, syntax: str, slices: int) -> None:
    """Write real chest slices, named in random order, without loss in a transfer syntax."""
    if not _REAL.is_file():
        raise UnableError("the real series is not at hand in ../shared/data")
    folder.mkdir(parents=True)
    for name, dataset in zip(_shuffled(slices), _real(slices), strict=True):
        encode(dataset, syntax)
        dataset.save_as(folder / name, enforce_file_format=True)


def write_patients(folder: Path, slices: int, size: int) -> list[tuple[Path, Path]]:
    """Write DICOM slices of some patients with a reader's box on each, to learn from; return (file, XML) each."""
    rng, each, found = np.random.default_rng(0), slices // PATIENTS, []
    for number in range(PATIENTS):
        patient = f"Lung_Dx-A{number + 1:04d}"

        def of_patient(dataset: Dataset, k: int, patient: str = patient, number: int = number) -> None:
            dataset.PatientID = patient
            dataset.StudyInstanceUID = f"{dataset.StudyInstanceUID}.{number}"

        stored = rng.integers(0, 1300, (each, size, size), dtype=np.int16)
        recipe = Recipe(stored, pixel_spacing_mm=(384 / size, 384 / size), series=number + 1, edit=of_patient)
        paths = write_series(folder / "images" / patient, recipe)
        for k, path in enumerate(paths):
            left, top = (int(side) for side in rng.integers(size // 5, size // 2, 2))
            corners = (left, top, left + size // 10, top + size // 12)
            found.append((path, write_voc(folder / "Annotation" / patient, recipe.sop_uid(k), corners)))
    return found


def encode(dataset: Dataset, syntax: str) -> None:
    """Encode a data set's pixels without loss."""
    if syntax == DeflatedExplicitVRLittleEndian:
        dataset.file_meta.TransferSyntaxUID = UID(syntax)
        return
    if syntax not in (JPEGLosslessSV1, HTJ2KLossless):
        dataset.compress(UID(syntax), generate_instance_uid=False)
        return
    stored = dataset.pixel_array.view(np.uint16)  # pydicom has no encoder for these
    coded = (
        imagecodecs.htj2k_encode(stored, reversible=True)
        if syntax == HTJ2KLossless
        else imagecodecs.jpeg8_encode(stored, lossless=True)
    )
    dataset.PixelData = encapsulate([bytes(coded)])
    dataset["PixelData"].VR = "OB"
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = UID(syntax)


def _real(slices: int) -> list[Dataset]:
    """The slices in the middle of the chest."""
    every = _sorted_files()
    start = max(0, (len(every) - slices) // 2)
    return [dcmread(BytesIO(data)) for data in every[start : start + slices]]


@cache
def _sorted_files() -> tuple[bytes, ...]:
    with ZipFile(_REAL) as archive:
        every = [archive.read(name) for name in archive.namelist() if name.endswith(".dcm")]
    return tuple(sorted(every, key=_height))


def _height(data: bytes) -> float:
    return float(dcmread(BytesIO(data), stop_before_pixels=True).ImagePositionPatient[2])


def _shuffled(slices: int) -> list[str]:
    names = [f"{k:05d}.dcm" for k in range(slices)]
    random.Random(2).shuffle(names)
    return names


def _noise() -> NDArray[np.uint16]:
    """(_TILE, SIZE, SIZE) stored values of a round body."""
    down, across = np.ogrid[:SIZE, :SIZE]
    radius = np.hypot(down - SIZE / 2, across - SIZE / 2)
    values = np.where(radius < 200, 1064, 24) + np.random.default_rng(1).normal(0, 12, (_TILE, SIZE, SIZE))
    return np.clip(values, 0, 4095).astype(np.uint16)


def add_usual_elements(dataset: Dataset, k: int) -> None:
    """Number the slice, and fill the header up to about the hundred elements that a scanner writes."""
    dataset.SOPInstanceUID, dataset.InstanceNumber = f"{dataset.SeriesInstanceUID}.{k + 1}", k + 1
    dataset.Manufacturer, dataset.InstitutionName, dataset.StationName = "Maker", "Clinic", "CT1"
    dataset.SliceLocation, dataset.KVP, dataset.Exposure = 5.0 * k, 120, 100
    dataset.AcquisitionNumber, dataset.AcquisitionTime, dataset.ContentTime = 1, f"10{k % 60:02d}00", "101112"
    block = dataset.private_block(0x0043, "BENCH PRIVATE", create=True)
    for element in range(0x10, 0x4A):
        block.add_new(element, "LO", f"value {element}")
