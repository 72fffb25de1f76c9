"""What a script may rely on: exit codes, messages on standard error, nothing else there."""

import argparse
import logging
import subprocess
import sys
from importlib.metadata import version

import pytest

from lungview.cli import info
from lungview.cli.main import main, with_command
from lungview.errors import DicomError
from lungview.logs import log_file
from lungview.task import Cancelled


def ending_in(error: BaseException, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    """The exit code of a command that meets this error."""

    def run(_arguments: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr(info, "run", run)
    return main(["info", ".", *words])


def test_the_version_is_the_installed_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"lungview {version('lungview')}\n"


def test_help_names_every_sub_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    told = capsys.readouterr().out
    assert all(f"\n    {name}" in told for name in ("demo", "info", "detect", "screenshot", "models", "train"))


@pytest.mark.parametrize(
    "words",
    [
        ["no-such-folder"],
        ["info"],
        ["info", "no-such-folder"],
        ["detect", "."],
        ["detect", ".", "--out", "boxes.txt"],
        ["detect", ".", "--out", "pyproject.toml/x.json"],
        ["detect", ".", "--out", "x.json", "--device", "abacus"],
        ["detect", ".", "--out", "x.json", "--score-threshold", "2"],
        ["screenshot", ".", "--out", "x.jpeg"],
        ["--nonsense"],
    ],
)
def test_a_wrong_command_line_ends_in_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    told = capsys.readouterr()
    assert "error:" in told.err
    assert told.out == ""


def test_the_trainer_gets_its_words_untouched(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "--help"]) == 0
    assert "lungview-train" in capsys.readouterr().out
    assert main(["train", "no-such-command"]) == 2


def test_a_path_alone_opens_the_window() -> None:
    assert with_command(["scans"]) == ["open", "scans"]
    assert with_command([]) == ["open"]
    assert with_command(["info", "x"]) == ["info", "x"]


def test_our_own_errors_end_in_one_with_their_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ending_in(DicomError("1-01.dcm is cut short."), monkeypatch) == 1
    assert capsys.readouterr().err == "1-01.dcm is cut short.\n"


def test_cancelling_ends_in_130(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ending_in(Cancelled(), monkeypatch) == 130
    assert ending_in(KeyboardInterrupt(), monkeypatch) == 130


def test_a_fault_of_the_program_names_the_log_and_not_the_patient(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ending_in(ValueError("cannot convert 'DOE^JOHN'"), monkeypatch) == 70
    told = capsys.readouterr().err
    assert str(log_file()) in told
    assert "Traceback" not in told
    assert "ValueError" in log_file().read_text(encoding="utf-8")
    assert "DOE" not in told + log_file().read_text(encoding="utf-8")


def test_debug_shows_the_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert ending_in(ValueError("of no use"), monkeypatch, "--debug") == 70
    assert "Traceback" in capsys.readouterr().err
    assert logging.getLogger("lungview").level == logging.DEBUG


def test_a_folder_that_cannot_be_written_to_is_told_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ending_in(PermissionError(13, "Permission denied", "out.json"), monkeypatch) == 1
    assert capsys.readouterr().err == "Permission denied: out.json\n"


def test_help_comes_without_loading_what_only_the_work_needs() -> None:
    heavy = "{'numpy', 'torch', 'PySide6', 'pydicom', 'skimage'}"
    code = f"import sys; from lungview.cli.main import main; main(['--help']); print({heavy} & set(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert told.rstrip().endswith("set()")
