"""Every form that a real CT may come in: each opens with its true values, or is named with the reason."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.sequence import Sequence as Items
from pydicom.uid import (
    UID,
    HTJ2KLossless,
    HTJ2KLosslessRPCL,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from lungview.dicom import syntaxes
from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.geometry_report import GeometryIssue
from lungview.domain.study import ProblemKind
from lungview.errors import DicomError
from lungview.task import Task
from tests.support.dicom_series import (
    JPEG_XL,
    Recipe,
    compress,
    random_stored,
    write_encoded,
    write_multiframe,
    write_series,
)
from tests.support.opening import deflate, opened, problem_of, turn_big_endian, without_meta

STORED = random_stored(3, 40, 36)
HU = STORED - 1024
LEGACY_ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2.2"

Change = Callable[[Path], None]


def _compressed(syntax: str) -> Change:
    return lambda path: compress(path, syntax)


def _big_endian_of_ge(path: Path) -> None:
    dataset = pydicom.dcmread(path)
    dataset.PixelData = dataset.pixel_array.astype(">i2").tobytes()
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.save_as(path)
    old, new = ImplicitVRLittleEndian.encode(), syntaxes.GE_PRIVATE.encode()
    _replace(path, old.ljust(18, b"\0"), new.ljust(18, b"\0"))


def _plain_frames(path: Path) -> None:
    dataset = pydicom.dcmread(path)
    write_encoded(dataset, path, syntaxes.FRAMED, [plane.tobytes() for plane in _planes(dataset)])


def _deflated_frames(path: Path) -> None:
    import zlib

    def deflated(plane: NDArray[np.int16]) -> bytes:
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        return packer.compress(plane.tobytes()) + packer.flush()

    dataset = pydicom.dcmread(path)
    write_encoded(dataset, path, syntaxes.DEFLATED_FRAMES, [deflated(plane) for plane in _planes(dataset)])


def _without_preamble(path: Path) -> None:
    compress(path, JPEGLSLossless)
    path.write_bytes(path.read_bytes()[132:])


def _gzipped(path: Path) -> None:
    import gzip

    compress(path, RLELossless)
    path.write_bytes(gzip.compress(path.read_bytes()))


def _planes(dataset: Dataset) -> NDArray[np.int16]:
    planes: NDArray[np.int16] = dataset.pixel_array.reshape(-1, dataset.Rows, dataset.Columns)
    return planes


def _replace(path: Path, old: bytes, new: bytes) -> None:
    data = path.read_bytes()
    assert data.count(old) == 1
    path.write_bytes(data.replace(old, new))


ENCODINGS: dict[str, Change] = {
    "deflated": deflate,
    "big endian": turn_big_endian,
    "big endian of GE": _big_endian_of_ge,
    "plain frames": _plain_frames,
    "deflated frames": _deflated_frames,
    "RLE": _compressed(RLELossless),
    "JPEG lossless": _compressed(JPEGLosslessSV1),
    "JPEG-LS": _compressed(JPEGLSLossless),
    "JPEG 2000": _compressed(JPEG2000Lossless),
    "HTJ2K": _compressed(HTJ2KLossless),
    "JPEG XL": _compressed(JPEG_XL),
    "no preamble, no meta": without_meta,
    "no preamble, JPEG-LS": _without_preamble,
    "gzipped RLE": _gzipped,
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_series_opens_with_its_values_in_every_encoding(tmp_path: Path, encoding: str) -> None:
    for path in write_series(tmp_path, Recipe(STORED)):
        ENCODINGS[encoding](path)
    _, volume = opened(tmp_path)
    np.testing.assert_array_equal(volume.voxels, HU)


MULTI_FRAME = ("deflated", "plain frames", "deflated frames", "RLE", "JPEG lossless", "JPEG 2000", "HTJ2K", "JPEG XL")


@pytest.mark.parametrize("encoding", MULTI_FRAME)
@pytest.mark.parametrize("sop_class", ["", LEGACY_ENHANCED_CT])
def test_a_multi_frame_file_opens_with_its_values_in_every_encoding(
    tmp_path: Path, encoding: str, sop_class: str
) -> None:
    def edit(dataset: Dataset, k: int) -> None:
        dataset.SOPClassUID = sop_class or dataset.SOPClassUID

    ENCODINGS[encoding](write_multiframe(tmp_path / "multi.dcm", Recipe(STORED, edit=edit)))
    stack, volume = opened(tmp_path)
    np.testing.assert_array_equal(volume.voxels, HU)
    assert stack.report.spacing_mm == 5.0
    assert stack.unit == "HU"


def test_codes_of_the_second_lossless_kind_of_htj2k_open_too(tmp_path: Path) -> None:
    path = write_series(tmp_path, Recipe(STORED[:1]))[0]
    compress(path, HTJ2KLossless)
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = HTJ2KLosslessRPCL
    dataset.save_as(path)
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels, HU[:1])


def test_frames_may_each_have_a_rescale_of_their_own(tmp_path: Path) -> None:
    slopes, intercepts = (1.0, 2.0, 0.5), (-1024.0, -1000.0, 0.0)

    def edit(dataset: Dataset, _: int) -> None:
        del dataset.SharedFunctionalGroupsSequence[0].PixelValueTransformationSequence
        for groups, slope, intercept in zip(dataset.PerFrameFunctionalGroupsSequence, slopes, intercepts, strict=True):
            item = Dataset()
            item.RescaleSlope, item.RescaleIntercept, item.RescaleType = str(slope), str(intercept), "HU"
            groups.PixelValueTransformationSequence = Items([item])

    path = write_multiframe(tmp_path / "multi.dcm", Recipe(STORED, edit=edit))
    expected = np.rint(STORED * np.reshape(slopes, (3, 1, 1)) + np.reshape(intercepts, (3, 1, 1)))
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels, expected)
    compress(path, RLELossless)
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels, expected)


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLosslessSV1, JPEG2000Lossless, JPEGLSLossless, HTJ2KLossless])
@pytest.mark.parametrize("bits", [12, 13, 16])
def test_signed_values_keep_their_sign_whatever_the_decoder_knows_of_it(tmp_path: Path, syntax: str, bits: int) -> None:
    stored = np.clip(STORED - 1500, -(1 << bits - 1), (1 << bits - 1) - 1).astype(np.int16)
    cut = (stored.view(np.uint16) & ((1 << bits) - 1)).view(np.int16)
    # As a writer files them that knows no sign: the bits above those stored are clear.
    path = write_series(tmp_path, Recipe(cut[:1], bits_stored=bits, intercept=0.0))[0]
    _compress_bits(path, syntax)
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels[0], stored[0])


def _compress_bits(path: Path, syntax: str) -> None:
    """Compress a file's cells as unsigned ones while its header goes on to call them signed."""
    dataset = pydicom.dcmread(path)
    dataset.PixelRepresentation, dataset.BitsStored, dataset.HighBit = 0, 16, 15
    bits = pydicom.dcmread(path).BitsStored
    dataset.save_as(path)
    compress(path, syntax)
    dataset = pydicom.dcmread(path)
    dataset.PixelRepresentation, dataset.BitsStored, dataset.HighBit = 1, bits, bits - 1
    dataset.save_as(path)


@pytest.mark.parametrize("is_implicit", [False, True])
def test_graphics_beside_the_pixels_are_named_and_leave_the_values_alone(tmp_path: Path, is_implicit: bool) -> None:
    def edit(dataset: Dataset, k: int) -> None:
        if k == 0:
            return
        dataset.add_new(0x60000010, "US", 40)
        dataset.add_new(0x60000011, "US", 36)
        dataset.add_new(0x60003000, "OW", np.packbits(STORED[k] > 0).tobytes())

    write_series(tmp_path, Recipe(STORED, edit=edit, is_implicit=is_implicit))
    stack, volume = opened(tmp_path)
    np.testing.assert_array_equal(volume.voxels, HU)
    (note,) = (note for note in stack.report.notes if note.issue is GeometryIssue.OVERLAY)
    assert note.slices == (1, 2)
    assert note.message.startswith("2 of 3 slices come with graphics of the file's own")


def test_segments_of_rle_may_be_longer_than_their_pixels(tmp_path: Path) -> None:
    path = write_series(tmp_path, Recipe(STORED[:1]))[0]
    compress(path, RLELossless)
    dataset = pydicom.dcmread(path)
    (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
    dataset.PixelData = encapsulate([frame + b"\x05\x01\x02\x03\x04\x05\x06\x07"])
    dataset.save_as(path)
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels, HU[:1])


def test_of_a_multi_frame_file_that_is_cut_short_the_whole_frames_are_shown(tmp_path: Path) -> None:
    path = write_multiframe(tmp_path / "multi.dcm", Recipe(STORED))
    path.write_bytes(path.read_bytes()[:-100])
    (stack,) = scan(tmp_path, Task()).stacks
    volume = load_volume(stack, Task())
    assert volume.unreadable == ((2, "multi.dcm is cut short and does not hold frame 3 of 3. Copy it again."),)
    np.testing.assert_array_equal(volume.voxels[:2], HU[:2])
    path.write_bytes(path.read_bytes()[: -2 * STORED[0].nbytes])
    assert "is cut short: it holds" in problem_of(tmp_path).message


def test_one_uid_for_all_slices_costs_none(tmp_path: Path) -> None:
    def edit(dataset: Dataset, _: int) -> None:
        dataset.SOPInstanceUID = "1.2.3"

    write_series(tmp_path, Recipe(STORED, edit=edit))
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels, HU)


def test_one_slice_in_two_encodings_is_shown_once_and_told(tmp_path: Path) -> None:
    first, second = (write_series(tmp_path / name, Recipe(STORED[:1]))[0] for name in ("a", "b"))
    compress(second, RLELossless)
    dataset = pydicom.dcmread(second)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = pydicom.dcmread(first).SOPInstanceUID
    dataset.save_as(second)
    second = second.rename(tmp_path / "b" / "again.dcm")
    result = scan(tmp_path, Task())
    (problem,) = result.problems
    assert problem.kind is ProblemKind.DUPLICATE
    assert problem.message == (
        f"again.dcm calls itself the same image as {first.name} (equal SOP Instance UID and place),"
        " and that one is shown. Open this one alone to see it."
    )
    np.testing.assert_array_equal(opened(second)[1].voxels, HU[:1])


@pytest.mark.parametrize(
    ("syntax", "words"),
    [
        ("1.2.840.10008.1.2.4.100", "is a video, and was left out. Open it with a program that plays DICOM videos."),
        ("1.2.840.10008.1.2.4.94", "names a server that keeps its pixels, and was left out. Fetch the images from"),
    ],
)
def test_what_cannot_be_shown_is_named_with_the_reason(tmp_path: Path, syntax: str, words: str) -> None:
    path = write_series(tmp_path, Recipe(STORED[:1]))[0]
    compress(path, HTJ2KLossless)
    _replace(path, HTJ2KLossless.encode(), UID(syntax).encode().ljust(len(HTJ2KLossless), b"\0"))
    problem = problem_of(tmp_path)
    assert problem.kind is ProblemKind.UNSUPPORTED
    assert words in problem.message


def test_a_compression_that_nothing_reads_is_named(tmp_path: Path) -> None:
    path = write_series(tmp_path, Recipe(STORED[:1]))[0]
    compress(path, HTJ2KLossless)
    _replace(path, HTJ2KLossless.encode(), b"1.2.840.10008.1.2.4.299")
    (stack,) = scan(tmp_path, Task()).stacks
    with pytest.raises(
        DicomError, match=r"is compressed as 1\.2\.840\.10008\.1\.2\.4\.299, which no decoder here reads"
    ):
        load_volume(stack, Task())
