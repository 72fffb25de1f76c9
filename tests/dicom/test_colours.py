"""Pictures in colour, however their colours are filed, keep them."""

from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from tests.support.dicom_series import Recipe, compress, random_stored, write_series
from tests.support.opening import opened

STORED = random_stored(1, 40, 36)

COLOURS = np.random.default_rng(3).integers(0, 256, (40, 36, 3)).astype(np.uint8)


def write_picture(path: Path, **values: object) -> Path:
    """Write a plain colour capture; values: elements to be changed."""

    def paint(dataset: Dataset, _: int) -> None:
        dataset.SOPClassUID = SecondaryCaptureImageStorage
        dataset.SamplesPerPixel, dataset.PhotometricInterpretation, dataset.PlanarConfiguration = 3, "RGB", 0
        dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
        dataset.PixelData = COLOURS.tobytes()
        for keyword, value in values.items():
            setattr(dataset, keyword, value)

    return write_series(path, Recipe(STORED, edit=paint))[0]


def test_colours_filed_plane_by_plane_are_the_same_colours(tmp_path: Path) -> None:
    write_picture(tmp_path, PlanarConfiguration=1, PixelData=np.moveaxis(COLOURS, -1, 0).tobytes())
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels[0], COLOURS)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_compressed_colours_are_the_same_colours(tmp_path: Path, syntax: str) -> None:
    compress(write_picture(tmp_path), syntax)
    stack, volume = opened(tmp_path)
    np.testing.assert_array_equal(volume.voxels[0], COLOURS)
    assert not stack.is_detectable


def test_colours_as_luminance_and_differences_become_red_green_and_blue(tmp_path: Path) -> None:
    from pydicom.pixels.processing import convert_color_space

    path = write_picture(tmp_path, PhotometricInterpretation="YBR_FULL")
    expected = convert_color_space(COLOURS, "YBR_FULL", "RGB")
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels[0], expected)
    compress(path, RLELossless)
    np.testing.assert_array_equal(opened(tmp_path)[1].voxels[0], expected)


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL_422"])
def test_jpeg_colours_follow_their_stream_and_then_the_header(tmp_path: Path, photometric: str) -> None:
    from imagecodecs import jpeg8_encode

    smooth = np.broadcast_to(np.array([200, 90, 40], np.uint8), COLOURS.shape)
    is_rgb = photometric == "RGB"
    encoded = bytes(jpeg8_encode(np.ascontiguousarray(smooth), level=100, outcolorspace="RGB" if is_rgb else "YCBCR"))
    # Without its Adobe or JFIF mark, nothing in the stream tells the colours.
    start = 4 + int.from_bytes(encoded[4:6], "big")
    path = write_picture(tmp_path, PhotometricInterpretation=photometric)
    dataset = pydicom.dcmread(path)
    for stream in (encoded, encoded[:2] + encoded[start:]):
        dataset.PixelData = encapsulate([stream])
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
        dataset.save_as(path)
        voxels = opened(tmp_path)[1].voxels[0].astype(int)
        assert np.abs(voxels - smooth).max() <= 2
