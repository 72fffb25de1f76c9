"""Damaged files: whatever the bytes, a scan answers and a load answers or refuses with a sentence."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pydicom
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.study import Stack
from lungview.errors import LungViewError
from lungview.task import Task
from tests.support.dicom_series import Recipe, compress, random_stored, write_multiframe, write_series

COMPRESSED = {"rle": RLELossless, "jpeg2000": JPEG2000Lossless, "jpeg-ls": JPEGLSLossless, "jpeg": JPEGLosslessSV1}
KINDS = ("explicit", "implicit", "multi-frame", "deflated", *COMPRESSED)


@cache
def whole_file(kind: str) -> bytes:
    recipe = Recipe(random_stored(2, 40, 40), is_implicit=kind == "implicit", padding=-2000)
    with TemporaryDirectory() as name:
        if kind == "multi-frame":
            return write_multiframe(Path(name) / "a.dcm", recipe).read_bytes()
        path = write_series(Path(name), recipe)[0]
        dataset = pydicom.dcmread(path)
        if kind == "deflated":
            dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        dataset.save_as(path)
        if kind in COMPRESSED:
            compress(path, COMPRESSED[kind])
        return path.read_bytes()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KINDS), st.data())
def test_a_damaged_file_is_read_or_refused_but_breaks_nothing(kind: str, data: st.DataObject) -> None:
    content = bytearray(whole_file(kind))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(132, len(content) - 1))
        content[place] = data.draw(st.one_of(st.integers(0, 255), st.sampled_from((0, 0xFF))))
    end = data.draw(st.one_of(st.just(len(content)), st.integers(132, len(content))))
    with TemporaryDirectory() as name:
        (Path(name) / "damaged.dcm").write_bytes(content[:end])
        result = scan(Path(name), Task())
        assert len(result.problems) + len({one.source for stack in result.stacks for one in stack.instances}) == 1
        for stack in result.stacks:
            check(stack)


def check(stack: Stack) -> None:
    try:
        volume = load_volume(stack, Task())
    except LungViewError as error:
        refusal = str(error)
    else:
        assert volume.is_read.all()
        return
    assert refusal.endswith(".")
