"""Every slice of every real series against pydicom, bit for bit; and the hostile files."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_rescale
from pydicom.pixels.utils import pixel_array

from lungview.dicom.geometry import volume_geometry
from lungview.dicom.load import load_volume
from lungview.dicom.pydicom_quiet import quiet
from lungview.dicom.scan import scan
from lungview.domain.arrays import HuArray
from lungview.domain.study import Instance, ProblemKind, Stack
from lungview.domain.volume import Volume
from lungview.errors import LungViewError
from lungview.task import Task
from tests.support.shared_data import HOSTILE, SERIES, shared


def by_pydicom(instance: Instance, data: bytes) -> NDArray[np.generic]:
    """One plane as pydicom decodes it, before any rule of ours."""
    from io import BytesIO

    dataset = pydicom.dcmread(BytesIO(data), force=True)
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = pydicom.uid.ImplicitVRLittleEndian
    plane = pixel_array(dataset, index=instance.frame)
    if instance.pixels.photometric.startswith("PALETTE"):
        return apply_color_lut(plane, dataset)
    if instance.pixels.has_modality_lut:
        return apply_modality_lut(plane, dataset)
    return plane


def expected_values(instance: Instance, plane: NDArray[np.generic], stack: Stack) -> NDArray[np.generic]:
    """The plane rescaled by pydicom, with our rules for padding, rounding and colour depth."""
    pixels = instance.pixels
    if pixels.is_colour:
        bits = plane.dtype.itemsize * 8
        return (plane.astype(np.int64) >> (bits - 8)).astype(np.uint8)
    dataset = pydicom.Dataset()
    dataset.RescaleSlope, dataset.RescaleIntercept = pixels.slope, pixels.intercept
    stored = plane.astype(np.float64)
    if stack.unit != "HU" and pixels.photometric == "MONOCHROME1":
        stored = (1 << pixels.bits_stored) - 1 - stored
    values = np.asarray(apply_rescale(stored, dataset), dtype=np.float64)
    if stack.unit == "HU":
        first, last = pixels.padding or (1, 0)
        filed = plane.astype(np.float64)
        values[((filed >= first) & (filed <= last)) | (values <= -2000)] = -1024
    return values


def planes(stack: Stack) -> Iterator[tuple[int, NDArray[np.generic]]]:
    from lungview.dicom.sources import SourceReader

    with SourceReader() as sources, quiet():
        for k, instance in enumerate(stack.instances):
            plane = by_pydicom(instance, sources.whole(instance.source))
            yield k, expected_values(instance, plane, stack)


@pytest.mark.parametrize("name", SERIES)
def test_every_slice_equals_pydicom_bit_for_bit(name: str) -> None:
    compared = 0
    for stack in scan(shared(name), Task()).stacks:
        volume = load_volume(stack, Task())
        assert volume.unreadable == ()
        for k, expected in planes(stack):
            if volume.voxels.dtype == np.int16:
                expected = np.clip(np.rint(expected), -32768, 32767)
            np.testing.assert_array_equal(volume.voxels[k], expected.astype(volume.voxels.dtype))
            compared += 1
    assert compared > 0


def hostile_files() -> list[Path]:
    root = Path(__file__).resolve().parents[3] / "shared" / "data"
    return sorted(path for name in HOSTILE for path in (root / name).glob("*") if path.suffix != ".md")


def load_or_refusal(stack: Stack) -> tuple[Volume | None, str]:
    try:
        return load_volume(stack, Task()), ""
    except LungViewError as error:
        return None, str(error)


@pytest.mark.parametrize("path", hostile_files() or [Path("absent")], ids=lambda path: path.name)
def test_a_hostile_file_alone_is_read_or_refused_with_a_sentence(path: Path) -> None:
    result = scan(shared(path.parent.name, path.name), Task())
    assert len(result.stacks) + len(result.problems) == 1
    for problem in result.problems:
        assert problem.message.startswith(path.name)
        assert problem.message.endswith(".")
    for stack in result.stacks:
        volume_geometry(stack)
        volume, refusal = load_or_refusal(stack)
        if volume is None:
            assert refusal.startswith(path.name)
            continue
        with quiet():
            try:
                reference = dict(planes(stack))
            except Exception:  # pydicom cannot decode it: GDCM did
                continue
        for k, expected in reference.items():
            if volume.voxels.dtype == np.int16:
                expected = np.clip(np.rint(expected), -32768, 32767)
            np.testing.assert_array_equal(volume.voxels[k], expected.astype(volume.voxels.dtype))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_folder_of_hostile_files_is_scanned_whole(name: str) -> None:
    result = scan(shared(name), Task())
    files = sum(1 for path in shared(name).iterdir() if path.is_file())
    named = {problem.source for problem in result.problems}
    used = {instance.source for stack in result.stacks for instance in stack.instances}
    assert len(named) + len(used) == files
    assert not named & used


REFUSED = {
    "2026-05-26-oob-monochrome-65535.dcm": ProblemKind.BROKEN,
    "MR_truncated.dcm": ProblemKind.BROKEN,
    "GH487.dcm": ProblemKind.BROKEN,
    "2017-06-27-XSSInjection.dcm": ProblemKind.BROKEN,
    "no_meta.dcm": ProblemKind.NOT_DICOM,
    "rtdose.dcm": ProblemKind.NOT_AN_IMAGE,
    "rtstruct.dcm": ProblemKind.NOT_AN_IMAGE,
    "rtplan_truncated.dcm": ProblemKind.NOT_AN_IMAGE,
    "ExplVR_BigEndNoMeta.dcm": ProblemKind.NOT_AN_IMAGE,
    "test-SR.dcm": ProblemKind.NOT_AN_IMAGE,
    "Issue168.dcm": ProblemKind.NOT_AN_IMAGE,
    "Issue137.dcm": ProblemKind.NOT_AN_IMAGE,
    "waveform_ecg.dcm": ProblemKind.NOT_AN_IMAGE,
    "priv_SQ.dcm": ProblemKind.NOT_AN_IMAGE,
}


@pytest.mark.parametrize("name", REFUSED)
def test_known_refusals_are_of_the_right_kind(name: str) -> None:
    (problem,) = scan(shared("torture-structure", name), Task()).problems
    assert problem.kind is REFUSED[name]


UIDS = "1.2.840.10008.1.2"
LOSSLESS = ("", ".1", ".2", ".1.99", ".5", ".4.57", ".4.70", ".4.80", ".4.90", ".4.201.MADE_HERE")
LOSSY = {".4.81": 1, ".4.91": 5, ".4.51": 36, ".4.50": 64, ".4.53": 36, ".4.55": 36}
"""Largest difference in HU inside the measured circle."""


def one_slice(ending: str) -> HuArray:
    """The slice of the set that is kept in one transfer syntax, as the program reads it."""
    (path,) = shared("torture-transfer-syntax").glob(f"*_{UIDS}{ending}.dcm")
    (stack,) = scan(path, Task()).stacks
    voxels = load_volume(stack, Task()).voxels
    assert voxels.dtype == np.int16
    slice_of_hu: HuArray = voxels[0].astype(np.int16)
    return slice_of_hu


@pytest.mark.parametrize("ending", LOSSLESS)
def test_one_slice_is_the_same_in_every_lossless_encoding(ending: str) -> None:
    np.testing.assert_array_equal(one_slice(ending), one_slice(".1"))


@pytest.mark.parametrize("ending", LOSSY)
def test_lossy_encodings_stay_near_the_slice(ending: str) -> None:
    plain = one_slice(".1").astype(int)
    measured = plain > -1024
    difference = np.abs(one_slice(ending).astype(int) - plain)[measured]
    assert difference.max() <= LOSSY[ending]
