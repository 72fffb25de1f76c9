"""Finding the XML from the DICOM tree."""

import zipfile
from pathlib import Path

import pytest

from lungview.annotations import folders
from lungview.annotations.folders import find_annotation_folders
from tests.support.annotations import voc_xml, write_voc
from tests.support.shared_data import shared

PATIENT = Path("Lung-PET-CT-Dx", "Lung_Dx-A0001")
SERIES = PATIENT / "04-04-2007-NA-Chest-07990" / "2.000000-5mm-40805"


def _dataset(root: Path, annotation: str = "Annotation") -> Path:
    """The collection's two downloads beside each other, two patients each."""
    (root / SERIES).mkdir(parents=True)
    (root / SERIES / "1-01.dcm").write_bytes(b"")
    (root / "Lung-PET-CT-Dx" / "Lung_Dx-A0002" / "study").mkdir(parents=True)
    write_voc(root / annotation / "A0001", "1.2.1", (1, 2, 3, 4))
    write_voc(root / annotation / "A0002", "1.2.2", (1, 2, 3, 4))
    write_voc(root / annotation / "A0003", "1.2.3", (1, 2, 3, 4))
    return root


@pytest.mark.parametrize("opened", [PATIENT, PATIENT / "04-04-2007-NA-Chest-07990", SERIES, SERIES / "1-01.dcm"])
@pytest.mark.parametrize(
    "name", ["Annotation", "annotations", "ANNOTATIONS", "Lung-PET-CT-Dx-Annotations-XML-Files-rev12222020"]
)
def test_a_patient_is_found_from_its_folder_study_series_or_file(tmp_path: Path, opened: Path, name: str) -> None:
    root = _dataset(tmp_path, name)
    assert find_annotation_folders(root / opened) == (root / name / "A0001",)


def test_the_whole_collection_gets_its_patients_folders(tmp_path: Path) -> None:
    root = _dataset(tmp_path)
    expected = (root / "Annotation" / "A0001", root / "Annotation" / "A0002")
    assert find_annotation_folders(root / "Lung-PET-CT-Dx") == expected
    assert find_annotation_folders(root) == expected


def test_patients_ids_name_the_folders_where_the_tree_does_not(tmp_path: Path) -> None:
    root = _dataset(tmp_path)
    (root / "export").mkdir()
    assert find_annotation_folders(root / "export", ["Lung_Dx-A0003"]) == (root / "Annotation" / "A0003",)


def test_without_a_matching_name_the_whole_folder_is_searched(tmp_path: Path) -> None:
    root = _dataset(tmp_path)
    (root / "export").mkdir()
    assert find_annotation_folders(root / "export") == (root / "Annotation",)


def test_one_patients_number_is_not_the_end_of_anothers(tmp_path: Path) -> None:
    write_voc(tmp_path / "Annotation" / "0001", "1.2.1", (1, 2, 3, 4))
    write_voc(tmp_path / "Annotation" / "A10001", "1.2.2", (1, 2, 3, 4))
    (tmp_path / "dicom" / "Lung_Dx-A0001").mkdir(parents=True)
    assert find_annotation_folders(tmp_path / "dicom" / "Lung_Dx-A0001") == (tmp_path / "Annotation",)


def test_xml_inside_the_tree_is_found(tmp_path: Path) -> None:
    write_voc(tmp_path / "patient" / "series", "1.2.1", (1, 2, 3, 4))
    assert find_annotation_folders(tmp_path / "patient") == (tmp_path / "patient" / "series",)


def test_an_annotation_folder_without_xml_is_none(tmp_path: Path) -> None:
    (tmp_path / "annotation-tools").mkdir()
    (tmp_path / "dicom").mkdir()
    assert find_annotation_folders(tmp_path / "dicom") == ()


@pytest.mark.parametrize("name", ["on annotating", "test_an_annotation_of_something0", "Annotated", "results"])
def test_a_folder_named_for_something_else_is_none(tmp_path: Path, name: str) -> None:
    write_voc(tmp_path / name, "1.2.1", (1, 2, 3, 4))
    (tmp_path / "dicom").mkdir()
    assert find_annotation_folders(tmp_path / "dicom") == ()


def test_a_folder_too_far_up_is_not_searched(tmp_path: Path) -> None:
    write_voc(tmp_path / "Annotation", "1.2.1", (1, 2, 3, 4))
    near = tmp_path / "a" / "b" / "c" / "d"
    (near / "e").mkdir(parents=True)
    assert find_annotation_folders(near) == (tmp_path / "Annotation",)
    assert find_annotation_folders(near / "e") == ()


def test_zip_files_count_as_folders(tmp_path: Path) -> None:
    (tmp_path / "dicom").mkdir()
    for name in ("annotations.zip", "patient.zip"):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            archive.writestr("Annotation/A0001/1.2.1.xml", voc_xml([(1, 2, 3, 4)]))
    assert find_annotation_folders(tmp_path / "dicom") == (tmp_path / "annotations.zip",)
    assert find_annotation_folders(tmp_path / "patient.zip")[0] == tmp_path / "patient.zip"


def test_the_search_ends_within_its_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        (tmp_path / f"{number:02d}" / "below").mkdir(parents=True)
    write_voc(tmp_path / "29" / "below", "1.2.1", (1, 2, 3, 4))
    assert find_annotation_folders(tmp_path) == (tmp_path / "29" / "below",)
    monkeypatch.setattr(folders, "MAX_ENTRIES", 20)
    assert find_annotation_folders(tmp_path) == ()


def test_a_link_that_leads_round_ends_the_search(tmp_path: Path) -> None:
    write_voc(tmp_path / "series", "1.2.1", (1, 2, 3, 4))
    (tmp_path / "series" / "loop").symlink_to(tmp_path, target_is_directory=True)
    assert find_annotation_folders(tmp_path) == (tmp_path / "series",)


def test_the_real_patient_finds_its_annotations_from_every_level() -> None:
    root = shared("lung-pet-ct-dx-boxed").resolve()
    expected = (root / "Annotation" / "A0001",)
    series = next((root / "Lung-PET-CT-Dx").glob("*/*/*"))
    for opened in (root, root / "Lung-PET-CT-Dx", series.parent.parent, series.parent, series):
        assert find_annotation_folders(opened) == expected
