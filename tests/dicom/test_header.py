"""The fast header parser against pydicom."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence as Items
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from lungview.dicom import tags
from lungview.dicom.header import HeaderParser, RawHeader, ShortHeadError
from lungview.dicom.pydicom_header import read_header
from lungview.dicom.pydicom_quiet import quiet
from lungview.dicom.sequences import OddHeaderError
from tests.support.dicom_series import Recipe, random_stored, write_multiframe, write_series
from tests.support.shared_data import HOSTILE, SERIES, shared

FOLDERS = tuple(name for name in (*SERIES, *HOSTILE) if name != "ct-chest-cptac")  # that one is a zip
IGNORED = (".xml", ".md", ".csv", ".txt", ".gz")


def parsed(data: bytes, parser: HeaderParser | None = None) -> RawHeader | None:
    """What the fast parser says, None where it leaves the file to pydicom."""
    try:
        return (parser or HeaderParser()).parse(data, is_whole=True)
    except OddHeaderError:
        return None


def trimmed(header: RawHeader) -> dict[int, bytes]:
    """Values without the padding to an even length, which pydicom keeps in some and drops in others."""
    return {
        tag: value if tag in tags.UINT16 else value.rstrip(b"\0 ")
        for tag, value in header.values.items()
        if value.rstrip(b"\0 ") or tag in tags.SEQUENCES or tag in tags.UINT16
    }


def files_in(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in IGNORED and path.name != "LICENSE":
            yield path.read_bytes()


@pytest.mark.parametrize("name", FOLDERS)
def test_every_real_header_reads_as_pydicom_reads_it(name: str) -> None:
    learning = HeaderParser()
    read_fast = 0
    for data in files_in(shared(name)):
        for header in (parsed(data), parsed(data, learning)):
            if header is None or (not header.has_pixels and tags.ROWS not in header.values):
                continue  # left to pydicom, or no image: then nothing beyond the class is read
            reference = read_header(BytesIO(data))
            assert trimmed(header) == trimmed(reference)
            assert header.transfer_syntax_uid == reference.transfer_syntax_uid
            assert header.has_pixels == reference.has_pixels
            read_fast += 1
    assert read_fast > 0


def test_pixel_data_begin_where_pydicom_finds_them() -> None:
    import pydicom

    found = 0
    for name in ("ct-3slice-seg/ct", "ct-tilt-phantom-philips", "lung-pet-ct-dx-slicelabels"):
        for data in files_in(shared(name)):
            header = parsed(data)
            assert header is not None
            with quiet():
                pixels = pydicom.dcmread(BytesIO(data)).PixelData
            assert data[header.pixel_offset : header.pixel_offset + len(pixels)] == pixels
            assert header.pixel_length == len(pixels)
            found += 1
    assert found > 20


TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="\\"), max_size=16)
PRIVATE = st.binary(max_size=40).map(lambda value: value + b"\0" * (len(value) % 2))


@st.composite
def data_sets(draw: st.DrawFn, depth: int = 0) -> Dataset:
    """A data set with some of the wanted elements, some others, and sequences within sequences."""
    dataset = Dataset()
    chosen = draw(st.sets(st.sampled_from(("SeriesDescription", "ProtocolName", "StationName", "PatientID"))))
    for keyword in sorted(chosen):
        setattr(dataset, keyword, draw(TEXTS))
    if draw(st.booleans()):
        dataset.ImagePositionPatient = [str(draw(st.integers(-999, 999))) for _ in range(3)]
    if draw(st.booleans()):
        dataset.Rows = draw(st.integers(0, 65535))
    block = dataset.private_block(0x0009, "TEST", create=True)
    for element in range(draw(st.integers(0, 3))):
        block.add_new(element, draw(st.sampled_from(("UN", "OB", "LO"))), b"")
        dataset[block.get_tag(element)].value = draw(PRIVATE) if dataset[block.get_tag(element)].VR != "LO" else "x"
    if depth < 3:
        for keyword in ("ReferencedImageSequence", "ModalityLUTSequence", "OtherPatientIDsSequence"):
            if draw(st.booleans()):
                items = Items(draw(st.lists(data_sets(depth=depth + 1), max_size=2)))
                for item in items:
                    item.is_undefined_length_sequence_item = draw(st.booleans())
                setattr(dataset, keyword, items)
                dataset[keyword].is_undefined_length = draw(st.booleans())
    return dataset


def written(dataset: Dataset, *, is_implicit: bool) -> bytes:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ImplicitVRLittleEndian if is_implicit else ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CTImageStorage, UID("1.2.3")
    dataset.file_meta = meta
    dataset.BitsAllocated, dataset.PixelRepresentation, dataset.PixelData = 16, 0, b"\0\0"
    dataset["PixelData"].VR = "OW"
    stream = BytesIO()
    with quiet():
        dcmwrite(stream, dataset, enforce_file_format=True)
    return stream.getvalue()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(data_sets(), st.booleans()), min_size=1, max_size=4))
def test_generated_headers_read_as_pydicom_reads_them(made: list[tuple[Dataset, bool]]) -> None:
    learning = HeaderParser()
    for dataset, is_implicit in made:
        data = written(dataset, is_implicit=is_implicit)
        reference = read_header(BytesIO(data))
        for header in (parsed(data), parsed(data, learning)):
            assert header is not None
            assert trimmed(header) == trimmed(reference)
            assert header.has_pixels
            assert header.pixel_offset == len(data) - 2


def test_a_parser_that_has_seen_other_slices_reads_the_next_alike(tmp_path: Path) -> None:
    first = write_series(tmp_path / "a", Recipe(random_stored(6)))
    second = write_series(tmp_path / "b", Recipe(random_stored(6), series=2, description="other", is_implicit=True))
    learning = HeaderParser()
    for path in (*first, *second, *first[::-1]):
        data = path.read_bytes()
        assert parsed(data, learning) == parsed(data)


def test_a_head_that_ends_early_is_asked_for_again_or_left_to_pydicom(tmp_path: Path) -> None:
    data = write_series(tmp_path, Recipe(random_stored(1)))[0].read_bytes()
    whole = parsed(data)
    assert whole is not None
    for count in range(140, whole.pixel_offset, 7):
        with pytest.raises((ShortHeadError, OddHeaderError)):
            HeaderParser().parse(data[:count], is_whole=False)
    assert HeaderParser().parse(data[: whole.pixel_offset], is_whole=False) == whole


def test_frames_of_a_multi_frame_file_keep_their_own_positions(tmp_path: Path) -> None:
    recipe = Recipe(random_stored(3), positions_mm=(10.0, 12.5, 20.0))
    with write_multiframe(tmp_path / "mf.dcm", recipe).open("rb") as stream:
        header = read_header(stream)
    positions = [frame[tags.IMAGE_POSITION].strip() for frame in header.frames]
    assert positions == [b"-100\\-120\\10", b"-100\\-120\\12.5", b"-100\\-120\\20"]
    assert {frame[tags.RESCALE_INTERCEPT].strip() for frame in header.frames} == {b"-1024"}
