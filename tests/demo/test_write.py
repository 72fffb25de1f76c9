"""The demo patient as files."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from lungview.demo.phantom import build
from lungview.demo.readers import drawn_boxes
from lungview.demo.write import ANNOTATIONS, IMAGES, write_demo, write_patient
from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.study import StackKind
from lungview.domain.window import LUNG, Window
from lungview.errors import LungViewError
from lungview.reading.case import open_case
from lungview.task import Cancelled, Task
from tests.support.demo import demo_root, quick_phantom

NEVER_EMPTY = frozenset(
    {
        *("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"),
        *("Modality", "ImageType", "PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient"),
        *("SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns", "BitsAllocated", "BitsStored"),
        *("HighBit", "PixelRepresentation", "RescaleIntercept", "RescaleSlope", "PixelData"),
    }
)
MAY_BE_EMPTY = frozenset(
    {
        *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID"),
        *("AccessionNumber", "ReferringPhysicianName", "SeriesNumber", "InstanceNumber", "Manufacturer"),
        *("PositionReferenceIndicator", "PatientPosition", "KVP", "AcquisitionNumber", "SliceThickness"),
        "ContrastBolusAgent",
    }
)
"""Attributes of type 1 and of type 2 in the modules of a CT image (DICOM PS3.3 A.3.3)."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return demo_root(tmp_path_factory)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def data_sets(root: Path) -> list[Any]:
    return [pydicom.dcmread(path) for path in sorted(root.glob(f"{IMAGES}/Lung_Dx-D0001/*/*/1-*.dcm"))]


def test_the_files_read_back_with_the_same_hounsfield_units(root: Path) -> None:
    phantom = quick_phantom()
    slices = sorted(data_sets(root), key=lambda data: float(data.ImagePositionPatient[2]))
    read = np.stack(
        [data.pixel_array.astype(int) * int(data.RescaleSlope) + int(data.RescaleIntercept) for data in slices]
    )
    assert np.array_equal(read, phantom.voxels)


def test_the_scan_finds_one_volume_in_place_and_without_oddities(root: Path) -> None:
    found = scan(root, Task())
    assert found.problems == ()
    (stack,) = found.stacks
    assert stack.kind is StackKind.VOLUME
    assert stack.report.notes == ()
    assert stack.instances[0].windows == (LUNG, Window(40, 400))
    volume, phantom = load_volume(stack, Task()), quick_phantom()
    assert np.array_equal(volume.voxels, phantom.voxels)
    assert volume.geometry.origins == pytest.approx(phantom.geometry.origins)
    assert volume.geometry.pixel_spacing_mm == pytest.approx(phantom.geometry.pixel_spacing_mm)


def test_each_file_has_all_that_the_ct_image_object_demands(root: Path) -> None:
    for data in data_sets(root):
        assert all(data[name].value not in (None, "") for name in NEVER_EMPTY)
        assert all(name in data for name in MAY_BE_EMPTY)
        assert all(len(uid) <= 64 and uid.is_valid for uid in (data.SOPInstanceUID, data.StudyInstanceUID))


def test_instances_count_from_the_head_down_as_their_files_do(root: Path) -> None:
    heights = [float(data.ImagePositionPatient[2]) for data in data_sets(root)]
    assert heights == sorted(heights, reverse=True)
    assert [int(data.InstanceNumber) for data in data_sets(root)] == list(range(1, 25))


def test_readers_boxes_are_linked_to_their_slices(root: Path) -> None:
    case = open_case(root, Task())
    assert case.annotations.unmatched == ()
    (stack,) = case.scan.stacks
    drawn = drawn_boxes(quick_phantom())
    for k, instance in enumerate(stack.instances):
        found = case.annotations.findings.get(instance.sop_instance_uid, ())
        assert [finding.box for finding in found] == list(drawn.get(k, ()))
        assert all(finding.label == "A" for finding in found)


def test_a_reader_draws_near_the_lesion_but_not_on_the_pixel() -> None:
    phantom = quick_phantom()
    drawn = drawn_boxes(phantom)
    agreements = [
        max(box.iou(true) for true in (lesion.boxes[k] for lesion in phantom.lesions if k in lesion.boxes))
        for k, boxes in drawn.items()
        for box in boxes
    ]
    assert len(agreements) > 8
    assert min(agreements) > 0.3
    assert 0.55 < float(np.mean(agreements)) < 0.95


def test_the_same_demo_has_the_same_bytes_everywhere(root: Path, tmp_path: Path) -> None:
    assert files(write_demo(tmp_path / "again", phantom=quick_phantom())) == files(root)


def test_a_whole_demo_is_used_again(root: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    assert write_demo(copy, phantom=quick_phantom()) == copy
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before


@pytest.mark.parametrize("lost", ["marker", IMAGES, ANNOTATIONS])
def test_half_a_demo_is_made_whole(root: Path, tmp_path: Path, lost: str) -> None:
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    if lost == "marker":
        (copy / ".lungview-demo.xml").write_text("<lungview-demo/>\n")
        next(copy.rglob("*.dcm")).unlink()
    else:
        shutil.rmtree(copy / lost)
    write_demo(copy, phantom=quick_phantom())
    assert files(copy) == files(root)


def test_another_phantom_replaces_the_demo(root: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(root, tmp_path / "copy"))
    write_demo(copy, phantom=build(4, slices=5, size=64, spacing_mm=16.0))
    assert len(list(copy.rglob("*.dcm"))) == 5


def test_images_of_others_are_never_replaced(tmp_path: Path) -> None:
    theirs = tmp_path / "study" / IMAGES / "mine.dcm"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"precious")
    with pytest.raises(LungViewError, match="study already holds Lung-PET-CT-Dx"):
        write_demo(tmp_path / "study", phantom=quick_phantom())
    assert theirs.read_bytes() == b"precious"


def test_a_cancelled_demo_leaves_nothing_behind(tmp_path: Path) -> None:
    task = Task(lambda done, total: task.cancel())
    with pytest.raises(Cancelled):
        write_demo(tmp_path / "demo", task, quick_phantom())
    assert list((tmp_path / "demo").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(LungViewError, match="could not be written into demo"):
        write_demo(tmp_path / "file" / "demo", phantom=quick_phantom())


def test_patients_of_several_subtypes_stand_side_by_side(tmp_path: Path) -> None:
    for number, letter in enumerate("ABG", start=1):
        phantom = build(number, slices=8, size=64, spacing_mm=14.0)
        write_patient(tmp_path, f"{letter}000{number}", letter, phantom)
    case = open_case(tmp_path, Task())
    assert [patient.id for patient in case.scan.patients] == ["Lung_Dx-A0001", "Lung_Dx-B0002", "Lung_Dx-G0003"]
    labels = {finding.label for found in case.annotations.findings.values() for finding in found}
    assert labels == {"A", "B", "G"}
    uids = [instance.sop_instance_uid for stack in case.scan.stacks for instance in stack.instances]
    assert len(set(uids)) == len(uids) == 24


def test_the_same_seed_under_two_names_is_two_patients(tmp_path: Path) -> None:
    for patient_id in ("A0001", "A0002"):
        write_patient(tmp_path, patient_id, "A", quick_phantom())
    assert len(scan(tmp_path, Task()).patients) == 2
