"""Bytes to text in any character set."""

import pydicom
import pytest

from lungview.dicom.scan import scan
from lungview.dicom.text import decode, plain
from lungview.task import Task
from tests.support.shared_data import shared

FILES = ("chrArab", "chrFren", "chrGerm", "chrGreek", "chrH31", "chrI2", "chrRuss", "chrX2", "Lena-utf8")


@pytest.mark.parametrize("name", FILES)
def test_names_in_any_script_read_as_pydicom_reads_them(name: str) -> None:
    path = shared("torture-charset", f"{name}.dcm")
    (patient,) = scan(path, Task()).patients
    assert patient.name == str(pydicom.dcmread(path).PatientName)


@pytest.mark.parametrize(
    ("value", "character_set", "expected"),
    [
        (b"M\xfcller^Anna ", b"ISO_IR 100", "Müller^Anna"),
        (b"M\xc3\xbcller", b"ISO_IR 192", "Müller"),
        (b"M\xc3\xbcller", b"", "Müller"),
        (b"M\xfcller", b"", "Müller"),
        ("刘东".encode("gb18030"), b"GB18030", "刘东"),
        (b"plain", b"no such set", "plain"),
        ("Wäg".encode("latin-1"), b"ISO-IR 100", "Wäg"),
        (b"", b"", ""),
    ],
)
def test_text_is_decoded_by_its_character_set(value: bytes, character_set: bytes, expected: str) -> None:
    assert decode(value, character_set) == expected


def test_text_of_an_unknown_character_set_is_replaced_rather_than_refused() -> None:
    assert decode(b"M\xfcller", b"ISO 2022 NONE") != ""


def test_markup_in_a_name_stays_text() -> None:
    assert decode(b"<script>alert(1)</script>", b"") == "<script>alert(1)</script>"


def test_padding_is_no_part_of_a_uid() -> None:
    assert plain(b"1.2.3\0") == "1.2.3"


def test_a_character_set_that_is_no_name_at_all_loses_no_text() -> None:
    assert decode(b"Fran\xe7ois", b"ISO_IR\x00 100") != ""
    assert decode("Grün".encode("latin-1"), b"ISO\x00IR\\\x00").endswith("n")
