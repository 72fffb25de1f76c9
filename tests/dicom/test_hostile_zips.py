"""Zip files that mean harm: bombs, paths that lead outside, locks, names given twice, and directories that lie."""

import io
import struct
import zipfile
from pathlib import Path

import pytest

from lungview import zips
from lungview.dicom import archive
from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.study import ScanResult
from lungview.errors import DicomError
from lungview.task import Task
from tests.support import hostile
from tests.support.dicom_series import Recipe, random_stored, write_series


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    paths = write_series(tmp_path_factory.mktemp("slices"), Recipe(random_stored(2)))
    return [path.read_bytes() for path in paths]


def pack(*members: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members:
            made.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def look(folder: Path, content: bytes) -> ScanResult:
    (folder / "case.zip").write_bytes(content)
    result, peak = hostile.peak_bytes(lambda: scan(folder, Task()))
    assert peak < 192 << 20
    for problem in result.problems:
        assert problem.message.endswith(".")
        assert str(folder) not in problem.message
    assert [path.name for path in folder.iterdir()] == ["case.zip"]
    return result


def count(result: ScanResult) -> int:
    return sum(stack.slice_count for stack in result.stacks)


@pytest.mark.parametrize(
    "name",
    [
        "../../out.dcm",
        "/etc/out.dcm",
        "C:\\out.dcm",
        "..\\..\\out.dcm",
        "a/../../b.dcm",
        "~/.bashrc",
        "",
        "\0a",
        "//host/share/x",
    ],
)
def test_names_that_lead_outside_are_read_in_place_and_written_nowhere(
    tmp_path: Path, slices: list[bytes], name: str
) -> None:
    result = look(tmp_path, pack(("good.dcm", slices[0]), (name, slices[1])))
    assert count(result) >= 1
    for stack in result.stacks:
        load_volume(stack, Task())
    assert [path.name for path in tmp_path.iterdir()] == ["case.zip"]


def test_a_member_that_unpacks_to_far_more_than_it_takes_is_refused(tmp_path: Path, slices: list[bytes]) -> None:
    result = look(tmp_path, pack(("bomb.dcm", bytes(80 << 20)), ("good.dcm", slices[0])))
    assert count(result) == 1
    (problem,) = result.problems
    assert problem.message.startswith("bomb.dcm unpacks to suspiciously much more")


def test_a_size_that_lies_gives_a_sentence_and_no_more_bytes(tmp_path: Path, slices: list[bytes]) -> None:
    for told in (1, 4096, 0x7FFFFFFF):
        content = bytearray(pack(("a.dcm", slices[0]), ("good.dcm", slices[1])))
        place = content.index(b"PK\x01\x02")
        struct.pack_into("<I", content, place + 24, told)
        assert count(look(tmp_path, bytes(content))) >= 1


def test_a_zip_inside_a_zip_is_named_and_not_opened(tmp_path: Path, slices: list[bytes]) -> None:
    inner = pack(("a.dcm", slices[0]))
    result = look(tmp_path, pack(("inner.zip", inner), ("good.dcm", slices[1])))
    assert count(result) == 1
    (problem,) = result.problems
    assert "inside another" in problem.message


def test_one_name_given_twice_is_read_once_and_told(tmp_path: Path, slices: list[bytes]) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        content = pack(("a.dcm", slices[0]), ("a.dcm", slices[1]))
    result = look(tmp_path, content)
    assert count(result) == 1
    (problem,) = result.problems
    assert "more than once" in problem.message


def test_a_locked_member_is_named_and_the_others_go_on(tmp_path: Path, slices: list[bytes]) -> None:
    content = bytearray(pack(("a.dcm", slices[0]), ("good.dcm", slices[1])))
    for place in (content.index(b"PK\x03\x04") + 6, content.index(b"PK\x01\x02") + 8):
        content[place] |= 1
    result = look(tmp_path, bytes(content))
    assert count(result) == 1
    (problem,) = result.problems
    assert "locked with a password" in problem.message


def test_more_files_than_a_study_has_are_refused_before_they_are_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = pack(*((f"{k}.dcm", b"") for k in range(1000)))
    monkeypatch.setattr(archive, "MAX_MEMBERS", 999)
    assert "holds more than" in look(tmp_path, content).problems[0].message
    monkeypatch.setattr(archive, "MAX_MEMBERS", 10_000)
    monkeypatch.setattr(zips, "MAX_DIRECTORY", 10_000)
    assert "holds more than" in look(tmp_path, content).problems[0].message


@pytest.mark.parametrize("claimed", [0, 1, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("field", [8, 10, 12, 16, 20])
def test_a_directory_that_lies_about_itself_gives_a_sentence(
    tmp_path: Path, slices: list[bytes], field: int, claimed: int
) -> None:
    content = bytearray(pack(("a.dcm", slices[0])))
    place = content.rindex(b"PK\x05\x06")
    size = 4 if field in {12, 16} else 2
    content[place + field : place + field + size] = (claimed & ((1 << 8 * size) - 1)).to_bytes(size, "little")
    result = look(tmp_path, bytes(content))
    is_empty = (field, claimed) == (12, 0)  # says so in good order
    assert count(result) == 1 or result.problems or is_empty
    try:
        scan(tmp_path / "case.zip", Task())
    except DicomError as error:
        refusal = str(error)
    else:
        return
    assert refusal.startswith("case.zip ")
