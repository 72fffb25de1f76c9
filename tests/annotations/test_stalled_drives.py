"""Annotation files on a drive that has gone are told and left behind; the images, and what was read, stay."""

import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lungview.annotations import sources
from lungview.annotations.values import AnnotationIssue
from lungview.domain.study import FileSource
from lungview.errors import AnnotationError
from lungview.reading import case
from lungview.task import Cancelled, Task
from tests.support.annotations import write_voc
from tests.support.dicom_series import Recipe, random_stored, write_series

RECIPE = Recipe(random_stored(3, 40, 36))


@pytest.fixture
def drive(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A drive that answers no more, until the event is set."""
    woken = threading.Event()
    monkeypatch.setattr(sources, "PATIENCE_S", 0.2)
    monkeypatch.setattr(case, "_SEARCH_S", 0.2)
    yield woken
    woken.set()


def write_case(folder: Path) -> None:
    write_series(folder / "images", RECIPE)
    for k in range(3):
        write_voc(folder / "Annotation", RECIPE.sop_uid(k), (4, 4, 20, 20))


def test_files_that_do_not_answer_are_named_and_those_before_them_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: threading.Event
) -> None:
    write_case(tmp_path)
    read = sources._read
    asked: list[str] = []

    def read_until(source: FileSource, archive: zipfile.ZipFile | None) -> bytes | AnnotationError:
        asked.append(source.name)
        if len(asked) > 1:
            drive.wait()
        return read(source, archive)

    monkeypatch.setattr(sources, "_read", read_until)
    opened = case.open_case(tmp_path, Task())
    assert len(opened.annotations.findings) == 1
    notes = [note for note in opened.annotations.problems if note.issue is AnnotationIssue.UNREADABLE]
    assert len(notes) == 2
    assert all(note.source.name in note.message and "nothing answers" in note.message for note in notes)
    assert opened.scan.stacks[0].slice_count == 3


def test_waiting_for_such_a_file_can_be_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: threading.Event
) -> None:
    write_case(tmp_path)
    task = Task()

    def read_never(source: FileSource, archive: zipfile.ZipFile | None) -> bytes:
        task.cancel()
        drive.wait()
        return b""

    monkeypatch.setattr(sources, "PATIENCE_S", 60.0)
    monkeypatch.setattr(sources, "_read", read_never)
    with pytest.raises(Cancelled):
        case.open_case(tmp_path, task)


def test_a_folder_that_cannot_be_listed_costs_its_boxes_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: threading.Event
) -> None:
    write_case(tmp_path)
    monkeypatch.setattr(sources, "_in_store", lambda store: drive.wait() and [])
    opened = case.open_case(tmp_path, Task())
    assert opened.annotations.findings == {}
    assert "nothing answers" in opened.annotations.problems[0].message
    assert opened.scan.stacks[0].slice_count == 3


def test_a_search_without_end_costs_the_boxes_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drive: threading.Event
) -> None:
    write_case(tmp_path)
    monkeypatch.setattr(case, "find_annotation_folders", lambda *_, **__: drive.wait() and ())
    opened = case.open_case(tmp_path, Task())
    (problem,) = opened.annotations.problems
    assert "no longer answers" in problem.message
    assert opened.scan.stacks[0].slice_count == 3
