"""Files that mean harm: each is left out or refused with a sentence, within bounds, and the others go on."""

import gzip
import zlib
from pathlib import Path
from struct import pack
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings

from lungview.dicom import pydicom_bounds
from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.study import ScanResult, Stack
from lungview.domain.volume import Volume
from lungview.errors import LungViewError
from lungview.task import Task
from tests.support import hostile
from tests.support.dicom_series import Recipe, random_stored, write_series
from tests.support.hostile import EXPLICIT, ITEM, SEQUENCE_END, UNDEFINED, element, image, meta, pixels

MOST = 256 << 20
"""Bytes that any of these small files may take."""


def look(folder: Path, content: bytes) -> ScanResult:
    """Scan a folder that holds the file and a sound series, and hold the scan to its promises."""
    write_series(folder / "sound", Recipe(random_stored(2)))
    (folder / "hostile.dcm").write_bytes(content)
    result, peak = hostile.peak_bytes(lambda: scan(folder, Task()))
    assert peak < MOST
    sound = [stack for stack in result.stacks if all(one.source.name != "hostile.dcm" for one in stack.instances)]
    assert sum(stack.slice_count for stack in sound) == 2
    return result


def refusal(folder: Path, content: bytes) -> str:
    """The sentence with which a file is left out of the scan, or that its loading is refused with."""
    result = look(folder, content)
    if result.problems:
        (problem,) = result.problems
        return problem.message
    (stack,) = [stack for stack in result.stacks if stack.instances[0].source.name == "hostile.dcm"]
    told, peak = hostile.peak_bytes(lambda: _refused(stack))
    assert peak < MOST
    return told


def _refused(stack: Stack) -> str:
    with pytest.raises(LungViewError) as caught:
        load_volume(stack, Task())
    return str(caught.value)


def check(text: str) -> None:
    assert text.startswith("hostile.dcm ")
    assert text.endswith(".")
    assert len(text) < 400


SYNTAXES = (EXPLICIT, hostile.RLE, hostile.JPEG_2000, hostile.JPEG_LS, hostile.JPEG_LOSSLESS)


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(
    "header",
    [
        image(65535, 65535), image(65535, 1), image(30000, 30000), image(frames="2147483648"),
        image(frames="2147483647"), image(512, 512, frames="99999"), image(8, 8, frames="100000000000000000000"),
        image(8192, 8192, bits=1), image(20000, 20000, bits=1), image(samples=255), image(samples=65535),
        image(bits=64), image(bits=65535), image(bits=0), image(0, 0), image(65535, 0), image(4096, 4096, samples=3),
    ],
)  # fmt: skip
def test_a_header_that_promises_more_than_the_file_holds_is_refused(tmp_path: Path, syntax: str, header: bytes) -> None:
    data = pixels(96) if syntax == EXPLICIT else hostile.fragments(b"\xff\x4f\xff\x51" + bytes(60))
    check(refusal(tmp_path, meta(syntax) + header + data))


@pytest.mark.parametrize("levels", [33, 4000])
@pytest.mark.parametrize("tag", [0x00081140, 0x00091010, 0x52009229, 0x52009230, 0x00283000])
def test_nesting_without_end_ends_in_a_picture_or_a_sentence(tmp_path: Path, levels: int, tag: int) -> None:
    for inner in (hostile.nested(levels, tag), hostile.nested(levels, tag, is_ended=False)):
        body = b"".join(sorted([inner, image()])) if tag < 0x00280000 else image() + inner
        result = look(tmp_path, meta() + body + pixels(96))
        for problem in result.problems:
            check(problem.message)
        _load_all(result)


def test_nesting_with_lengths_is_no_trouble(tmp_path: Path) -> None:
    content = meta() + image(extra=[hostile.nested_with_lengths(3000, 0x00209221)]) + pixels(96)
    result = look(tmp_path, content)
    assert not result.problems
    _load_all(result)


def _load_all(result: ScanResult) -> None:
    outcomes, peak = hostile.peak_bytes(lambda: [_volume_or_refusal(stack) for stack in result.stacks])
    assert peak < MOST
    for outcome in outcomes:
        _check_outcome(outcome)


def _volume_or_refusal(stack: Stack) -> Volume | str:
    try:
        return load_volume(stack, Task())
    except LungViewError as error:
        return str(error)


def _check_outcome(outcome: Volume | str) -> None:
    if isinstance(outcome, str):
        assert outcome.endswith(".")
        return
    volume = outcome
    assert volume.is_read.all()
    assert np.isfinite(volume.voxels).all()
    geometry = volume.geometry
    corner = np.array([[0.0, geometry.rows - 1.0, geometry.columns - 1.0]])
    assert np.allclose(geometry.to_voxels(geometry.to_patient(corner))[:, 1:], corner[:, 1:], atol=0.5)


@pytest.mark.parametrize("length", [1, 97, 0xFFFE, 0x7FFFFFFF, 0xFFFFFFFD, 0xFFFFFFFE, UNDEFINED])
@pytest.mark.parametrize("tag", [0x00081080, 0x00209221, 0x7FE00010])
def test_lengths_that_lie_are_found_out(tmp_path: Path, tag: int, length: int) -> None:
    lie = element(tag, "OB", b"ABCD", length)
    body = image(extra=[lie]) + pixels(96) if tag != 0x7FE00010 else image() + lie
    result = look(tmp_path, meta() + body)
    for problem in result.problems:
        check(problem.message)
    _load_all(result)


def test_undefined_length_where_it_is_not_allowed_is_no_trouble(tmp_path: Path) -> None:
    result = look(tmp_path, meta() + image(extra=[element(0x00204000, "LT", b"x", 0xFFFF)]) + pixels(96))
    _load_all(result)


def test_more_elements_than_any_image_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pydicom_bounds, "_READS", (2000, 4000))
    text = refusal(tmp_path, meta() + image(extra=[element(0x00209221, "SQ", (ITEM + bytes(4)) * 3000, UNDEFINED)]))
    check(text)
    assert "more elements than any image" in text


ENDLESS = {
    "items of no length": element(0x00209221, "SQ", (ITEM + bytes(4)) * 4000, UNDEFINED),
    "items of no length, ended": element(0x00209221, "SQ", (ITEM + bytes(4)) * 4000 + SEQUENCE_END, UNDEFINED),
    "frames of no length": element(0x52009230, "SQ", (ITEM + bytes(4)) * 4000 + SEQUENCE_END, UNDEFINED),
    "private elements": b"".join(element(0x00210010 + k % 7, "LO", b"") for k in range(4000)),
    "one item of no end": element(0x00209221, "SQ", ITEM + pack("<I", UNDEFINED) + bytes(1 << 18), UNDEFINED),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_sequences_without_end_end(tmp_path: Path, kind: str) -> None:
    result = look(tmp_path, meta() + image(extra=[ENDLESS[kind]]) + pixels(96))
    for problem in result.problems:
        check(problem.message)
    _load_all(result)


@pytest.mark.parametrize("syntax", SYNTAXES[1:])
@pytest.mark.parametrize(
    "data",
    [
        hostile.fragments(), hostile.fragments(b""), hostile.fragments(*[b""] * 10_000),
        hostile.fragments(b"ABCD", table=pack("<I", 0xFFFFFFF0)), hostile.fragments(b"ABCD", table=bytes(4) * 200_000),
        hostile.fragments(b"ABCD", table=b"\0\0\0"), hostile.fragments(b"ABCD", is_ended=False),
        element(0x7FE00010, "OB", ITEM + pack("<I", 0xFFFFFFF0) + b"ABCD", UNDEFINED),
        element(0x7FE00010, "OB", b"", UNDEFINED), element(0x7FE00010, "OB", b"no items", UNDEFINED), pixels(96),
    ],
)  # fmt: skip
def test_fragments_and_tables_that_lie_are_refused(tmp_path: Path, syntax: str, data: bytes) -> None:
    check(refusal(tmp_path, meta(syntax) + image() + data))


@pytest.mark.parametrize("left", [0, 1, 47, 95])
def test_pixels_cut_short_are_told(tmp_path: Path, left: int) -> None:
    text = refusal(tmp_path, meta() + image() + element(0x7FE00010, "OW", bytes(left), 96))
    check(text)
    assert "cut short" in text


def _zeros(count: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(count >> 20)) + packer.flush()


def test_a_deflate_bomb_is_refused_long_before_it_fills_the_memory(tmp_path: Path) -> None:
    text = refusal(tmp_path, meta(hostile.DEFLATED) + _zeros(96 << 20))
    check(text)
    assert "far more than an image needs" in text


@pytest.mark.parametrize("is_dicom", [True, False])
def test_a_gz_bomb_is_refused_long_before_it_fills_the_memory(tmp_path: Path, is_dicom: bool) -> None:
    head = meta() + image() if is_dicom else b""
    bomb = gzip.compress(head + bytes(96 << 20), 6)
    text = refusal(tmp_path, bomb)
    check(text)
    assert "far more than an image needs" in text


def test_a_gz_inside_a_gz_is_not_opened_twice(tmp_path: Path) -> None:
    check(refusal(tmp_path, gzip.compress(gzip.compress(meta() + image() + pixels(96)))))


@pytest.mark.parametrize(
    "placed",
    [
        [element(0x00200032, "DS", b"1e308\\1e308\\1e308 ")],
        [element(0x00200032, "DS", b"nan\\0\\0 ")],
        [element(0x00200032, "DS", b"0\\0\\0 "), element(0x00200037, "DS", b"1\\0\\0\\1\\0\\0 ")],
        [element(0x00200032, "DS", b"0\\0\\0 "), element(0x00200037, "DS", b"1e200\\0\\0\\0\\1e200\\0 ")],
        [element(0x00200037, "DS", b"nan\\nan\\nan\\nan\\nan\\nan ")],
        [element(0x00200032, "DS", b"\\" * 60_000)],
        [element(0x00200032, "DS", b"9" * 4000)],
    ],
)
@pytest.mark.parametrize(
    "spacing", [b"1e-300\\1e-300 ", b"1e300\\1e300 ", b"-1\\1", b"0\\0 ", b"inf\\inf ", b"nan\\1 ", b"1e-9\\1e9 "]
)
def test_places_that_cannot_be_are_not_believed(tmp_path: Path, placed: list[bytes], spacing: bytes) -> None:
    header = image(placed=placed)
    at = header.index(pack("<HH", 0x0028, 0x0100))
    result = look(tmp_path, meta() + header[:at] + element(0x00280030, "DS", spacing) + header[at:] + pixels(96))
    for problem in result.problems:
        check(problem.message)
    _load_all(result)


@pytest.mark.parametrize("slope", [b"1e308 ", b"-1e308", b"nan ", b"inf ", b"1e-320", b"0 "])
@pytest.mark.parametrize("intercept", [b"1e308 ", b"nan ", b"-1024 "])
def test_values_that_cannot_be_are_held_to_numbers(tmp_path: Path, slope: bytes, intercept: bytes) -> None:
    tail = element(0x00281052, "DS", intercept) + element(0x00281053, "DS", slope)
    for modality in (b"CT", b"PT"):
        header = image().replace(element(0x00080060, "CS", b"CT"), element(0x00080060, "CS", modality))
        header = header.replace(b"5.1.4.1.1.2\0", b"5.1.4.1.1.2\0" if modality == b"CT" else b"5.1.4.1.1.20")
        _load_all(look(tmp_path, meta() + header + tail + pixels(96)))


@settings(max_examples=100, deadline=None)
@given(hostile.dicom_files())
def test_whatever_a_well_formed_header_says_is_read_or_refused(content: bytes) -> None:
    with TemporaryDirectory() as name:
        (Path(name) / "hostile.dcm").write_bytes(content)
        result = scan(Path(name), Task())
        for problem in result.problems:
            check(problem.message)
        for stack in result.stacks:
            _check_outcome(_volume_or_refusal(stack))
