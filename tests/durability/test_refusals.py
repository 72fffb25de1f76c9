"""Whatever step of a write the disk refuses: what was kept stands, a sentence tells, and the next try succeeds."""

import errno
import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lungview.errors import LungViewError
from tests.durability.writers import WRITERS, Writer

NUMBERS = {errno.ENOSPC: "full", errno.EROFS: "read-only", errno.EACCES: "forbidden"}
STEPS = ("folder", "open", "fsync", "rename")

Patch = Callable[[pytest.MonkeyPatch, OSError], None]


def refuse(monkeypatch: pytest.MonkeyPatch, step: str, number: int) -> None:
    """Let one step of every write fail as the system would."""

    def fail(*_args: object, **_named: object) -> None:
        raise OSError(number, os.strerror(number))

    opening, opening_low = io.open, os.open

    def open_(file: object, mode: str = "r", *rest: object, **named: object) -> object:
        if set(mode) & set("wxa+"):
            fail()
        return opening(file, mode, *rest, **named)  # type: ignore[call-overload]

    def open_low(path: object, flags: int, *rest: object, **named: object) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR):
            fail()
        return opening_low(path, flags, *rest, **named)  # type: ignore[arg-type]

    if step == "folder":
        monkeypatch.setattr(Path, "mkdir", fail)
    elif step == "open":
        monkeypatch.setattr(io, "open", open_)
        monkeypatch.setattr(os, "open", open_low)
    elif step == "fsync":
        monkeypatch.setattr(os, "fsync", fail)
    else:
        monkeypatch.setattr(Path, "replace", fail)
        monkeypatch.setattr(Path, "rename", fail)


@pytest.mark.parametrize("number", NUMBERS, ids=NUMBERS.values())
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("name", WRITERS)
def test_a_refused_write_leaves_the_old_file_and_can_be_tried_again(
    name: str, step: str, number: int, tmp_path: Path
) -> None:
    writer = WRITERS[name]
    writer.write(tmp_path, 1)
    before = _files(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        refuse(patch, step, number)
        told = _told(writer, tmp_path)
    if writer.read(tmp_path) == 1:
        assert told or writer.is_silent
        assert _files(tmp_path) == before
    else:
        assert writer.read(tmp_path) == 2, "the step is none of this writer's"
    writer.write(tmp_path, 3)
    assert writer.read(tmp_path) == 3


def _told(writer: Writer, folder: Path) -> str:
    """The sentence or the system's word, "" for none; nothing else may come out."""
    said = ""
    try:
        writer.write(folder, 2)
    except LungViewError as error:
        said = str(error)
    except OSError as error:
        said = f"{error.strerror}."
    assert said == "" or said.endswith(".")
    assert str(folder) not in said
    return said


def _files(folder: Path) -> dict[str, bytes]:
    """What lies in a folder, but for lock files and what was brought for the test."""
    found = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    return {
        str(name): path.read_bytes()
        for name, path in found.items()
        if not name.name.endswith(".lock") and name.name != ".lock" and "brought" not in name.parts
    }


LIMITED = """
import resource, sys
from pathlib import Path
from tests.durability.writers import WRITERS
from lungview.errors import LungViewError
folder = Path(sys.argv[1])
for number, (name, writer) in enumerate(WRITERS.items()):
    (folder / f"{number}").mkdir()
    writer.write(folder / f"{number}", 1)
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
for number, (name, writer) in enumerate(WRITERS.items()):
    try:
        writer.write(folder / f"{number}", 2)
        assert writer.is_silent or writer.read(folder / f"{number}") == 2, name
    except (LungViewError, OSError) as error:
        assert writer.read(folder / f"{number}") == 1, name
    print(name)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on files")
def test_a_disk_that_fills_up_in_the_middle_of_a_file_leaves_the_old_one(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == list(WRITERS), done.stderr
