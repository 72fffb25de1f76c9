"""The fuzzer for a minute and a half: with one seed that is always the same, and one drawn anew and printed."""

import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.corpus import mutant, seeds_of
from tests.fuzz.finds import minimised
from tests.fuzz.supervise import ROOT, Bounds, Campaign, Find
from tests.fuzz.targets import SHARES, TARGETS
from tests.fuzz.worker import Job, answer

posix = pytest.mark.skipif(sys.platform == "win32", reason="bounds on processes are another matter there")


def test_the_same_seed_makes_the_same_file() -> None:
    for kind in ("dicom", "xml", "csv"):
        assert mutant(kind, 1, 5) == mutant(kind, 1, 5)
        assert mutant(kind, 1, 5) != mutant(kind, 2, 5)


def test_a_sound_file_of_each_kind_ends_well() -> None:
    for kind in sorted({*TARGETS} - {"safetensors"}):
        told = [answer(kind, 0, seed.content) for seed in seeds_of(kind) if len(seed.content) < 20_000]
        assert not [each.trouble for each in told if each.trouble]
    assert {*SHARES} == {*TARGETS}


def test_damage_that_does_not_matter_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = seeds_of("csv")[0].content
    monkeypatch.setitem(TARGETS, "csv", lambda folder, content: [].pop() if b"!" in content else "")
    spoilt = sound[:10] + b"!" + sound[11:40] + b"?" * 9 + sound[49:]
    monkeypatch.setattr("tests.fuzz.finds.mutant", lambda *_: ("csv", spoilt))
    detail = answer("csv", 0, spoilt).trouble
    smaller = minimised(Find("csv", 0, 0, "exception", detail), spoilt)
    assert b"!" in smaller
    assert b"?" not in smaller


@posix
def test_a_worker_that_dies_or_hangs_is_noted_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    program = (
        "import json,os,sys,time; job=json.loads(sys.argv[1]); out=os.fdopen(int(sys.argv[2]),'w',buffering=1)\n"
        "out.write('ready\\n')\n"
        "for k in range(job['first'],job['stop']):\n"
        "    if k==2: os.abort()\n"
        "    if k==4: time.sleep(600)\n"
        "    told=dict(index=k,outcome='read',trouble='',seconds=9.0*(k==5),memory=(k==6)<<40)\n"
        "    out.write(json.dumps(told)+'\\n')\n"
    )
    start = subprocess.Popen

    def start_other(command: list[str], **how: object) -> object:
        return start([command[0], "-c", program, *command[3:]], **how)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", start_other)
    finds: list[Find] = []
    tally = Campaign(Job("csv", 0, 0, 8, 1, 0), 1, Bounds(hang_s=1.0), finds.append).run(until=float("inf"))
    assert [(find.index, find.why) for find in finds] == [(2, "crash"), (4, "hang"), (5, "slow"), (6, "memory")]
    assert tally.outcomes == {"read": 6, "crash": 1, "hang": 1}


@posix
@pytest.mark.slow
@pytest.mark.parametrize("is_drawn", [False, True], ids=["fixed seed", "drawn seed"])
def test_damaged_files_break_nothing(tmp_path: Path, is_drawn: bool, capsys: pytest.CaptureFixture[str]) -> None:
    seed = secrets.randbelow(1 << 32) if is_drawn else 20_250_101
    with capsys.disabled():
        print(f"\nfuzzing with --seed {seed}")
    command = [sys.executable, "-m", "tests.fuzz", "--seed", str(seed), "--minutes", "0.7", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-2000:]}"
