"""Opening a path: scan, find and link together."""

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from lungview.annotations.values import AnnotationIssue
from lungview.annotations.voc import write_findings
from lungview.domain.box import Box
from lungview.domain.finding import Finding
from lungview.errors import DicomError
from lungview.reading.case import Case, open_case, own_boxes_folder
from lungview.task import Cancelled, Task
from tests.support.annotations import voc_xml, write_voc
from tests.support.dicom_series import Recipe, random_stored, write_series
from tests.support.shared_data import shared

RECIPE = Recipe(random_stored(4, 64, 64))


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUNGVIEW_HOME", str(tmp_path / "home"))


def _dataset(root: Path) -> Path:
    """A patient in the collection's layout, its third slice boxed."""
    write_series(root / "Lung-PET-CT-Dx" / "Lung_Dx-A0001" / "study" / "series", RECIPE)
    write_voc(root / "Annotation" / "A0001", RECIPE.sop_uid(2), (1, 2, 3, 4))
    return root


def _open(path: Path, annotations: Path | None = None) -> Case:
    return open_case(path, Task(), annotations)


def test_a_patients_folder_opens_with_its_boxes_on_their_slices(tmp_path: Path) -> None:
    case = _open(_dataset(tmp_path) / "Lung-PET-CT-Dx" / "Lung_Dx-A0001")
    (stack,) = case.scan.stacks
    assert {index: finding.box for index, (finding,) in case.findings_by_slice(stack).items()} == {2: Box(1, 2, 3, 4)}
    assert case.has_reader_boxes(stack)
    assert case.summary_problem() == ""


def test_a_named_folder_is_used_instead_of_the_one_found(tmp_path: Path) -> None:
    root = _dataset(tmp_path)
    write_voc(root / "second reading" / "A0001", RECIPE.sop_uid(1), (5, 6, 7, 8))
    case = _open(root / "Lung-PET-CT-Dx", root / "second reading")
    assert list(case.findings_by_slice(case.scan.stacks[0])) == [1]


def test_boxes_under_another_patients_name_are_found_by_their_uids(tmp_path: Path) -> None:
    root = _dataset(tmp_path)
    write_voc(root / "Annotation" / "X", RECIPE.sop_uid(1), (5, 6, 7, 8))
    (root / "Annotation" / "A0001" / f"{RECIPE.sop_uid(2)}.xml").unlink()
    write_voc(root / "Annotation" / "A0001", "9.9.9", (5, 6, 7, 8))
    case = _open(root / "Lung-PET-CT-Dx" / "Lung_Dx-A0001")
    assert list(case.annotations.findings) == [RECIPE.sop_uid(1)]
    assert [source.name for source in case.annotations.unmatched] == ["9.9.9.xml"]


def test_one_zip_file_may_hold_both_images_and_boxes(tmp_path: Path) -> None:
    root = _dataset(tmp_path / "unzipped")
    archive = tmp_path / "patient.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        for path in root.rglob("*"):
            writer.write(path, path.relative_to(root))
    shutil.rmtree(root)
    assert len(_open(archive).annotations.linked) == 1


def test_the_readers_own_boxes_come_back(tmp_path: Path) -> None:
    root = _dataset(tmp_path)
    own = Finding(RECIPE.sop_uid(0), Box(1, 1, 4, 4), "A", "Reader", "2026-11-24T10:00:00Z")
    write_findings(own_boxes_folder(), own.sop_instance_uid, [own], rows=64, columns=64)
    case = _open(root / "Lung-PET-CT-Dx")
    assert case.findings_by_slice(case.scan.stacks[0])[0] == (replace(own, is_own=True),)
    assert case.annotations.problems == ()


def test_a_broken_annotation_costs_only_itself(tmp_path: Path) -> None:
    root = _dataset(tmp_path)
    (root / "Annotation" / "A0001" / f"{RECIPE.sop_uid(1)}.xml").write_text(voc_xml([(1, 2, 3, 4)])[:-20])
    case = _open(root / "Lung-PET-CT-Dx")
    assert len(case.annotations.linked) == 1
    assert [note.issue for note in case.annotations.problems] == [AnnotationIssue.UNREADABLE]


def test_an_annotation_folder_that_is_not_there_is_told_and_the_images_open(tmp_path: Path) -> None:
    case = _open(_dataset(tmp_path) / "Lung-PET-CT-Dx", tmp_path / "nowhere")
    assert len(case.scan.stacks) == 1
    assert "nowhere" in case.annotations.problems[0].message


def test_an_empty_folder_says_what_to_open(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert _open(tmp_path / "empty").summary_problem() == (
        "empty is empty; open a folder, DICOMDIR or zip file with CT slices."
    )


def test_a_folder_of_texts_says_that_it_holds_no_dicom(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    for name in ("a.txt", "b.txt"):
        (tmp_path / "texts" / name).write_text("words " * 100)
    assert "texts holds no DICOM files, only 2 of other kinds" in _open(tmp_path / "texts").summary_problem()


def test_a_path_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DicomError, match="gone"):
        _open(tmp_path / "gone")


def test_opening_can_be_stopped(tmp_path: Path) -> None:
    task = Task()
    task.cancel()
    with pytest.raises(Cancelled):
        open_case(_dataset(tmp_path), task)


def test_all_twenty_boxes_of_the_real_patient_link_to_both_series() -> None:
    case = _open(shared("lung-pet-ct-dx-boxed", "Lung-PET-CT-Dx"))
    assert len(case.annotations.linked) == 20
    assert sorted(len(case.findings_by_slice(stack)) for stack in case.scan.stacks) == [9, 11]
    assert case.annotations.unmatched == ()
    assert case.annotations.problems == ()
    assert case.annotations.unboxed_count == 55
    labels = {finding.label for findings in case.annotations.findings.values() for finding in findings}
    assert labels == {"A"}


def test_real_series_without_boxes_have_none() -> None:
    case = _open(shared("lung-pet-ct-dx-slicelabels"))
    assert case.annotations.linked == ()
    assert not any(case.has_reader_boxes(stack) for stack in case.scan.stacks)
