"""Folder -> sorted int16 HU volume, uncompressed: warm, cold, the first slice, and the memory it takes.

The floor reads the pixels into fresh memory at offsets known beforehand, without sorting or rescaling. "first slice" is
the time until the middle slice is there in HU, everything scanned and sorted. Cold: the files are dropped from the page
cache before each call. Memory is the most that a process held that did nothing else, its libraries included.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np

from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.volume import Volume
from lungview.task import Cancelled, Task
from tests.bench.peers import Reader, Voxels, readers
from tests.bench.rows import LEVEL, OURS, Row, Scale, Times, UnableError, evict, race, row
from tests.bench.series import SIZE, write_plain

FLOOR = "floor"
_BAR = "at most 2 x the floor, ahead of every peer"
_SHARE_OF_PYDICOM = 0.2


def rows(scale: Scale, folder: Path) -> list[Row]:
    """Measure series of every length asked for."""
    found = []
    for slices in scale.slices:
        series = folder / f"{slices}-slices"
        write_plain(series, slices)
        methods = {**readers(), FLOOR: floor(series)}
        wrong = check(methods, series)
        methods = {name: method for name, method in methods.items() if name not in wrong}
        calls = {name: partial(method, series) for name, method in methods.items()}
        rounds = scale.rounds if slices <= 300 else scale.few
        for how, times in (
            ("warm", race(calls, rounds)),
            ("cold", race(calls, scale.few, before=partial(evict, series))),
        ):
            found.append(_row(f"{slices} slices, {how}", *times, wrong))
        found.append(_first_row(series, slices, rounds))
        if slices == max(scale.slices):
            found.append(_memory_row(series, slices, list(methods)))
    return found


def floor(folder: Path) -> Reader:
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


def check(methods: Mapping[str, Reader], folder: Path) -> dict[str, str]:
    """Name the methods that do not return pydicom's volume, with the reason; warms up all."""
    reference = methods["pydicom"](folder)
    wrong = {}
    for name, method in methods.items():
        if name in (FLOOR, "pydicom"):
            continue
        try:
            if not np.array_equal(method(folder), reference):
                wrong[name] = "returns another volume"
        except Exception as error:  # peers raise whatever they like
            wrong[name] = f"{type(error).__name__}: {' '.join(str(error).split())[:80]}"
    if OURS in wrong:
        raise UnableError(f"LungView's own volume is not as pydicom's: {wrong[OURS]}")
    return wrong


def is_ahead(ratios: Mapping[str, float], most: float = 1.0) -> bool:
    """Whether LungView is ahead of all but the floor, or level where most says so."""
    return all(ratio <= most for name, ratio in ratios.items() if name != FLOOR)


def _row(what: str, times: Times, cannot: Mapping[str, str], wrong: Mapping[str, str]) -> Row:
    def is_met(ratios: Mapping[str, float]) -> bool:
        return is_ahead(ratios) and ratios[FLOOR] <= 2.0

    return row("load", what, times, {**wrong, **cannot}, bar=_BAR, is_met=is_met)


def _first_row(series: Path, slices: int, rounds: int) -> Row:
    firsts: dict[str, Callable[[], object]] = {
        OURS: partial(_first_by_lungview, series),
        "pydicom": partial(_first_by_pydicom, series),
    }
    return row(
        "load",
        f"{slices} slices, first slice shown",
        *race(firsts, rounds),
        bar="a fifth of pydicom's time",
        is_met=lambda ratios: ratios["pydicom"] <= _SHARE_OF_PYDICOM,
    )


def _first_by_lungview(folder: Path) -> Voxels:
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


def _first_by_pydicom(folder: Path) -> Voxels:
    """Return the middle slice by pydicom: all headers, sorted, then one file's pixels."""
    import pydicom

    headers = [(path, pydicom.dcmread(path, stop_before_pixels=True)) for path in folder.iterdir()]
    headers.sort(key=lambda header: float(header[1].ImagePositionPatient[2]))
    dataset = pydicom.dcmread(headers[len(headers) // 2][0])
    return np.asarray(dataset.pixel_array.astype(np.int16) + np.int16(dataset.RescaleIntercept))


def _memory_row(series: Path, slices: int, names: list[str]) -> Row:
    """Peak memory of a process of its own for each method, MiB."""
    peaks = {name: _peak_mib(name, series) for name in names}
    ours = peaks.pop(OURS)
    ratios = {name: ours / theirs for name, theirs in peaks.items()}
    is_met = is_ahead(ratios, LEVEL)
    return Row(
        "load", f"{slices} slices, memory", "MiB", ours, 1, peaks, ratios, bar="no more than any peer's", is_met=is_met
    )


def _peak_mib(name: str, series: Path) -> float:
    command = [sys.executable, "-m", "tests.bench.load", name, str(series)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[-1])


def _print_peak(name: str, series: Path) -> None:
    """Read once, and say how much memory this process held at most."""
    methods: dict[str, Reader] = {**readers(), FLOOR: floor(series)}
    methods[name](series)
    status = Path("/proc/self/status")
    if not status.is_file():
        raise UnableError("this system does not say how much memory a process held")
    # Not ru_maxrss: a child begins with its parent's.
    print(next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM")))


if __name__ == "__main__":
    _print_peak(sys.argv[1], Path(sys.argv[2]))
