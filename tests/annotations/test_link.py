"""Linking annotation files to a scan's images."""

import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from lungview.annotations.link import load_annotations
from lungview.annotations.values import AnnotationIssue, Annotations
from lungview.annotations.voc import write_findings
from lungview.domain.box import Box
from lungview.domain.finding import Finding
from lungview.domain.study import ScanResult, Stack, StackKind
from lungview.task import Cancelled, Task
from tests.support.annotations import voc_xml, write_voc
from tests.support.volumes import make_scan, make_stack, uid


def _link(folder: Path, scan: ScanResult | None = None, own: Path | None = None) -> Annotations:
    return load_annotations([folder], scan or make_scan(make_stack()), Task(), own)


def _issues(annotations: Annotations) -> list[AnnotationIssue]:
    return [note.issue for note in annotations.problems]


def _with_frames(stack: Stack, frames: int) -> Stack:
    instance = replace(stack.instances[0], frames=frames)
    return replace(stack, instances=tuple(replace(instance, frame=frame) for frame in range(frames)))


def test_boxes_go_to_the_slice_whose_uid_names_the_file(tmp_path: Path) -> None:
    write_voc(tmp_path / "A0001", uid(2), (1, 2, 3, 4), (5, 6, 7, 8))
    annotations = _link(tmp_path)
    assert list(annotations.findings) == [uid(2)]
    assert [finding.box for finding in annotations.findings[uid(2)]] == [Box(1, 2, 3, 4), Box(5, 6, 7, 8)]
    assert {finding.sop_instance_uid for finding in annotations.findings[uid(2)]} == {uid(2)}
    assert annotations.problems == ()


def test_files_and_images_without_partner_are_listed_by_name(tmp_path: Path) -> None:
    write_voc(tmp_path, uid(0), (1, 2, 3, 4))
    write_voc(tmp_path, "9.9.9", (1, 2, 3, 4))
    annotations = _link(tmp_path)
    assert [source.name for source in annotations.linked] == [f"{uid(0)}.xml"]
    assert [source.name for source in annotations.unmatched] == ["9.9.9.xml"]
    assert annotations.unboxed == {"stack": ("001.dcm", "002.dcm", "003.dcm", "004.dcm")}
    assert annotations.unboxed_count == 4


def test_a_file_that_names_no_image_says_how_to_name_it(tmp_path: Path) -> None:
    (tmp_path / "tumour.xml").write_text(voc_xml([(1, 2, 3, 4)]))
    annotations = _link(tmp_path)
    assert _issues(annotations) == [AnnotationIssue.NO_LINK]
    assert "tumour.xml" in annotations.problems[0].message


def test_the_studys_dicom_num_links_whatever_the_file_is_called(tmp_path: Path) -> None:
    text = f"<annotation><dicom_num>{uid(3)}</dicom_num><size xmin='1' ymin='2' xmax='3' ymax='4'/></annotation>"
    (tmp_path / "scan 3.xml").write_text(text)
    assert list(_link(tmp_path).findings) == [uid(3)]


def test_a_file_that_does_not_parse_is_told_and_the_rest_linked(tmp_path: Path) -> None:
    write_voc(tmp_path, uid(0), (1, 2, 3, 4))
    (tmp_path / f"{uid(1)}.xml").write_text("<annotation><object>")
    annotations = _link(tmp_path)
    assert list(annotations.findings) == [uid(0)]
    assert _issues(annotations) == [AnnotationIssue.UNREADABLE]
    assert uid(1) in annotations.problems[0].message
    assert str(tmp_path) not in annotations.problems[0].message


def test_a_file_without_the_right_to_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_voc(tmp_path, uid(0), (1, 2, 3, 4))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    annotations = _link(tmp_path)
    assert _issues(annotations) == [AnnotationIssue.UNREADABLE]
    assert "Permission denied" in annotations.problems[0].message


def test_the_same_boxes_in_two_places_count_once(tmp_path: Path) -> None:
    write_voc(tmp_path / "A0001", uid(0), (1, 2, 3, 4))
    write_voc(tmp_path / "A0002", uid(0), (1, 2, 3, 4))
    annotations = _link(tmp_path)
    assert len(annotations.findings[uid(0)]) == 1
    assert _issues(annotations) == [AnnotationIssue.SAME_TWICE]


def test_of_two_differing_files_the_newest_is_used_and_both_places_are_told(tmp_path: Path) -> None:
    newest = write_voc(tmp_path / "A0001", uid(0), (1, 2, 3, 4))
    older = write_voc(tmp_path / "A0002", uid(0), (5, 6, 7, 8))
    os.utime(older, (1_000_000, 1_000_000))
    annotations = _link(tmp_path)
    assert [finding.box for finding in annotations.findings[uid(0)]] == [Box(1, 2, 3, 4)]
    assert [source.path for source in annotations.linked] == [newest]
    assert _issues(annotations) == [AnnotationIssue.DIFFERENT_TWICE]
    assert "A0001" in annotations.problems[0].message
    assert "A0002" in annotations.problems[0].message


def test_one_folder_named_twice_is_read_once(tmp_path: Path) -> None:
    write_voc(tmp_path, uid(0), (1, 2, 3, 4))
    annotations = load_annotations([tmp_path, tmp_path], make_scan(make_stack()), Task())
    assert len(annotations.linked) == 1
    assert annotations.problems == ()


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((70, 70, 80, 80), [AnnotationIssue.OUTSIDE]),
        ((-9, -9, -1, -1), [AnnotationIssue.OUTSIDE]),
        ((60, 60, 70, 70), [AnnotationIssue.PARTLY_OUTSIDE]),
        ((0, 0, 64, 64), []),
    ],
)
def test_a_box_beyond_the_image_is_kept_and_told(
    tmp_path: Path, box: tuple[int, int, int, int], expected: list[AnnotationIssue]
) -> None:
    write_voc(tmp_path, uid(0), box)
    annotations = _link(tmp_path)
    assert annotations.findings[uid(0)][0].box == Box(*box)
    assert _issues(annotations) == expected


def test_a_file_for_another_size_is_told(tmp_path: Path) -> None:
    (tmp_path / f"{uid(0)}.xml").write_text(voc_xml([(1, 2, 3, 4)], width=512, height=512))
    annotations = _link(tmp_path)
    assert _issues(annotations) == [AnnotationIssue.SIZE_DIFFERS]
    assert "512 x 512" in annotations.problems[0].message


def test_boxes_on_secondary_captures_are_linked_and_marked(tmp_path: Path) -> None:
    write_voc(tmp_path, uid(0), (1, 2, 3, 4))
    annotations = _link(tmp_path, make_scan(make_stack(samples=3, kind=StackKind.CAPTURE)))
    assert annotations.captures == {uid(0)}
    assert uid(0) in annotations.findings
    assert _issues(annotations) == [AnnotationIssue.ON_CAPTURE]


def test_a_multi_frame_image_says_which_frame_is_assumed(tmp_path: Path) -> None:
    write_voc(tmp_path, uid(0), (1, 2, 3, 4))
    annotations = _link(tmp_path, make_scan(_with_frames(make_stack(), 3)))
    assert _issues(annotations) == [AnnotationIssue.FRAME_UNKNOWN]


def test_own_boxes_stand_beside_the_originals_without_those_of_other_patients(tmp_path: Path) -> None:
    write_voc(tmp_path / "Annotation", uid(0), (1, 2, 3, 4))
    own = tmp_path / "own"
    for name in (uid(0), "9.9.9"):
        findings = [Finding(name, Box(5, 6, 7, 8), "", "Reader", "2026-11-24T10:00:00Z")]
        write_findings(own, name, findings, rows=64, columns=64)
    annotations = _link(tmp_path / "Annotation", own=own)
    assert [finding.author for finding in annotations.findings[uid(0)]] == ["", "Reader"]
    assert annotations.unmatched == ()
    assert annotations.problems == ()


def test_a_box_that_both_hold_counts_once(tmp_path: Path) -> None:
    write_voc(tmp_path / "Annotation", uid(0), (1, 2, 3, 4))
    write_findings(tmp_path / "own", uid(0), [Finding(uid(0), Box(1, 2, 3, 4), "A")], rows=64, columns=64)
    assert len(_link(tmp_path / "Annotation", own=tmp_path / "own").findings[uid(0)]) == 1


def test_xml_inside_a_zip_file_is_linked(tmp_path: Path) -> None:
    path = tmp_path / "annotations.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"Annotation/A0001/{uid(1)}.xml", voc_xml([(1, 2, 3, 4)]))
        archive.writestr("__MACOSX/._x.xml", b"\x00")
        archive.writestr("Annotation/bomb.xml", b" " * (64 << 20))
    annotations = _link(path)
    assert list(annotations.findings) == [uid(1)]
    assert [note.source.name for note in annotations.problems] == ["bomb.xml"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    annotations = _link(tmp_path / "missing")
    assert _issues(annotations) == [AnnotationIssue.UNREADABLE]
    assert "missing" in annotations.problems[0].message


def test_a_zip_file_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "annotations.zip").write_bytes(b"no zip")
    assert _issues(_link(tmp_path / "annotations.zip")) == [AnnotationIssue.UNREADABLE]


def test_reading_reports_progress_and_can_be_stopped(tmp_path: Path) -> None:
    for index in range(3):
        write_voc(tmp_path, uid(index), (1, 2, 3, 4))
    steps: list[tuple[int, int]] = []
    task = Task(lambda done, total: steps.append((done, total)))
    load_annotations([tmp_path], make_scan(make_stack()), task)
    assert steps[0] == (0, 3)
    task.cancel()
    with pytest.raises(Cancelled):
        load_annotations([tmp_path], make_scan(make_stack()), task)
