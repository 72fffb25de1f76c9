"""Pascal VOC XML in and out."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lungview.annotations.values import AnnotationFile, AnnotationIssue
from lungview.annotations.voc import MAX_BYTES, read_annotation, write_findings
from lungview.domain.box import Box
from lungview.domain.finding import Finding
from lungview.domain.study import FileSource
from lungview.errors import AnnotationError
from tests.support.annotations import voc_xml, write_voc

UID = "1.3.6.1.4.1.14519.5.2.1.6655.2359.155870813347987660555133803380"


def _read(text: str | bytes, name: str = f"{UID}.xml") -> AnnotationFile:
    return read_annotation(FileSource(Path("A0001") / name), text.encode() if isinstance(text, str) else text)


def _issues(file: AnnotationFile) -> list[AnnotationIssue]:
    return [note.issue for note in file.notes]


def test_the_datasets_file_gives_box_label_size_and_the_uid_of_its_name() -> None:
    file = _read(voc_xml([(290, 305, 338, 378)], width=512, height=400))
    assert [(finding.box, finding.label) for finding in file.findings] == [(Box(290, 305, 338, 378), "A")]
    assert file.uids == (UID,)
    assert file.size == (400, 512)
    assert not file.is_own
    assert file.notes == ()


def test_all_objects_of_a_slice_are_read() -> None:
    file = _read(voc_xml([(1, 2, 3, 4), (5, 6, 7, 8), (9, 10, 11, 12)]))
    assert [finding.box.xmin for finding in file.findings] == [1, 5, 9]


def test_an_empty_name_is_an_empty_label() -> None:
    assert _read(voc_xml([(1, 2, 3, 4)], name="")).findings[0].label == ""


def test_a_box_without_area_is_kept_and_told() -> None:
    file = _read(voc_xml([(215, 286, 215, 286)]))
    assert file.findings[0].box.area == 0
    assert _issues(file) == [AnnotationIssue.NO_AREA]
    assert "(215, 286) to (215, 286)" in file.notes[0].message


def test_corners_in_the_wrong_order_are_swapped_and_told() -> None:
    file = _read(voc_xml([(30, 40, 10, 20)]))
    assert file.findings[0].box == Box(10, 20, 30, 40)
    assert _issues(file) == [AnnotationIssue.INVERTED]


def test_fractions_and_negatives_are_kept() -> None:
    assert _read(voc_xml([(-3.5, "2,25", 1e2, "7.0")])).findings[0].box == Box(-3.5, 2.25, 100, 7)


@pytest.mark.parametrize("bad", ["", "left", "nan", "inf", "1e300", "1 2"])
def test_a_box_without_four_numbers_is_left_out_and_the_others_kept(bad: str) -> None:
    file = _read(voc_xml([(1, bad, 3, 4), (5, 6, 7, 8)]))
    assert [finding.box for finding in file.findings] == [Box(5, 6, 7, 8)]
    assert _issues(file) == [AnnotationIssue.BAD_COORDINATES]


def test_a_file_without_a_box_says_so() -> None:
    assert _issues(_read(voc_xml([]))) == [AnnotationIssue.NO_BOX]


@pytest.mark.parametrize(
    "size",
    [
        "<size><xmin>10</xmin><ymin>20</ymin><xmax>30</xmax><ymax>40</ymax></size>",
        "<size><width>512</width><bndbox><xmin>10</xmin><ymin>20</ymin><xmax>30</xmax><ymax>40</ymax></bndbox></size>",
        '<size xmin="10" ymin="20" xmax="30" ymax="40"/>',
        "<Size><x_min>10</x_min><y_min>20</y_min><x_max>30</x_max><y_max>40</y_max></Size>",
    ],
)
@pytest.mark.parametrize("link", ["<dicom_num>{}</dicom_num>", "<source><DicomNum>{}.dcm</DicomNum></source>"])
def test_the_studys_own_form_has_its_box_in_size_and_its_link_in_dicom_num(size: str, link: str) -> None:
    file = _read(f"<annotation>{link.format(UID)}<object><name>B</name></object>{size}</annotation>", "17.xml")
    assert [(finding.box, finding.label) for finding in file.findings] == [(Box(10, 20, 30, 40), "B")]
    assert file.uids == (UID,)


def test_a_namespace_changes_nothing() -> None:
    text = voc_xml([(1, 2, 3, 4)]).replace("<annotation ", '<annotation xmlns="http://example.org/voc" ')
    assert _read(text).findings[0].box == Box(1, 2, 3, 4)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<annotation><object>",
        b"\x00\x01\x02",
        b"<annotation>\xff</annotation>",
        b'<?xml version="1.0" encoding="klingon"?><annotation/>',
        b'<?xml version="1.0" encoding="big5"?><annotation/>',
        b"<html><body/></html>",
        b'<!DOCTYPE annotation [<!ENTITY a "aaaa">]><annotation>&a;</annotation>',
        b'<!DOCTYPE annotation [<!ENTITY a SYSTEM "file:///etc/passwd">]><annotation>&a;</annotation>',
        b" " * (MAX_BYTES + 1),
    ],
)
def test_a_file_that_is_no_annotation_is_refused_by_name_with_a_remedy(data: bytes) -> None:
    with pytest.raises(AnnotationError, match=r"^broken\.xml .*[;:] .*\.$"):
        _read(data, "broken.xml")


def _refusal(data: bytes) -> str | None:
    try:
        _read(data)
    except AnnotationError as error:
        return str(error)
    return None


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_in_a_sentence(data: bytes) -> None:
    refusal = _refusal(data)
    assert refusal is None or UID in refusal


def test_deep_nesting_is_harmless() -> None:
    depth = 50_000
    assert _issues(_read(b"<annotation>" + b"<a>" * depth + b"</a>" * depth + b"</annotation>")) == [
        AnnotationIssue.NO_BOX
    ]


numbers = st.one_of(st.integers(-50, 600), st.floats(-50, 600, allow_nan=False))
words = st.text(max_size=12).map(lambda text: " ".join(text.encode("utf-8", "ignore").decode().split())).filter(
    lambda text: all(ord(letter) >= 32 and letter not in "\ufffe\uffff\x7f" for letter in text)
)  # fmt: skip
findings = st.builds(
    lambda x, y, w, h, label, author, time, frame: Finding(UID, Box(x, y, x + w, y + h), label, author, time, frame),
    numbers, numbers, st.floats(0, 100), st.floats(0, 100), words, words, st.just("2026-11-24T10:00:00Z"),
    st.integers(0, 300),
)  # fmt: skip


@given(written=st.lists(findings, max_size=4))
def test_what_is_written_reads_back_the_same(written: list[Finding], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = write_findings(tmp_path_factory.mktemp("own"), UID, written, rows=400, columns=512)
    file = read_annotation(FileSource(path), path.read_bytes())
    assert [finding.box for finding in file.findings] == [finding.box for finding in written]
    assert [(f.label, f.author, f.time, f.frame) for f in file.findings] == [
        (f.label, f.author, f.time, f.frame) for f in written
    ]
    assert file.uids == (UID,)
    assert file.size == (400, 512)
    assert file.is_own


def test_control_characters_in_a_name_never_break_the_file(tmp_path: Path) -> None:
    path = write_findings(tmp_path, UID, [Finding(UID, Box(1, 2, 3, 4), "a\x00b\x08", "x\n y")], rows=9, columns=9)
    finding = read_annotation(FileSource(path), path.read_bytes()).findings[0]
    assert (finding.label, finding.author) == ("ab", "x y")


def test_own_files_can_be_written_again(tmp_path: Path) -> None:
    write_findings(tmp_path, UID, [Finding(UID, Box(1, 2, 3, 4))], rows=9, columns=9)
    path = write_findings(tmp_path, UID, [], rows=9, columns=9)
    assert read_annotation(FileSource(path), path.read_bytes()).findings == ()
    assert [each.name for each in tmp_path.iterdir()] == [f"{UID}.xml"]


@pytest.mark.parametrize("original", [UID, "1.2.3"])
def test_a_folder_with_originals_is_refused_and_left_as_it_was(tmp_path: Path, original: str) -> None:
    path = write_voc(tmp_path, original, (1, 2, 3, 4))
    before = path.read_bytes()
    with pytest.raises(AnnotationError, match="did not write"):
        write_findings(tmp_path, UID, [Finding(UID, Box(5, 6, 7, 8))], rows=9, columns=9)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_an_original_that_cannot_be_read_is_an_original_all_the_same(tmp_path: Path) -> None:
    (tmp_path / f"{UID}.xml").write_bytes(b"<annotation")
    with pytest.raises(AnnotationError, match="did not write"):
        write_findings(tmp_path, UID, [], rows=9, columns=9)


@pytest.mark.parametrize("uid", ["", "../1.2.3", "1.2.3/../../4.5", "1" * 65 + ".2", "a.b"])
def test_only_a_uid_becomes_a_file_name(tmp_path: Path, uid: str) -> None:
    with pytest.raises(AnnotationError, match="SOP Instance UID"):
        write_findings(tmp_path, uid, [], rows=9, columns=9)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_earlier_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_findings(tmp_path, UID, [Finding(UID, Box(1, 2, 3, 4))], rows=9, columns=9)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AnnotationError, match="No space left"):
        write_findings(tmp_path, UID, [], rows=9, columns=9)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
