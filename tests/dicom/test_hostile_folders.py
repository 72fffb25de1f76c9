"""Folders that hold what none should: links that go round, pipes, devices, files that go or change, dead drives."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lungview.cli.info_document import info_document
from lungview.cli.info_text import info_lines
from lungview.dicom import slice_threads, slices, stalls
from lungview.dicom.load import load_volume
from lungview.dicom.reading import FileReader
from lungview.dicom.scan import scan
from lungview.dicom.sources import SourceReader
from lungview.domain.study import FileSource
from lungview.errors import DicomError
from lungview.reading.case import Case, open_case
from lungview.task import Cancelled, Task
from tests.support.dicom_series import Recipe, random_stored, write_series

posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes and links are another matter there")


@pytest.fixture
def series(tmp_path: Path) -> Path:
    write_series(tmp_path / "case", Recipe(random_stored(4)))
    return tmp_path / "case"


def _slices(folder: Path) -> int:
    return sum(stack.slice_count for stack in scan(folder, Task()).stacks)


@posix
def test_links_that_go_round_are_followed_once(series: Path) -> None:
    (series / "self").symlink_to(series / "self")
    (series / "up").symlink_to(series.parent)
    (series / "one").symlink_to(series / "two")
    (series / "two").symlink_to(series / "one")
    (series / "nowhere").symlink_to(series / "gone")
    assert _slices(series) == 4
    assert open_case(series, Task()).scan.stacks


@posix
def test_pipes_sockets_and_devices_are_passed_over(series: Path) -> None:
    os.mkfifo(series / "pipe.dcm")
    os.mkfifo(series / "pipe.zip")
    os.mkfifo(series / "pipe.xml")
    (series / "zero").symlink_to("/dev/zero")
    (series / "random.zip").symlink_to("/dev/urandom")
    (series / "DICOMDIR").symlink_to("/dev/zero")
    assert _slices(series) == 4
    assert open_case(series, Task()).scan.stacks
    for name in ("pipe.dcm", "pipe.zip", "zero", "DICOMDIR"):
        with pytest.raises(DicomError, match="neither a file nor a folder"):
            scan(series / name, Task())


@posix
def test_a_pipe_put_in_a_files_place_after_listing_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "1.dcm")
    with SourceReader() as reader:
        problem = FileReader(reader).read(FileSource(tmp_path / "1.dcm"))
        assert not isinstance(problem, list)
        with pytest.raises(DicomError):
            reader.whole(FileSource(tmp_path / "1.dcm"))


def test_folders_nested_without_end_are_cut_off_with_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(80):
        folder = folder / "d"
        folder.mkdir()
    write_series(folder, Recipe(random_stored(1)))
    (problem,) = scan(tmp_path, Task()).problems
    assert "more than 64 folders deep" in problem.message


@posix
def test_names_of_any_bytes_are_told_without_fail(tmp_path: Path) -> None:
    path = write_series(tmp_path, Recipe(random_stored(1)))[0]
    for name in (
        b"\xff\xfe.dcm",
        b"a\nb.dcm",
        b"\x1b[2J.dcm",
        "\u202egnp.dcm".encode(),
        "\uff11\uff12.dcm".encode(),
        b"9" * 200,
    ):
        (tmp_path / os.fsdecode(name)).write_bytes(b"no image")
    case = Case(scan(tmp_path, Task()))
    assert _slices(tmp_path) == 1
    assert len(case.scan.problems) == 6
    assert "\x1b" not in "\n".join(info_lines(case))
    "\n".join(info_lines(case)).encode()
    assert info_document(case)["problems"]
    assert path.exists()


def test_a_file_that_goes_while_it_is_scanned_is_told(series: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = FileReader.read

    def read_late(self: FileReader, source: FileSource) -> object:
        if source.name == "002.dcm":
            source.path.unlink()
        return read(self, source)

    monkeypatch.setattr(FileReader, "read", read_late)
    result = scan(series, Task())
    assert sum(stack.slice_count for stack in result.stacks) == 3
    assert [problem.source.name for problem in result.problems] == ["002.dcm"]


@pytest.mark.parametrize("change", ["gone", "shorter", "other"])
def test_a_file_that_changes_between_scan_and_load_is_told(series: Path, change: str) -> None:
    (stack,) = scan(series, Task()).stacks
    path = series / "002.dcm"
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-20] if change == "shorter" else b"something else")
    volume = load_volume(stack, Task())
    ((k, sentence),) = volume.unreadable
    assert stack.instances[k].source.name == "002.dcm"
    assert sentence.startswith("002.dcm")
    assert sentence.endswith(".")


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> Iterator[set[str]]:
    """Names of files that never answer when they are read."""
    names: set[str] = set()
    woken = threading.Event()
    head = SourceReader.head

    def stuck(self: SourceReader, source: FileSource, count: int) -> tuple[bytes, int]:
        if source.name in names:
            woken.wait(60)
        return head(self, source, count)

    monkeypatch.setattr(SourceReader, "head", stuck)
    for name in ("FIRST_S", "NEXT_S", "LAST_S"):
        monkeypatch.setattr(stalls, name, 0.2)
    yield names
    woken.set()


def test_a_scan_goes_on_past_a_file_whose_drive_does_not_answer(series: Path, dead: set[str]) -> None:
    dead.add("001.dcm")
    result = scan(series, Task())
    assert sum(stack.slice_count for stack in result.stacks) == 3
    (problem,) = result.problems
    assert problem.message.startswith("001.dcm did not answer for 0.2 s")
    assert "network" in problem.message


def test_a_folder_of_files_that_do_not_answer_is_given_up_and_others_go_on(tmp_path: Path, dead: set[str]) -> None:
    write_series(tmp_path / "1", Recipe(random_stored(30), series=1))
    write_series(tmp_path / "2", Recipe(random_stored(4), series=2), names=[f"a{k}.dcm" for k in range(4)])
    dead.update(f"{k:03d}.dcm" for k in range(30))
    began = time.monotonic()
    result = scan(tmp_path, Task())
    assert time.monotonic() - began < 15
    assert sum(stack.slice_count for stack in result.stacks) == 4
    assert len(result.problems) == 30
    assert sum("stands beside files" in problem.message for problem in result.problems) == 27


def test_a_scan_that_waits_for_a_dead_drive_can_be_stopped(
    series: Path, dead: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stalls, "FIRST_S", 600.0)
    dead.add("000.dcm")
    task = Task()
    threading.Timer(0.2, task.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        scan(series, task)
    assert time.monotonic() - began < 5


def test_a_folder_that_cannot_be_listed_does_not_hold_up_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_series(tmp_path / "a", Recipe(random_stored(2), series=1))
    write_series(tmp_path / "c", Recipe(random_stored(2), series=2))
    (tmp_path / "b").mkdir()
    woken, listing = threading.Event(), os.scandir

    def stuck(path: str) -> object:
        if os.fspath(path).endswith("b"):
            woken.wait(60)
        return listing(path)

    monkeypatch.setattr(os, "scandir", stuck)
    monkeypatch.setattr(stalls, "FIRST_S", 0.2)
    result = scan(tmp_path, Task())
    woken.set()
    assert sum(stack.slice_count for stack in result.stacks) == 4
    assert [problem.source.name for problem in result.problems] == ["b"]


@pytest.fixture
def dead_slices(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Files that were listed and never answer again."""
    woken = threading.Event()
    monkeypatch.setattr(slices, "read_into", lambda *_: woken.wait(60))
    yield
    woken.set()


@pytest.mark.usefixtures("dead_slices")
def test_a_load_that_waits_for_a_dead_drive_can_be_stopped(series: Path) -> None:
    (stack,) = scan(series, Task()).stacks
    task = Task()
    threading.Timer(0.2, task.cancel).start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        load_volume(stack, task)
    assert time.monotonic() - began < 5


@pytest.mark.usefixtures("dead_slices")
def test_a_load_from_a_dead_drive_ends_with_a_sentence(series: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (stack,) = scan(series, Task()).stacks
    monkeypatch.setattr(slice_threads, "PATIENCE_S", 0.2)
    with pytest.raises(DicomError, match=r"no longer answer\. Check .* network"):
        load_volume(stack, Task())
