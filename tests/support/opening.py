"""Open what should be one stack, or be refused for one reason; make files that are odd to open."""

from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.study import FileProblem, Stack
from lungview.domain.volume import Volume
from lungview.task import Task


def opened(path: Path) -> tuple[Stack, Volume]:
    """The one stack of a path, read."""
    result = scan(path, Task())
    assert result.problems == ()
    (stack,) = result.stacks
    volume = load_volume(stack, Task())
    assert volume.unreadable == ()
    return stack, volume


def problem_of(path: Path) -> FileProblem:
    """The one problem of a path without images."""
    result = scan(path, Task())
    assert result.stacks == ()
    (problem,) = result.problems
    return problem


def without_meta(path: Path) -> None:
    """Take away preamble and file meta information of a compressed file, so that nothing names its encoding."""
    data = path.read_bytes()
    (length,) = np.frombuffer(data, "<u4", 1, 140)
    path.write_bytes(data[144 + int(length) :])


def deflate(path: Path) -> None:
    """Write a file again as a deflated data set."""
    dataset = pydicom.dcmread(path)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(path)


def turn_big_endian(path: Path) -> None:
    """Write a file again with the high byte first, its overlay's words too."""
    dataset = pydicom.dcmread(path)
    turned = Dataset()
    turned.update(dataset)
    turned.file_meta = dataset.file_meta
    turned.PixelData = dataset.pixel_array.astype(">i2").tobytes()
    if (0x6000, 0x3000) in turned:
        words = np.frombuffer(turned[0x6000, 0x3000].value, "<u2")
        turned[0x6000, 0x3000].value = words.astype(">u2").tobytes()
    turned.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    turned.save_as(path, enforce_file_format=True)
