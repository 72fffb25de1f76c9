"""The reader's own boxes as files, and which cases count as reviewed."""

from dataclasses import replace
from pathlib import Path

import pytest

from lungview.annotations.voc import read_annotation
from lungview.domain.box import Box
from lungview.domain.study import FileSource
from lungview.errors import AnnotationError
from lungview.marks.mark import Mark, Place
from lungview.marks.record import CaseRecord
from lungview.marks.store import RecordStore
from lungview.reading.own_boxes import case_key, imported, own_cases, reviewed_cases, suggest_next, write_boxes
from tests.support.annotations import write_voc
from tests.support.volumes import make_scan, make_stack, uid

MARK = Mark("one", Place(uid(1)), Box(4, 5, 20, 25), "lesion", "B", "Ann Reader", "2026-01-02T03:04:05+00:00")
SIZES = {uid(index): (64, 48) for index in range(5)}


def test_each_image_gets_a_file_with_the_readers_name_and_time(tmp_path: Path) -> None:
    write_boxes(tmp_path, {}, {"one": MARK}, SIZES)
    (path,) = tmp_path.glob("*.xml")
    read = read_annotation(FileSource(path), path.read_bytes())
    assert (path.stem, read.is_own, read.size) == (uid(1), True, (64, 48))
    (finding,) = read.findings
    assert (finding.box, finding.label, finding.author, finding.time) == (MARK.box, "B", "Ann Reader", MARK.time)


def test_an_image_whose_last_box_goes_loses_its_file(tmp_path: Path) -> None:
    write_boxes(tmp_path, {}, {"one": MARK}, SIZES)
    write_boxes(tmp_path, {"one": MARK}, {}, SIZES)
    assert list(tmp_path.glob("*.xml")) == []


def test_files_of_others_are_never_written_over_or_removed(tmp_path: Path) -> None:
    original = write_voc(tmp_path, uid(1), (1, 2, 3, 4))
    text = original.read_text()
    for before, after in (({}, {"one": MARK}), ({"one": MARK}, {})):
        with pytest.raises(AnnotationError):
            write_boxes(tmp_path, before, after, SIZES)
    assert original.read_text() == text


def test_own_files_without_a_record_become_marks_again() -> None:
    finding = replace(MARK.as_finding(), is_own=True)
    (mark,) = imported([finding, replace(finding, is_own=False)]).values()
    assert (mark.place, mark.box, mark.label, mark.author) == (MARK.place, MARK.box, "B", "Ann Reader")


def test_stacks_of_one_study_are_one_case() -> None:
    one, other = make_stack(key="one"), make_stack(4, key="other")
    scan = make_scan(one, other)
    assert case_key(scan, one) == case_key(scan, other)


def test_only_reviewed_cases_with_boxes_and_images_are_learned_from(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / "marks")
    there, gone = tmp_path / "images", tmp_path / "gone"
    there.mkdir()
    full = CaseRecord({"one": MARK}, str(there), reviewed="2026-01-02")
    for key, record in {
        "done": full,
        "open": replace(full, reviewed=""),
        "empty": replace(full, marks={}),
        "gone": replace(full, path=str(gone)),
    }.items():
        store.save(key, CaseRecord(), record)
    (case,) = reviewed_cases(tmp_path)
    assert (case.key, case.folder, case.annotations) == ("done", there, tmp_path / "boxes" / "done")
    assert {each.key for each in own_cases(tmp_path)} == {"done", "open", "empty"}


def test_the_case_the_model_is_least_sure_of_comes_next(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / "marks")
    for key, unsure in {"sure": 0.1, "unsure": 0.8, "other": 0.4}.items():
        store.save(key, CaseRecord(), CaseRecord(path=str(tmp_path), unsure={"weights": unsure}))
    cases = own_cases(tmp_path)
    suggested = suggest_next(cases, "weights")
    assert suggested is not None
    assert suggested.key == "unsure"
    following = suggest_next(cases, "weights", current="unsure")
    assert following is not None
    assert following.key == "other"
    assert suggest_next([], "weights") is None
