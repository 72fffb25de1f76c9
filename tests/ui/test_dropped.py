"""Telling what was dropped."""

from pathlib import Path

from lungview.ui.dropped import is_annotation_folder, sort_dropped


def filled(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x", encoding="utf-8")
    return folder


def test_a_folder_of_xml_is_taken_for_annotations(tmp_path: Path) -> None:
    assert is_annotation_folder(filled(tmp_path / "xml", "A0001/1.xml", "A0001/2.xml", ".DS_Store"))


def test_a_folder_with_anything_else_is_taken_for_images(tmp_path: Path) -> None:
    assert not is_annotation_folder(filled(tmp_path / "mixed", "1.xml", "1-01.dcm"))
    assert not is_annotation_folder(filled(tmp_path / "empty"))


def test_images_annotations_and_weights_dropped_together_are_told_apart(tmp_path: Path) -> None:
    xml, weights = filled(tmp_path / "xml", "1.xml"), filled(tmp_path, "own.safetensors") / "own.safetensors"
    dropped = sort_dropped([xml, tmp_path / "study.zip", weights])
    assert (dropped.images, dropped.annotations, dropped.weights) == ((tmp_path / "study.zip",), xml, weights)


def test_a_single_xml_file_means_its_folder(tmp_path: Path) -> None:
    assert sort_dropped([tmp_path / "1.2.3.xml"]).annotations == tmp_path
