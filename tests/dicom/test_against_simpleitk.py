"""Pixel values, order and geometry of all real data against SimpleITK; where the two differ, who is right and why."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.geometry_report import GeometryIssue
from lungview.domain.study import Instance, Stack, StackKind
from lungview.domain.volume import Volume
from lungview.errors import LungViewError
from lungview.task import Task
from tests.support.shared_data import HOSTILE, SERIES, shared

sitk: Any = pytest.importorskip("SimpleITK")  # has no types
sitk.ProcessObject.SetGlobalWarningDisplay(False)

FOLDERS = (*SERIES, *HOSTILE)

OTHER_VALUES = {
    "mlut_18.dcm": "It holds a Modality LUT Sequence (PS3.3 C.11.1), which SimpleITK leaves out.",
}
"""Files whose values differ, and why ours are right."""

NOT_READ = {
    "FreezePattern.dcm": "It is a dose report in colour that calls itself a CT image; SimpleITK knows no such file.",
    "zipMR.gz": "SimpleITK does not unpack gzip.",
    "emri_small_jpeg_2k_lossless_too_short.dcm": "It is cut after its last frame; all ten are whole.",
    "SC_rgb_jpeg.dcm": "SimpleITK takes three quarters of a minute for its 4 KB; the values are pydicom's.",
    "single position": "Slices of 0 mm distance, by their own word, which SimpleITK refuses.",
}
"""What SimpleITK does not read, and why we may."""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The chest CT that is kept in a zip file, which SimpleITK does not look into."""
    folder = tmp_path_factory.mktemp("chest")
    with zipfile.ZipFile(shared("ct-chest-cptac", "ct-chest-cptac.zip")) as archive:
        archive.extractall(folder)
    return folder


def folder_of(name: str, unpacked: Path) -> Path:
    return unpacked if name == "ct-chest-cptac" else shared(name)


def volumes(folder: Path) -> Iterator[tuple[Stack, Volume]]:
    """Every stack that opens; torture files one by one, since many are of one image."""
    is_torture = folder.name.startswith("torture")
    for path in sorted(folder.iterdir()) if is_torture else [folder]:
        for stack in scan(path, Task()).stacks:
            try:
                yield stack, load_volume(stack, Task())
            except LungViewError:
                assert is_torture


def image_of(path: Path) -> Any:
    """A file as SimpleITK reads it, None where it does not."""
    if path.name in NOT_READ:
        return None
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        return reader.Execute()
    except RuntimeError:
        return None


def plane_of(image: Any, instance: Instance, *, is_hu: bool) -> NDArray[np.float64]:
    """One plane of an image, what is outside the measured circle as air, as we show it."""
    array = np.asarray(sitk.GetArrayFromImage(image), dtype=np.float64)
    is_single = array.ndim == 2 or (array.ndim == 3 and instance.pixels.is_colour)
    plane = array if is_single else array[instance.frame]
    return np.where(plane <= -2000, -1024, plane) if is_hu else plane


@pytest.mark.slow
@pytest.mark.parametrize("name", FOLDERS)
def test_values_and_places_are_those_of_simpleitk(name: str, unpacked: Path) -> None:
    for stack, volume in volumes(folder_of(name, unpacked)):
        images: dict[Path, Any] = {}
        for k, instance in enumerate(stack.instances):
            path = instance.source.path
            if path not in images:
                images = {path: image_of(path)}
            if images[path] is None:
                assert path.name in NOT_READ or stack.kind is StackKind.SINGLE_POSITION, path.name
                continue
            check_values(stack, volume, k, images[path])
            check_place(stack, volume, k, images[path])


def check_values(stack: Stack, volume: Volume, k: int, image: Any) -> None:
    instance = stack.instances[k]
    expected = plane_of(image, instance, is_hu=stack.unit == "HU")
    if volume.voxels.dtype == np.int16:
        expected = np.clip(np.rint(expected), -32768, 32767)
    is_same = np.array_equal(volume.voxels[k], expected.astype(volume.voxels.dtype))
    assert is_same != (instance.source.name in OTHER_VALUES), instance.source.name


def check_place(stack: Stack, volume: Volume, k: int, image: Any) -> None:
    instance, geometry = stack.instances[k], volume.geometry
    if instance.pixel_spacing_mm is not None:
        np.testing.assert_allclose(image.GetSpacing()[1::-1], instance.pixel_spacing_mm, atol=1e-6)
    if instance.position is None or instance.frames > 1 or stack.kind is StackKind.UNPLACED:
        return
    np.testing.assert_allclose(image.GetOrigin(), geometry.origins[k], atol=1e-6)
    direction = np.reshape(image.GetDirection(), (3, 3))
    np.testing.assert_allclose(direction[:, 0], geometry.row_direction, atol=1e-4)
    np.testing.assert_allclose(direction[:, 1], geometry.column_direction, atol=1e-4)


def single_files(folder: Path) -> Iterator[tuple[Stack, list[str]]]:
    """Stacks of measured slices in files of their own, with the paths in our order."""
    for stack in scan(folder, Task()).stacks:
        if stack.kind is StackKind.VOLUME and stack.slice_count > 1 and stack.instances[0].frames == 1:
            yield stack, [str(instance.source.path) for instance in stack.instances]


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FOLDERS if not name.startswith("torture")])
def test_slices_are_in_the_order_of_simpleitk(name: str, unpacked: Path) -> None:
    for stack, paths in single_files(folder_of(name, unpacked)):
        folder = str(Path(paths[0]).parent)
        theirs = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(folder, stack.series_uid)
        if sorted(theirs) == sorted(paths):
            assert list(theirs) == paths
        else:
            # SimpleITK runs together what stands at the same places; ours are the acquisitions of the series (C.7.6.2).
            assert GeometryIssue.SPLIT_ACQUISITIONS in {note.issue for note in stack.report.notes} or len(theirs) == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in FOLDERS if not name.startswith("torture")])
def test_the_last_slice_lies_where_simpleitk_has_it_unless_the_gantry_was_tilted(name: str, unpacked: Path) -> None:
    for stack, paths in single_files(folder_of(name, unpacked)):
        issues = {note.issue for note in stack.report.notes}
        if issues & {GeometryIssue.MIXED_SPACING, GeometryIssue.GAP, GeometryIssue.DUPLICATE_POSITION}:
            continue  # SimpleITK spreads the slices evenly; ours keep their places
        reader = sitk.ImageSeriesReader()
        reader.SetFileNames(paths)
        theirs = reader.Execute().TransformIndexToPhysicalPoint((0, 0, len(paths) - 1))
        ours = load_volume(stack, Task()).geometry.to_patient(np.array([[len(paths) - 1.0, 0.0, 0.0]]))[0]
        filed = stack.instances[-1].position
        assert filed is not None
        np.testing.assert_allclose(ours, filed, atol=1e-6)
        distance = float(np.linalg.norm(np.subtract(theirs, filed)))
        if GeometryIssue.TILT in issues:
            # SimpleITK's volumes have right angles only: a tilted one is sheared away from where it was measured.
            assert distance > 1.0
        else:
            assert distance < 0.05
