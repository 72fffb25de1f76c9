"""Annotation files and their zip files that mean harm: each is told in a sentence, and the other boxes are kept."""

import io
import math
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings

from lungview.annotations.folders import find_annotation_folders
from lungview.annotations.link import load_annotations
from lungview.annotations.values import Annotations
from lungview.annotations.voc import MAX_BYTES, read_annotation
from lungview.dicom.scan import scan
from lungview.domain.study import FileSource, ScanResult
from lungview.errors import AnnotationError
from lungview.task import Task
from tests.support import hostile
from tests.support.dicom_series import Recipe, random_stored, write_series

BOX = b"<object><name>A</name><bndbox><xmin>1</xmin><ymin>1</ymin><xmax>4</xmax><ymax>5</ymax></bndbox></object>"


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> ScanResult:
    folder = tmp_path_factory.mktemp("slices")
    write_series(folder, Recipe(random_stored(2)))
    return scan(folder, Task())


def uids(found: ScanResult) -> tuple[str, str]:
    (stack,) = found.stacks
    one, other = (instance.sop_instance_uid for instance in stack.instances)
    return one, other


def link(folder: Path, found: ScanResult, content: bytes) -> Annotations:
    """Link a hostile file beside a sound one, and hold the result to its promises."""
    one, other = uids(found)
    (folder / f"{one}.xml").write_bytes(content)
    (folder / f"{other}.xml").write_bytes(b"<annotation>" + BOX + b"</annotation>")
    annotations, peak = hostile.peak_bytes(lambda: load_annotations([folder], found, Task()))
    assert peak < 128 << 20
    assert len(annotations.findings[other]) == 1
    for note in annotations.problems:
        assert note.message.endswith(".")
        assert len(note.message) < 1000
        assert str(folder) not in note.message
    for finding in annotations.findings.get(one, ()):
        assert all(map(math.isfinite, finding.box.as_tuple()))
    return annotations


LAUGHS = (
    b'<!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY a%d "%s">' % (k, (b"&a;" if k == 1 else b"&a%d;" % (k - 1)) * 10) for k in range(1, 10))
    + b"]><annotation>&a9;</annotation>"
)
ENTITIES = {
    "billion laughs": LAUGHS,
    "quadratic": b'<!DOCTYPE l [<!ENTITY a "'
    + b"x" * 60_000
    + b'">]><annotation>'
    + b"&a;" * 60_000
    + b"</annotation>",
    "a local file": b'<!DOCTYPE l [<!ENTITY a SYSTEM "file:///etc/passwd">]><annotation>&a;</annotation>',
    "the network": b'<!DOCTYPE l SYSTEM "http://192.0.2.1/l.dtd"><annotation>' + BOX + b"</annotation>",
    "a parameter": b'<!DOCTYPE l [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><annotation/>',
}


@pytest.mark.parametrize("kind", ENTITIES)
def test_entities_are_neither_expanded_nor_fetched(tmp_path: Path, slices: ScanResult, kind: str) -> None:
    annotations = link(tmp_path, slices, ENTITIES[kind])
    assert "root:" not in repr(annotations)
    if kind != "the network":
        (note,) = annotations.problems
        assert "harmful" in note.message


def test_a_file_too_large_is_not_parsed(tmp_path: Path, slices: ScanResult) -> None:
    (note,) = link(tmp_path, slices, b"<annotation>" + b" " * (8 * MAX_BYTES) + b"</annotation>").problems
    assert "larger than 1 MB" in note.message


@pytest.mark.parametrize(
    "content",
    [
        b"<annotation>" + b"<a>" * 50_000 + b"</a>" * 50_000 + b"</annotation>",
        b"<annotation>" + b"<a>" * 100_000,
        b"<annotation " + b" ".join(f'a{k}="1"'.encode() for k in range(50_000)) + b"/>",
        b"<annotation>" + b"<object/>" * 5_000 + b"</annotation>",
        b"<" + b"a" * 900_000,
        b"<annotation><!--" + b"-" * 900_000,
        b"\xff\xfe" + b"\0" * 1000, b"\0" * 1000, b"", b"<?xml version='1.0' encoding='nonsense'?><annotation/>",
        b"<?xml version='1.0' encoding='utf-7'?><annotation/>", b"<?xml version='1.0' encoding='zlib'?><annotation/>",
    ],
)  # fmt: skip
def test_odd_documents_are_told_and_the_other_boxes_kept(tmp_path: Path, slices: ScanResult, content: bytes) -> None:
    link(tmp_path, slices, content)


@pytest.mark.parametrize(
    "content",
    [
        b'<?xml version="1.0" encoding="ut' + b"1e400" * 2000 + b'"?><annotation/>',
        b"<" + b"annotation" * 1000 + b"/>",
    ],
)
def test_a_name_as_long_as_a_file_does_not_fill_the_sentence(content: bytes) -> None:
    with pytest.raises(AnnotationError) as told:
        read_annotation(FileSource(Path("long.xml")), content)
    assert "long.xml" in str(told.value)
    assert len(str(told.value)) < 250


def test_thousands_of_boxes_are_read(tmp_path: Path, slices: ScanResult) -> None:
    boxes = 2000
    annotations = link(tmp_path, slices, b"<annotation>" + BOX * boxes + b"</annotation>")
    assert annotations.box_count == 2  # all the same


@pytest.mark.parametrize(
    "number",
    ["nan", "NaN", "inf", "-inf", "1e400", "1e308", "-5", "999999999999", "", "0x10", "1_0", "\u0663", "1,5,6"],
)
def test_corners_that_are_no_pixels_leave_their_box_out(tmp_path: Path, slices: ScanResult, number: str) -> None:
    hostile_box = BOX.replace(b"<xmax>4<", f"<xmax>{number}<".encode())
    annotations = link(tmp_path, slices, b"<annotation>" + hostile_box + BOX + b"</annotation>")
    assert any(each.box.xmax == 4 for each in annotations.findings[uids(slices)[0]])


@settings(max_examples=60, deadline=None)
@given(hostile.annotation_files())
def test_whatever_an_annotation_says_is_read_or_told(content: bytes) -> None:
    try:
        file = read_annotation(FileSource(Path("1.2.3.xml")), content)
    except AnnotationError as error:
        told = str(error)
    else:
        assert all(math.isfinite(corner) for finding in file.findings for corner in finding.box.as_tuple())
        assert all(note.message.endswith(".") for note in file.notes)
        return
    assert told.startswith("1.2.3.xml")


def _zip(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def test_a_bomb_in_a_zip_of_annotations_is_read_no_further_than_an_annotation(
    tmp_path: Path, slices: ScanResult
) -> None:
    one, other = uids(slices)
    store = tmp_path / "annotations.zip"
    store.write_bytes(
        _zip((f"{one}.xml", bytes(60 << 20)), (f"../../{other}.xml", b"<annotation>" + BOX + b"</annotation>"))
    )
    annotations, peak = hostile.peak_bytes(lambda: load_annotations([store], slices, Task()))
    assert peak < 32 << 20
    (note,) = annotations.problems
    assert "larger than 1 MB" in note.message
    assert annotations.box_count == 1
    assert [path.name for path in tmp_path.iterdir()] == ["annotations.zip"]


def test_a_zip_of_a_million_names_is_refused(
    tmp_path: Path, slices: ScanResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lungview import zips

    monkeypatch.setattr(zips, "MAX_DIRECTORY", 10_000)
    store = tmp_path / "annotations.zip"
    store.write_bytes(_zip(*((f"{k}.xml", b"") for k in range(1000))))
    (note,) = load_annotations([store], slices, Task()).problems
    assert note.message.endswith(".")
    assert find_annotation_folders(tmp_path) == ()
