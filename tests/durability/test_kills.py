"""Killed in the middle of a write, again and again: a file is the old or the new one, never half."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.durability.writers import WRITERS

KILLING = """
import os, random, signal, sys, time
from pathlib import Path
from tests.durability.writers import WRITERS

def write_on(writer, folder, told, number):
    while True:
        writer.write(folder, number)
        os.write(told, b".")
        number += 1

for name, writer in WRITERS.items():
    folder, draw, last = Path(sys.argv[1]) / name.replace(" ", "-"), random.Random(name), 0
    folder.mkdir()
    for _ in range(int(sys.argv[2])):
        hearing, told = os.pipe()
        child = os.fork()
        if child == 0:
            write_on(writer, folder, told, last + 1)
        os.close(told)
        os.read(hearing, 1)  # the first is written
        time.sleep(draw.random() / 20)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with open(hearing, "rb") as heard:
            written = last + 1 + len(heard.read())
        stands = writer.read(folder)
        assert stands in (written, written + 1), (name, stands, written)
        last = stands
    print(name, flush=True)
"""

TOGETHER = """
import os, sys
from pathlib import Path
from tests.durability.writers import WRITERS
for name in sys.argv[2:]:
    folder = Path(sys.argv[1]) / name.replace(" ", "-")
    folder.mkdir()
    children = []
    for begin in (1, 2):
        children.append(os.fork())
        if children[-1] == 0:
            for number in range(begin, begin + 20, 2):
                WRITERS[name].write(folder, number)
            os._exit(0)
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0], name
    assert WRITERS[name].read(folder) in (19, 20), name
"""
SHARED = ["marks", "reviews", "read log", "model", "settings", "default model", "training's record"]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither fork nor SIGKILL")
def test_a_killed_program_leaves_whole_files(tmp_path: Path) -> None:
    words = [sys.executable, "-c", KILLING, str(tmp_path), "5"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == list(WRITERS), done.stderr


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_two_programs_that_write_at_once_leave_whole_files(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", TOGETHER, str(tmp_path), *SHARED], check=True)
    assert len((tmp_path / "read-log" / "log" / "reads.jsonl").read_text().splitlines()) == 20
