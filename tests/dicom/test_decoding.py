"""Compressed frames: found in their files, decoded where a crash takes nothing along."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.uid import HTJ2KLossless, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from lungview.dicom.decoding import compressed, pool
from lungview.dicom.decoding.fragments import frame_spans
from lungview.dicom.decoding.jobs import Answer
from lungview.dicom.decoding.pool import DecodingPool
from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.dicom.sources import SourceReader
from lungview.dicom.syntaxes import Codec
from lungview.domain.study import Stack
from lungview.domain.volume import Volume
from lungview.errors import DicomError
from lungview.processes import is_alive
from lungview.task import Task
from tests.support import breaking_decoder
from tests.support.dicom_series import Recipe, compress, random_stored, write_multiframe, write_series

STORED = random_stored(4, 32, 32)
BREAKING = (sys.executable, str(breaking_decoder.__file__))


@pytest.fixture
def breaking(monkeypatch: pytest.MonkeyPatch) -> Iterator[DecodingPool]:
    """The program's decoding processes replaced by ones that break at frames that say so."""
    made = DecodingPool(2, lambda: BREAKING)
    monkeypatch.setattr(compressed, "decoding_pool", lambda: made)
    yield made
    made.close()


def series(folder: Path, words: dict[int, bytes]) -> Stack:
    """A series of RLE slices of which some hold a word behind their last segment, where decoders do not look."""
    for k, path in enumerate(write_series(folder, Recipe(STORED))):
        compress(path, RLELossless)
        if k in words:
            dataset = pydicom.dcmread(path)
            (frame,) = generate_frames(dataset.PixelData, number_of_frames=1)
            dataset.PixelData = encapsulate([frame + words[k].ljust(8, b"\0")])
            dataset.save_as(path)
    (stack,) = scan(folder, Task()).stacks
    return stack


def check_all_but(volume: Volume, lost: int) -> str:
    """Check that one slice alone is air, and return what is said of it."""
    ((k, sentence),) = volume.unreadable
    assert k == lost
    assert (volume.voxels[lost] == -1024).all()
    others = np.arange(len(STORED)) != lost
    np.testing.assert_array_equal(volume.voxels[others], STORED[others] - 1024)
    return sentence


def test_a_decoder_that_crashes_costs_one_slice(tmp_path: Path, breaking: DecodingPool) -> None:
    sentence = check_all_but(load_volume(series(tmp_path, {2: b"CRASH"}), Task()), 2)
    assert sentence == (
        "002.dcm holds pixels that break the decoder of RLE; nothing else was touched by it."
        " Copy it again, or export it uncompressed."
    )


def test_a_decoder_that_hangs_is_ended_and_costs_one_slice(
    tmp_path: Path, breaking: DecodingPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "seconds_for", lambda job: 0.5)
    sentence = check_all_but(load_volume(series(tmp_path, {1: b"HANG"}), Task()), 1)
    assert sentence.startswith("001.dcm holds pixels that stall the decoder of RLE; nothing else")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not bound a process's memory")
def test_a_frame_that_takes_memory_without_end_costs_one_slice(tmp_path: Path, breaking: DecodingPool) -> None:
    sentence = check_all_but(load_volume(series(tmp_path, {0: b"BOMB"}), Task()), 0)
    assert sentence == (
        "000.dcm holds pixels that need more memory than one slice may take. Export it again uncompressed."
    )


def test_a_process_that_something_else_ended_is_replaced_and_nothing_lost(
    tmp_path: Path, breaking: DecodingPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LUNGVIEW_TEST_FLAG", str(tmp_path / "flag"))
    volume = load_volume(series(tmp_path / "series", {3: b"ONCE"}), Task())
    assert (tmp_path / "flag").exists()
    assert volume.unreadable == ()
    np.testing.assert_array_equal(volume.voxels, STORED - 1024)


def test_a_series_that_keeps_breaking_decoders_is_left_alone(tmp_path: Path, breaking: DecodingPool) -> None:
    stack = series(tmp_path, dict.fromkeys(range(4), b"CRASH"))
    said = []
    with SourceReader() as sources:
        reader = compressed.CompressedReader(sources)
        for instance in stack.instances:
            with pytest.raises(DicomError) as raised:
                reader.read(instance)
            said.append(str(raised.value))
    assert all("break the decoder" in sentence for sentence in said[:3])
    assert said[3].startswith("003.dcm was left unread, because 3 others here broke the decoder.")


def test_decoders_that_cannot_be_started_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = series(tmp_path, {})
    absent = DecodingPool(1, lambda: (str(tmp_path / "absent"),))
    monkeypatch.setattr(compressed, "decoding_pool", lambda: absent)
    absent.warm(Codec.RLE)
    with pytest.raises(DicomError, match=r"decoder of compressed images cannot be started \(No such file"):
        load_volume(stack, Task())


def test_the_frozen_program_is_its_own_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frozen = DecodingPool(1, lambda: (sys.executable, "-m", "lungview", "--decode-frames"))
    monkeypatch.setattr(compressed, "decoding_pool", lambda: frozen)
    volume = load_volume(series(tmp_path, {}), Task())
    frozen.close()
    np.testing.assert_array_equal(volume.voxels, STORED - 1024)


PARENT = """
    import sys, time
    from lungview.dicom.decoding.pool import decoding_pool
    from lungview.dicom.syntaxes import Codec
    decoding_pool().warm(Codec.RLE)
    print(decoding_pool()._idle[0]._process.pid, flush=True)
    if sys.argv[1] == "stay":
        time.sleep(60)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal here")
@pytest.mark.parametrize("end", ["stay", "go"])
def test_no_decoding_process_outlives_its_program(end: str) -> None:
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(PARENT), end], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        if end == "stay":
            os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    deadline = time.monotonic() + 20
    while is_alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_alive(child)


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"{}\n", b"[]\n", b'{"dtype": "O", "needs_memory": false}\n', b'{"dtype": "<f8", "needs_memory": 0}'],
)
def test_an_answer_that_is_none_is_not_believed(line: bytes) -> None:
    assert Answer.from_line(line) is None


def rewritten(path: Path, change: Callable[[pydicom.Dataset, list[bytes]], None]) -> None:
    dataset = pydicom.dcmread(path)
    frames = list(generate_frames(dataset.PixelData, number_of_frames=int(dataset.get("NumberOfFrames", 1))))
    change(dataset, frames)
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path)


def _with_table(dataset: pydicom.Dataset, frames: list[bytes]) -> None:
    dataset.PixelData = encapsulate(frames, fragments_per_frame=3, has_bot=True)


def _without_table(dataset: pydicom.Dataset, frames: list[bytes]) -> None:
    dataset.PixelData = encapsulate(frames, fragments_per_frame=3, has_bot=False)


def _with_extended_table(dataset: pydicom.Dataset, frames: list[bytes]) -> None:
    dataset.PixelData, dataset.ExtendedOffsetTable, dataset.ExtendedOffsetTableLengths = encapsulate_extended(frames)


def _with_wrong_table(dataset: pydicom.Dataset, frames: list[bytes]) -> None:
    data = bytearray(encapsulate(frames, has_bot=True))
    data[12:16] = b"\x07\0\0\0"
    dataset.PixelData = bytes(data)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, JPEGLosslessSV1])
@pytest.mark.parametrize("change", [_with_table, _without_table, _with_extended_table, _with_wrong_table])
def test_frames_are_found_however_they_are_cut_and_listed(
    tmp_path: Path, syntax: str, change: Callable[[pydicom.Dataset, list[bytes]], None]
) -> None:
    path = write_multiframe(tmp_path / "multi.dcm", Recipe(STORED))
    compress(path, syntax)
    rewritten(path, change)
    (stack,) = scan(path, Task()).stacks
    np.testing.assert_array_equal(load_volume(stack, Task()).voxels, STORED - 1024)


def test_one_frame_in_several_pieces_is_one_slice(tmp_path: Path) -> None:
    path = write_series(tmp_path, Recipe(STORED[:1]))[0]
    compress(path, JPEG2000Lossless)
    rewritten(path, _without_table)
    (stack,) = scan(path, Task()).stacks
    np.testing.assert_array_equal(load_volume(stack, Task()).voxels, STORED[:1] - 1024)


def test_frames_that_a_file_lacks_are_named_and_the_others_shown(tmp_path: Path) -> None:
    path = write_multiframe(tmp_path / "multi.dcm", Recipe(STORED))
    compress(path, RLELossless)
    rewritten(path, lambda dataset, frames: setattr(dataset, "PixelData", encapsulate(frames[:3])))
    (stack,) = scan(path, Task()).stacks
    sentence = check_all_but(load_volume(stack, Task()), 3)
    assert sentence == "multi.dcm holds 3 of its 4 frames. Copy it again."


def test_pieces_that_no_frame_can_be_told_from_are_refused() -> None:
    def item(content: bytes) -> bytes:
        return b"\xfe\xff\x00\xe0" + len(content).to_bytes(4, "little") + content

    data = item(b"") + item(b"\xff\xd8one") + item(b"more") + item(b"yet more")
    with pytest.raises(DicomError, match="3 pieces of compressed pixels, which 2 frames cannot be told from"):
        frame_spans(lambda offset, count: data[offset : offset + count], 0, 2)
    with pytest.raises(DicomError, match="not laid out in items"):
        frame_spans(lambda offset, count: b"\0" * count, 0, 1)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, JPEGLSLossless, JPEGLosslessSV1, RLELossless, HTJ2KLossless])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_stream_cut_short_is_refused_rather_than_shown_in_part(tmp_path: Path, syntax: str, share: float) -> None:
    path = write_series(tmp_path, Recipe(random_stored(1, 64, 64)))[0]
    compress(path, syntax)
    rewritten(
        path,
        lambda dataset, frames: setattr(dataset, "PixelData", encapsulate([frames[0][: int(len(frames[0]) * share)]])),
    )
    (stack,) = scan(path, Task()).stacks
    with pytest.raises(DicomError, match=r"^000\.dcm holds pixels that cannot be decoded"):
        load_volume(stack, Task())


@pytest.mark.parametrize(("syntax", "processes"), [(RLELossless, 1), ("", 0)])
def test_a_scan_readies_a_decoder_where_one_will_be_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, syntax: str, processes: int
) -> None:
    made = DecodingPool(2)
    monkeypatch.setattr(pool, "decoding_pool", lambda: made)
    for path in write_series(tmp_path, Recipe(STORED)) if syntax else ():
        compress(path, syntax)
    write_series(tmp_path / "plain", Recipe(STORED, series=2))
    scan(tmp_path if syntax else tmp_path / "plain", Task(), readies_decoders=True)
    assert len(made._idle) == processes
    made.close()
