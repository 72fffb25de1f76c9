"""A whole dataset looked through: every header read, slices grouped into series and put in order.

20,000 files of 50 patients, four series each, with the headers a scanner writes and pixels of 32 x 32.
"""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lungview.dicom.scan import scan
from lungview.task import Task
from tests.bench.peers import installed
from tests.bench.rows import OURS, Row, Scale, UnableError, race, row
from tests.bench.series import add_usual_elements
from tests.support.dicom_series import Recipe, write_series

_SLICES = 100
_SERIES_A_PATIENT = 4
_POSITION, _SERIES_UID = (0x0020, 0x0032), (0x0020, 0x000E)

Counted = dict[str, int]
"""Slices by Series Instance UID."""


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Measure one dataset."""
    dataset = folder / "dataset"
    series = write_dataset(dataset, scale.files)
    methods = {OURS: by_lungview, **{name: peer for name, peer in _PEERS.items() if name in installed()}}
    calls = {name: partial(_checked, method, dataset, series) for name, method in methods.items()}
    few = folder / "few"
    write_dataset(few, _SLICES)
    race({name: partial(method, few) for name, method in methods.items()}, 1)  # imports what is imported late
    times, cannot = race(calls, scale.few)
    shutil.rmtree(dataset)
    what = f"{scale.files:,} files, {series} series"
    return [row("dataset", what, times, cannot)]


def write_dataset(folder: Path, files: int) -> int:
    """Write the files and return how many series they are: one series is made, the others patched from it."""
    count = max(1, files // _SLICES)
    stored = np.random.default_rng(0).integers(0, 1300, (_SLICES, 32, 32)).astype(np.int16)
    places = write_series(folder / "first", Recipe(stored, [1.0 * k for k in range(_SLICES)], edit=_mark))
    templates = [path.read_bytes() for path in places]
    shutil.rmtree(folder / "first")
    for number in range(count):
        patient = number // _SERIES_A_PATIENT
        target = folder / f"patient-{patient:04d}" / f"series-{number % _SERIES_A_PATIENT}"
        target.mkdir(parents=True)
        mark, name = f"{10_000 + number}".encode(), f"P{10_000 + patient}".encode()
        for k, template in enumerate(templates):
            (target / f"{k:04d}").write_bytes(template.replace(b"77777", mark).replace(b"PHANTOM", name + b" "))
    return count


def by_lungview(folder: Path) -> Counted:
    """Scan by the program's own scan, which also checks geometry and looks for duplicates."""
    return {stack.series_uid: stack.slice_count for stack in scan(folder, Task()).stacks}


def _by_pydicom(folder: Path) -> Counted:
    import pydicom

    headers = (pydicom.dcmread(path, stop_before_pixels=True) for path in _files(folder))
    return _sorted((str(one.SeriesInstanceUID), float(one.ImagePositionPatient[2])) for one in headers)


def _by_dicomsdl(folder: Path) -> Counted:
    import dicomsdl

    headers = (dicomsdl.open(str(path)) for path in _files(folder))
    return _sorted((str(one.SeriesInstanceUID), float(one.ImagePositionPatient[2])) for one in headers)


def _by_gdcm(folder: Path) -> Counted:
    import gdcm

    scanner, uid, position = gdcm.Scanner(), gdcm.Tag(*_SERIES_UID), gdcm.Tag(*_POSITION)
    for tag in (uid, position):
        scanner.AddTag(tag)
    paths = [str(path) for path in _files(folder)]
    if not scanner.Scan(paths):
        raise UnableError("gdcm's scanner gave up")
    values = ((scanner.GetValue(path, uid), scanner.GetValue(path, position)) for path in paths)
    return _sorted((uid, float(position.split("\\")[2])) for uid, position in values)


def _by_simpleitk(folder: Path) -> Counted:
    import SimpleITK

    sitk: Any = SimpleITK  # has no types
    reader, found = sitk.ImageSeriesReader, {}
    for place in _leaves(folder):
        for uid in reader.GetGDCMSeriesIDs(place):
            found[uid] = len(reader.GetGDCMSeriesFileNames(place, uid))
    return found


def _by_itk(folder: Path) -> Counted:
    import itk

    found = {}
    for place in _leaves(folder):
        names = itk.GDCMSeriesFileNames.New()
        names.SetUseSeriesDetails(False)
        names.SetDirectory(place)
        for uid in names.GetSeriesUIDs():
            found[uid] = len(names.GetFileNames(uid))
    return found


_PEERS: dict[str, Callable[[Path], Counted]] = {
    "dicomsdl": _by_dicomsdl,
    "SimpleITK": _by_simpleitk,
    "itk": _by_itk,
    "gdcm": _by_gdcm,
    "pydicom": _by_pydicom,
}


def _checked(method: Callable[[Path], Counted], folder: Path, series: int) -> Counted:
    found = method(folder)
    if len(found) != series or set(found.values()) != {_SLICES}:
        raise UnableError(f"finds {len(found)} series of {series}")
    return found


def _sorted(slices: Iterable[tuple[str, float]]) -> Counted:
    places: dict[str, list[float]] = defaultdict(list)
    for uid, place in slices:
        places[uid].append(place)
    for of_series in places.values():
        of_series.sort()
    return {uid: len(of_series) for uid, of_series in places.items()}


def _files(folder: Path) -> Iterable[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _leaves(folder: Path) -> list[str]:
    return [str(path) for path in folder.glob("*/*")]


def _mark(dataset: Any, k: int) -> None:
    """Put in what each series has its own of."""
    add_usual_elements(dataset, k)
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
        setattr(dataset, keyword, f"1.2.826.0.1.3680043.8.498.77777.{keyword.startswith('S') + 1}")
    dataset.SeriesInstanceUID = "1.2.826.0.1.3680043.8.498.77777.3"
    dataset.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.77777.3.{k + 1}"
