"""Measure folder -> sorted int16 HU volume, beside the disk floor, dicomsdl, pydicom and SimpleITK in one run.

    python tests/bench/load.py [--slices 300] [--rounds 7] [--style philips|ge] [--json]

Every method gets the same folder of uncompressed 512 x 512 slices with shuffled names and no other knowledge, and must
return the same volume; rounds are interleaved so that a slow moment of the machine hits all alike. The floor reads the
pixels into fresh memory at offsets known beforehand, without sorting or rescaling. "first slice" is the time until the
middle slice is there in HU, everything scanned and sorted.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import dicomsdl
import pydicom
import SimpleITK

from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.volume import Volume
from lungview.task import Cancelled, Task
from tests.support.dicom_series import Recipe, write_series

Voxels = NDArray[np.int16]
SIZE = 512


def main() -> int:
    """Write the series, measure, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--style", choices=("philips", "ge"), default="philips", help="12 bit unsigned, or padded int16"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lungview-bench-") as name:
        folder = Path(name)
        _write(folder, options.slices, options.style)
        report = _measure(folder, options.rounds)
    report = {"slices": options.slices, "style": options.style, **report}
    print(json.dumps(report, indent=2) if options.json else _table(report))
    return 0


def _write(folder: Path, slices: int, style: str) -> None:
    """Write slices of noise in air and tissue, named in random order."""
    rng = np.random.default_rng(1)
    down, across = np.ogrid[:SIZE, :SIZE]
    radius = np.hypot(down - SIZE / 2, across - SIZE / 2)
    base = np.where(radius < 200, 1064, 24) + rng.normal(0, 12, (slices, SIZE, SIZE))
    is_ge = style == "ge"
    stored: NDArray[np.int16] | NDArray[np.uint16]
    if is_ge:
        stored = np.where(radius > 250, -2000, np.clip(base, 0, 4095)).astype(np.int16)
    else:
        stored = np.clip(base, 0, 4095).astype(np.uint16)
    names = [f"{k:04d}.dcm" for k in range(slices)]
    random.Random(2).shuffle(names)
    write_series(
        folder,
        Recipe(stored, bits_stored=16 if is_ge else 12, padding=-2000 if is_ge else None, edit=_add_usual_elements),
        names,
    )


def _add_usual_elements(dataset: pydicom.Dataset, k: int) -> None:
    """Fill the header up to about the hundred elements that a scanner writes."""
    dataset.Manufacturer, dataset.InstitutionName, dataset.StationName = "Maker", "Clinic", "CT1"
    dataset.SliceLocation, dataset.KVP, dataset.Exposure = 5.0 * k, 120, 100
    dataset.AcquisitionNumber, dataset.AcquisitionTime, dataset.ContentTime = 1, f"10{k % 60:02d}00", "101112"
    block = dataset.private_block(0x0043, "BENCH PRIVATE", create=True)
    for element in range(0x10, 0x4A):
        block.add_new(element, "LO", f"value {element}")


def by_lungview(folder: Path) -> Voxels:
    """Return the volume by the program's own reader."""
    task = Task()
    voxels = load_volume(scan(folder, task).stacks[0], task).voxels
    assert voxels.dtype == np.int16
    return voxels.astype(np.int16, copy=False)


def by_dicomsdl(folder: Path) -> Voxels:
    """Return the volume by dicomsdl, headers and pixels in one opening of each file."""
    planes = []
    for path in folder.iterdir():
        dataset = dicomsdl.open(str(path))
        planes.append((float(dataset.ImagePositionPatient[2]), dataset))
    planes.sort(key=lambda plane: plane[0])
    volume = np.empty((len(planes), SIZE, SIZE), np.int16)
    for k, (_, dataset) in enumerate(planes):
        is_signed = dataset.PixelRepresentation == 1
        dataset.copyFrameData(0, volume[k] if is_signed else volume[k].view(np.uint16))
        volume[k] += np.int16(dataset.RescaleIntercept)
    return volume


def by_pydicom(folder: Path) -> Voxels:
    """Return the volume by pydicom, each file parsed once."""
    datasets = [pydicom.dcmread(path) for path in folder.iterdir()]
    datasets.sort(key=lambda dataset: float(dataset.ImagePositionPatient[2]))
    volume = np.empty((len(datasets), SIZE, SIZE), np.int16)
    for k, dataset in enumerate(datasets):
        volume[k] = dataset.pixel_array
        volume[k] += np.int16(dataset.RescaleIntercept)
    return volume


def by_simpleitk(folder: Path) -> Voxels:
    """Return the volume by SimpleITK's series reader, which sorts and rescales."""
    sitk: Any = SimpleITK  # has no types
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return np.asarray(sitk.GetArrayFromImage(reader.Execute())).astype(np.int16, copy=False)


def first_by_lungview(folder: Path) -> Voxels:
    """Return the middle slice by the program's own reader, and read no other."""
    task = Task()
    shown: list[Voxels] = []

    def stop(volume: Volume, k: int) -> None:
        shown.append(volume.voxels[k].astype(np.int16, copy=False))
        task.cancel()

    stack = scan(folder, task).stacks[0]
    with suppress(Cancelled):
        load_volume(stack, task, on_slice=stop)
    return shown[0]


def first_by_pydicom(folder: Path) -> Voxels:
    """Return the middle slice by pydicom: all headers, sorted, then one file's pixels."""
    headers = [(path, pydicom.dcmread(path, stop_before_pixels=True)) for path in folder.iterdir()]
    headers.sort(key=lambda header: float(header[1].ImagePositionPatient[2]))
    dataset = pydicom.dcmread(headers[len(headers) // 2][0])
    return np.asarray(dataset.pixel_array.astype(np.int16) + np.int16(dataset.RescaleIntercept))


def _floor(folder: Path) -> Callable[[Path], Voxels]:
    """Return what reads the pixels at known offsets into fresh memory, and nothing else."""
    places = [(path, os.path.getsize(path) - SIZE * SIZE * 2) for path in folder.iterdir()]  # noqa: PTH202

    def read(_: Path) -> Voxels:
        volume = np.empty((len(places), SIZE, SIZE), np.int16)
        for k, (path, offset) in enumerate(places):
            with open(path, "rb", buffering=0) as stream:  # noqa: PTH123
                stream.seek(offset)
                stream.readinto(volume[k].reshape(-1).view(np.uint8).data)
        return volume

    return read


def _measure(folder: Path, rounds: int) -> dict[str, Any]:
    methods: dict[str, Callable[[Path], Voxels]] = {
        "floor": _floor(folder),
        "lungview": by_lungview,
        "dicomsdl": by_dicomsdl,
        "pydicom": by_pydicom,
        "SimpleITK": by_simpleitk,
    }
    firsts: dict[str, Callable[[Path], Voxels]] = {"lungview": first_by_lungview, "pydicom": first_by_pydicom}
    _check(folder, methods)
    times: dict[str, list[float]] = {name: [] for name in methods}
    first_times: dict[str, list[float]] = {name: [] for name in firsts}
    for _ in range(rounds):
        for name, method in methods.items():
            times[name].append(_time(method, folder))
        for name, method in firsts.items():
            first_times[name].append(_time(method, folder))
    medians = {name: statistics.median(one) for name, one in times.items()}
    first_medians = {name: statistics.median(one) for name, one in first_times.items()}
    return {
        "rounds": rounds,
        "volume_ms": {name: round(ms, 1) for name, ms in medians.items()},
        "best_ms": {name: round(min(one), 1) for name, one in times.items()},
        "ratio_to_floor": {name: round(ms / medians["floor"], 2) for name, ms in medians.items()},
        "first_slice_ms": {name: round(ms, 1) for name, ms in first_medians.items()},
        "first_slice_share_of_pydicom": round(first_medians["lungview"] / first_medians["pydicom"], 3),
        "targets": {
            "at_most_2.5_x_floor": medians["lungview"] <= 2.5 * medians["floor"],
            "not_slower_than_dicomsdl": medians["lungview"] <= medians["dicomsdl"],
            "first_slice_under_a_fifth_of_pydicom": first_medians["lungview"] < first_medians["pydicom"] / 5,
        },
    }


def _check(folder: Path, methods: dict[str, Callable[[Path], Voxels]]) -> None:
    """Stop unless all methods return the same volume (padding apart, which only LungView turns to air); warms up."""
    reference = np.maximum(by_pydicom(folder), -1024)
    for name, method in methods.items():
        if name != "floor" and not np.array_equal(np.maximum(method(folder), -1024), reference):
            raise SystemExit(f"{name} returns another volume")


def _time(method: Callable[[Path], Voxels], folder: Path) -> float:
    """Milliseconds that one call takes, freeing its volume left out."""
    started = time.perf_counter()
    volume = method(folder)
    elapsed = time.perf_counter() - started
    del volume
    return 1000 * elapsed


def _table(report: dict[str, Any]) -> str:
    first = report["first_slice_ms"]
    lines = [f"{report['slices']} slices, {report['style']} style, {report['rounds']} rounds, warm cache", ""]
    lines.append(f"{'':12}{'median ms':>12}{'best ms':>10}{'x floor':>10}{'first slice ms':>17}")
    for name, ms in report["volume_ms"].items():
        best, ratio = report["best_ms"][name], report["ratio_to_floor"][name]
        lines.append(f"{name:12}{ms:12.1f}{best:10.1f}{ratio:10.2f}{first.get(name, ''):>17}")
    lines.append("")
    lines += [f"{'yes' if met else 'NO ':4}{name.replace('_', ' ')}" for name, met in report["targets"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
