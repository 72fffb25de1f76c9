"""The log may be sent to anyone: it holds no names and no paths that may hold them."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from lungview.logs import describe, log_file, redacted, start_logging, stop_logging


@pytest.fixture
def log_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The log file of a program whose folders lie in tmp_path."""
    monkeypatch.setenv("LUNGVIEW_HOME", str(tmp_path))
    start_logging()
    yield log_file()
    stop_logging()


@pytest.mark.parametrize(
    "text",
    [
        "reading /data/Doe John/1-01.dcm now",
        "cannot open '/data/Doe John/1-01.dcm'",
        r"at C:\Users\Doe John\1.dcm",
        r'at "C:\Users\Doe John\1.dcm" twice',
        "from ~/Doe John/x",
        "from file:///data/Doe",
        "(/data/Doe)",
        "path='scans/Doe/1.dcm'",
    ],
)
def test_a_path_leaves_nothing_of_the_patient(text: str) -> None:
    assert "Doe" not in redacted(text)


def test_counts_and_units_are_kept() -> None:
    assert redacted("12/64 slices, 3 / 4 done, 0.5 mm/s") == "12/64 slices, 3 / 4 done, 0.5 mm/s"


def test_a_described_error_names_the_code_and_not_what_it_quotes() -> None:
    try:
        Path("/nowhere/Doe John").read_text(encoding="utf-8")
    except OSError as cause:
        try:
            raise ValueError("cannot convert 'DOE^JOHN'") from cause
        except ValueError as error:
            told = describe(error)
    assert "FileNotFoundError" in told
    assert "ValueError: cannot convert …" in told
    assert 'File "tests/test_logs.py"' in told
    assert "/nowhere" not in told.replace('Path("/nowhere/Doe John").read_text', "")


def test_a_logged_failure_is_in_the_file_without_its_path(log_text: Path) -> None:
    try:
        raise KeyError("/data/Doe")
    except KeyError:
        logging.getLogger("lungview.dicom.scan").exception("a scan failed on %s", "/data/Doe")
    text = log_text.read_text(encoding="utf-8")
    assert "KeyError" in text
    assert "Doe" not in text.replace('KeyError("/data/Doe")', "")


def test_what_libraries_log_stays_out(log_text: Path) -> None:
    logging.getLogger("pydicom").warning("Invalid value 'DOE^JOHN'")
    assert not log_text.exists()


def test_starting_twice_writes_each_line_once(log_text: Path) -> None:
    start_logging()
    logging.getLogger("lungview").warning("once")
    assert log_text.read_text(encoding="utf-8").count("once") == 1
