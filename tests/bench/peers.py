"""Other libraries that read a folder of slices, each in the way its users do; those not installed are left out.

All get the same folder of shuffled names and no other knowledge, and must return the volume in HU, slices in order of
position.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.task import Task
from tests.bench.rows import OURS

Voxels = NDArray[np.int16]
Reader = Callable[[Path], Voxels]

MODULES = {"dicomsdl": "dicomsdl", "SimpleITK": "SimpleITK", "itk": "itk", "gdcm": "gdcm", "pydicom": "pydicom"}
"""Peers by name, with what each is imported as."""


def installed() -> list[str]:
    """Peers that are there, in the order of the table."""
    return [name for name, module in MODULES.items() if find_spec(module) is not None]


def absent() -> list[str]:
    """Peers that are not installed."""
    return [name for name in MODULES if name not in installed()]


def readers(*, with_threads: bool = False) -> dict[str, Reader]:
    """LungView and every peer installed, by name. with_threads: those that read slice by slice in all cores' too."""
    found: dict[str, Reader] = {OURS: by_lungview}
    for name in installed():
        if name in _BY_SLICE:
            found[name] = _BY_SLICE[name]()
            if with_threads:
                found[f"{name}, threads"] = _BY_SLICE[name](os.cpu_count() or 1)
        else:
            found[name] = {"SimpleITK": by_simpleitk, "itk": by_itk}[name]
    return found


def by_lungview(folder: Path) -> Voxels:
    """Return the volume by the program's own reader."""
    task = Task()
    voxels = load_volume(scan(folder, task).stacks[0], task).voxels
    assert voxels.dtype == np.int16
    return voxels.astype(np.int16, copy=False)


def by_simpleitk(folder: Path) -> Voxels:
    """Return the volume by SimpleITK's series reader, which sorts and rescales."""
    import SimpleITK

    sitk: Any = SimpleITK  # has no types
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return np.asarray(sitk.GetArrayFromImage(reader.Execute())).astype(np.int16, copy=False)


def by_itk(folder: Path) -> Voxels:
    """Return the volume by ITK's series reader, which sorts and rescales."""
    import itk

    itk.ProcessObject.SetGlobalWarningDisplay(False)
    names = itk.GDCMSeriesFileNames.New()
    names.SetUseSeriesDetails(False)
    names.SetDirectory(str(folder))
    files = names.GetFileNames(names.GetSeriesUIDs()[0])
    reader = itk.ImageSeriesReader[itk.Image[itk.SS, 3]].New(FileNames=files, ImageIO=itk.GDCMImageIO.New())
    reader.Update()
    return np.asarray(itk.array_from_image(reader.GetOutput()))


@dataclass(frozen=True, slots=True)
class BySlice:
    """A library that reads file by file. place: the opened file's z, mm; fill: its pixels as HU into a plane."""

    open: Callable[[str], Any]
    place: Callable[[Any], float]
    size: Callable[[Any], tuple[int, int]]
    fill: Callable[[Any, Voxels], None]
    threads: int = 1

    def __call__(self, folder: Path) -> Voxels:
        """Open all, sort, then fill plane by plane."""
        files = sorted((self.open(str(path)) for path in folder.iterdir()), key=self.place)
        volume = np.empty((len(files), *self.size(files[0])), np.int16)
        if self.threads == 1:
            for opened, plane in zip(files, volume, strict=True):
                self.fill(opened, plane)
            return volume
        with ThreadPoolExecutor(self.threads) as pool:
            list(pool.map(self.fill, files, volume))
        return volume


def _by_dicomsdl(threads: int = 1) -> Reader:
    import dicomsdl

    def fill(dataset: Any, plane: Voxels) -> None:
        is_signed = dataset.PixelRepresentation == 1
        dataset.copyFrameData(0, plane if is_signed else plane.view(np.uint16))
        plane += np.int16(dataset.RescaleIntercept)

    return BySlice(dicomsdl.open, _place, lambda dataset: (dataset.Rows, dataset.Columns), fill, threads)


def _by_pydicom(threads: int = 1) -> Reader:
    import pydicom

    def fill(dataset: Any, plane: Voxels) -> None:
        plane[:] = dataset.pixel_array
        plane += np.int16(dataset.RescaleIntercept)

    return BySlice(pydicom.dcmread, _place, lambda dataset: (dataset.Rows, dataset.Columns), fill, threads)


def _by_gdcm(threads: int = 1) -> Reader:
    import gdcm

    def read(path: str) -> Any:
        reader = gdcm.ImageReader()
        reader.SetFileName(path)
        if not reader.Read():
            raise ValueError("gdcm cannot read the file")
        return reader  # which owns the image

    def fill(reader: Any, plane: Voxels) -> None:
        image = reader.GetImage()
        stored = image.GetBuffer().encode("utf-8", "surrogateescape")
        plane[:] = np.frombuffer(stored, np.uint16).reshape(plane.shape).view(np.int16)
        plane += np.int16(image.GetIntercept())

    def size(reader: Any) -> tuple[int, int]:
        return reader.GetImage().GetRows(), reader.GetImage().GetColumns()

    return BySlice(read, lambda reader: float(reader.GetImage().GetOrigin(2)), size, fill, threads)


def _place(dataset: Any) -> float:
    return float(dataset.ImagePositionPatient[2])


_BY_SLICE: dict[str, Callable[..., Reader]] = {"dicomsdl": _by_dicomsdl, "gdcm": _by_gdcm, "pydicom": _by_pydicom}
