"""What a scan finds in folders, files, zips and discs, and what it makes of the rest."""

import gzip
import os
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import JPEG2000Lossless, RLELossless

from lungview.dicom import archive
from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.domain.study import ProblemKind, ScanResult
from lungview.errors import DicomError
from lungview.task import Cancelled, Task
from tests.support.dicom_series import ROOT, Recipe, compress, random_stored, save, write_series
from tests.support.opening import deflate
from tests.support.shared_data import shared


def kinds(result: ScanResult) -> dict[str, ProblemKind]:
    return {problem.source.name: problem.kind for problem in result.problems}


def messages(result: ScanResult) -> str:
    return "\n".join(problem.message for problem in result.problems)


def test_a_series_is_found_at_any_depth_under_any_name(tmp_path: Path) -> None:
    stored = random_stored(6)
    for k, path in enumerate(write_series(tmp_path / "flat", Recipe(stored))):
        deep = tmp_path / "deep" / ("x" * (k + 1))
        deep.mkdir(parents=True)
        path.rename(deep / (f"IM{k}" if k % 2 else f"1.2.3.{k}"))
    (series,) = scan(tmp_path, Task()).series
    assert series.stacks[0].slice_count == 6


def test_files_that_are_no_images_are_named_and_end_nothing(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(random_stored(3)))
    (tmp_path / "notes.txt").write_text("not an image, just some text " * 40)
    (tmp_path / "empty").touch()
    (tmp_path / "box.xml").write_text("<annotation/>")
    (tmp_path / ".DS_Store").write_bytes(b"clutter")
    (tmp_path / "preamble.dcm").write_bytes(b"\0" * 128 + b"DICM")
    result = scan(tmp_path, Task())
    assert result.stacks[0].slice_count == 3
    assert kinds(result).keys() == {"notes.txt", "empty", "preamble.dcm"}
    assert kinds(result)["notes.txt"] is ProblemKind.NOT_DICOM
    assert "notes.txt is no DICOM file" in messages(result)
    assert str(tmp_path) not in messages(result)


def test_a_folder_of_text_files_has_no_patients_and_lists_them(tmp_path: Path) -> None:
    for name in ("a.txt", "b.csv"):
        (tmp_path / name).write_text("text")
    result = scan(tmp_path, Task())
    assert result.patients == ()
    assert [problem.source.name for problem in result.problems] == ["a.txt", "b.csv"]


def test_an_empty_folder_has_neither_patients_nor_problems(tmp_path: Path) -> None:
    result = scan(tmp_path, Task())
    assert (result.patients, result.problems) == ((), ())


def test_a_path_that_is_not_there_is_refused_by_its_short_name(tmp_path: Path) -> None:
    with pytest.raises(DicomError, match=r"^gone is not there.*Choose"):
        scan(tmp_path / "gone", Task())


def test_a_truncated_file_among_good_ones_is_named_with_what_is_left_of_it(tmp_path: Path) -> None:
    paths = write_series(tmp_path, Recipe(random_stored(5, 64, 64)))
    data = paths[2].read_bytes()
    paths[2].write_bytes(data[: len(data) - 6000])
    result = scan(tmp_path, Task())
    assert result.stacks[0].slice_count == 4
    assert kinds(result) == {"002.dcm": ProblemKind.BROKEN}
    assert "002.dcm is cut short: it holds 26 % of its pixels" in messages(result)


@pytest.mark.parametrize("keep", [131, 140, 300, 600])
def test_a_file_cut_inside_its_header_is_broken_not_fatal(tmp_path: Path, keep: int) -> None:
    path = write_series(tmp_path, Recipe(random_stored(1)))[0]
    path.write_bytes(path.read_bytes()[:keep])
    result = scan(tmp_path, Task())
    assert result.patients == ()
    assert len(result.problems) == 1


def test_a_header_that_promises_a_giant_image_is_refused_without_reading_it(tmp_path: Path) -> None:
    def lie(dataset: Dataset, k: int) -> None:
        dataset.Rows = dataset.Columns = 65535

    write_series(tmp_path, Recipe(random_stored(1), edit=lie))
    result = scan(tmp_path, Task())
    assert kinds(result) == {"000.dcm": ProblemKind.BROKEN}
    assert "impossible size of 65535 x 65535" in messages(result)


def test_the_second_file_of_an_image_is_told_as_a_duplicate(tmp_path: Path) -> None:
    paths = write_series(tmp_path, Recipe(random_stored(3)))
    shutil.copy(paths[1], tmp_path / "copy of 001.dcm")
    result = scan(tmp_path, Task())
    assert result.stacks[0].slice_count == 3
    (problem,) = result.problems
    assert problem.kind is ProblemKind.DUPLICATE
    assert "copy of 001.dcm" in problem.message
    assert "001.dcm" in problem.message


def nameless(dataset: Dataset, k: int) -> None:
    """Take away what tells a slice from the others of its series, as programs do that strip names."""
    dataset.SOPInstanceUID = "1.2.3"
    for keyword in ("ImagePositionPatient", "InstanceNumber", "SliceLocation"):
        if keyword in dataset:
            delattr(dataset, keyword)


@pytest.mark.parametrize("syntax", ["", RLELossless, JPEG2000Lossless])
def test_slices_that_share_their_uid_and_all_else_but_the_pixels_are_all_kept(tmp_path: Path, syntax: str) -> None:
    stored = random_stored(4, 40, 36)
    paths = write_series(tmp_path, Recipe(stored, edit=nameless))
    for path in paths if syntax else ():
        compress(path, syntax)
    shutil.copy(paths[2], tmp_path / "copy of 002.dcm")
    result = scan(tmp_path, Task())
    (stack,) = result.stacks
    np.testing.assert_array_equal(load_volume(stack, Task()).voxels, stored - 1024)
    (problem,) = result.problems
    assert problem.kind is ProblemKind.DUPLICATE
    assert problem.message.startswith("copy of 002.dcm calls itself the same image as 002.dcm")


def test_an_image_in_two_encodings_is_one_image(tmp_path: Path) -> None:
    (first,) = write_series(tmp_path, Recipe(random_stored(1, 40, 36)))
    second = shutil.copy(first, tmp_path / "other.dcm")
    compress(Path(second), RLELossless)
    result = scan(tmp_path, Task())
    assert [stack.slice_count for stack in result.stacks] == [1]
    assert kinds(result) == {"other.dcm": ProblemKind.DUPLICATE}


def test_copies_in_a_zip_file_and_packed_copies_are_told_from_other_images(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "in", Recipe(random_stored(3, 40, 36), edit=nameless))
    with zipfile.ZipFile(tmp_path / "case.zip", "w") as zipped:
        for path in paths:
            deflate(path)
            zipped.write(path, path.name)
            zipped.write(path, f"again/{path.name}")
    result = scan(tmp_path / "case.zip", Task())
    assert [stack.slice_count for stack in result.stacks] == [3]
    assert [problem.kind for problem in result.problems] == [ProblemKind.DUPLICATE] * 3


def test_a_single_file_is_scanned_alone(tmp_path: Path) -> None:
    paths = write_series(tmp_path, Recipe(random_stored(3)))
    (stack,) = scan(paths[1], Task()).stacks
    assert stack.slice_count == 1


def test_a_zip_reads_like_the_folder_it_holds(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "in", Recipe(random_stored(4)))
    with zipfile.ZipFile(tmp_path / "case.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in paths:
            zipped.write(path, f"patient/series/{path.name}")
        zipped.writestr("patient/readme.txt", "text")
        zipped.writestr("patient/box.xml", "<annotation/>")
        zipped.writestr("__MACOSX/patient/._000.dcm", "clutter")
    result = scan(tmp_path / "case.zip", Task())
    (stack,) = result.stacks
    assert stack.instances[0].source.member == "patient/series/000.dcm"
    assert stack.instances[0].source.name == "000.dcm"
    assert kinds(result) == {"readme.txt": ProblemKind.NOT_DICOM}
    from_zip = load_volume(stack, Task())
    from_folder = load_volume(scan(tmp_path / "in", Task()).stacks[0], Task())
    np.testing.assert_array_equal(from_zip.voxels, from_folder.voxels)
    (in_folder,) = scan(tmp_path, Task()).series
    assert in_folder.stacks[0].slice_count == 4


def test_a_damaged_zip_is_refused_alone_and_listed_in_a_folder(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(random_stored(2)))
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04" + b"rubbish" * 50)
    with pytest.raises(DicomError, match=r"^bad\.zip is no complete zip file"):
        scan(tmp_path / "bad.zip", Task())
    result = scan(tmp_path, Task())
    assert result.stacks[0].slice_count == 2
    assert kinds(result) == {"bad.zip": ProblemKind.BROKEN}


def test_a_damaged_member_is_told_when_it_is_read(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "in", Recipe(random_stored(3, 64, 64)))
    zip_path = tmp_path / "case.zip"
    with zipfile.ZipFile(zip_path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in paths:
            zipped.write(path, path.name)
        place = zipped.getinfo("001.dcm").header_offset
    data = bytearray(zip_path.read_bytes())
    data[place + 4000 : place + 4100] = bytes(100)
    zip_path.write_bytes(data)
    volume = load_volume(scan(zip_path, Task()).stacks[0], Task())
    ((k, sentence),) = volume.unreadable
    assert k == 1
    assert sentence.startswith("001.dcm is damaged inside its zip file.")
    assert (volume.voxels[1] == -1024).all()


def test_zip_bombs_locked_and_nested_zips_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_SMALL", 1 << 16)
    with zipfile.ZipFile(tmp_path / "case.zip", "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("bomb.dcm", bytes(1 << 20))
        zipped.writestr("inner.zip", b"PK\x05\x06" + bytes(18))
        zipped.writestr("locked.dcm", b"x")
        zipped.getinfo("locked.dcm").flag_bits |= 1
    result = scan(tmp_path / "case.zip", Task())
    assert set(kinds(result).values()) == {ProblemKind.UNSUPPORTED}
    assert kinds(result).keys() == {"bomb.dcm", "inner.zip", "locked.dcm"}


def test_members_that_point_outside_the_zip_are_only_names(tmp_path: Path) -> None:
    data = write_series(tmp_path / "in", Recipe(random_stored(1)))[0].read_bytes()
    with zipfile.ZipFile(tmp_path / "case.zip", "w") as zipped:
        zipped.writestr("../../outside.dcm", data)
    before = sorted(tmp_path.rglob("*"))
    (stack,) = scan(tmp_path / "case.zip", Task()).stacks
    load_volume(stack, Task())
    assert sorted(tmp_path.rglob("*")) == before


def test_a_gzipped_file_reads_like_the_file_in_it(tmp_path: Path) -> None:
    path = write_series(tmp_path / "in", Recipe(random_stored(1)))[0]
    (tmp_path / "slice.dcm.gz").write_bytes(gzip.compress(path.read_bytes()))
    (stack,) = scan(tmp_path / "slice.dcm.gz", Task()).stacks
    expected = load_volume(scan(path, Task()).stacks[0], Task())
    np.testing.assert_array_equal(load_volume(stack, Task()).voxels, expected.voxels)


def test_a_gzip_bomb_is_told_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lungview.dicom.inflate.MAX_INFLATED", 1 << 20)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(1 << 24)))
    result = scan(tmp_path, Task())
    assert kinds(result) == {"bomb.gz": ProblemKind.BROKEN}
    assert "unpacks to far more" in messages(result)


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    write_series(tmp_path / "a", Recipe(random_stored(2)))
    try:
        (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
        (tmp_path / "again").symlink_to(tmp_path / "a", target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")
    result = scan(tmp_path, Task())
    assert result.stacks[0].slice_count == 2
    assert result.problems == ()


@pytest.mark.skipif(sys.platform == "win32" or getattr(os, "geteuid", lambda: 1)() == 0, reason="root may read all")
def test_a_file_that_may_not_be_read_is_named(tmp_path: Path) -> None:
    paths = write_series(tmp_path, Recipe(random_stored(2)))
    paths[0].chmod(0)
    result = scan(tmp_path, Task())
    assert kinds(result) == {"000.dcm": ProblemKind.BROKEN}
    assert "may not be read" in messages(result)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_named_pipes_are_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert scan(tmp_path, Task()).problems == ()


def test_a_scan_can_be_stopped_and_tells_how_far_it_is(tmp_path: Path) -> None:
    write_series(tmp_path, Recipe(random_stored(40)))
    seen: list[tuple[int, int]] = []
    task = Task(lambda done, total: seen.append((done, total)))
    scan(tmp_path, task)
    assert seen[0] == (0, 0)
    assert (0, 40) in seen
    assert seen[-1] == (40, 40)
    stopped = Task(lambda done, total: stopped.cancel())
    with pytest.raises(Cancelled):
        scan(tmp_path, stopped)


def test_a_disc_is_found_by_its_index_and_missing_files_are_told() -> None:
    result = scan(shared("dicomdir-tiny", "DICOMDIR"), Task())
    assert {patient.name for patient in result.patients} == {"Doe^Archibald", "Doe^Peter"}
    told = [problem for problem in result.problems if problem.kind is ProblemKind.BROKEN]
    assert len(told) <= 1
    folder = scan(shared("dicomdir-tiny"), Task())
    assert [stack.key for stack in folder.stacks] == [stack.key for stack in result.stacks]


@pytest.mark.parametrize("name", ["bigEnd", "empty.dcm", "implicit", "nooffset", "nopatient", "reordered"])
def test_odd_indexes_still_lead_to_their_folder(name: str) -> None:
    result = scan(shared("dicomdir-tiny", f"DICOMDIR-{name}"), Task())
    assert len(result.stacks) > 10


def test_files_that_an_index_lists_but_that_are_gone_are_counted(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "IMAGES", Recipe(random_stored(3)), ["A", "B", "C"])
    index = Dataset()
    index.SOPClassUID = "1.2.840.10008.1.3.10"
    index.DirectoryRecordSequence = []
    for path in paths:
        record = Dataset()
        record.DirectoryRecordType, record.ReferencedFileID = "IMAGE", ["IMAGES", path.name]
        index.DirectoryRecordSequence.append(record)
    save(index, tmp_path / "DICOMDIR")
    whole = scan(tmp_path / "DICOMDIR", Task())
    assert whole.stacks[0].slice_count == 3
    assert "not in its folder" not in messages(whole)
    paths[1].unlink()
    result = scan(tmp_path / "DICOMDIR", Task())
    assert result.stacks[0].slice_count == 2
    assert "DICOMDIR lists 3 files, of which 1 is not in its folder" in messages(result)


def test_a_broken_index_is_told_and_its_folder_scanned(tmp_path: Path) -> None:
    write_series(tmp_path / "IMAGES", Recipe(random_stored(3)))
    (tmp_path / "DICOMDIR").write_bytes(bytes(128) + b"DICM" + b"\x99" * 400)
    result = scan(tmp_path / "DICOMDIR", Task())
    assert result.stacks[0].slice_count == 3
    assert "looked through instead" in messages(result)


@pytest.mark.parametrize(
    ("sop_class", "words"),
    [
        ("1.2.840.10008.5.1.4.1.1.88.11", "a structured report"),
        ("1.2.840.10008.5.1.4.1.1.66.4", "a segmentation"),
        ("1.2.840.10008.5.1.4.1.1.481.3", "a radiotherapy structure set"),
        ("1.2.840.10008.5.1.4.1.1.11.1", "a presentation state"),
        ("1.2.840.10008.5.1.4.1.1.104.1", "an encapsulated document"),
    ],
)
def test_other_dicom_objects_are_named_for_what_they_are(tmp_path: Path, sop_class: str, words: str) -> None:
    def become(dataset: Dataset, k: int) -> None:
        dataset.SOPClassUID = sop_class

    write_series(tmp_path, Recipe(random_stored(1), edit=become))
    result = scan(tmp_path, Task())
    assert result.patients == ()
    assert kinds(result) == {"000.dcm": ProblemKind.NOT_AN_IMAGE}
    assert f"000.dcm is {words}, not an image" in messages(result)


def test_a_file_without_preamble_or_meta_information_is_read(tmp_path: Path) -> None:
    stored = random_stored(2)
    for path in write_series(tmp_path, Recipe(stored)):
        data = path.read_bytes()
        start = data.index(b"\x08\x00\x08\x00CS")
        path.write_bytes(data[start:])
    (stack,) = scan(tmp_path, Task()).stacks
    np.testing.assert_array_equal(load_volume(stack, Task()).voxels, stored - 1024)


def test_an_image_without_uids_in_its_data_set_takes_the_one_of_its_meta_information(tmp_path: Path) -> None:
    def blank(dataset: Dataset, k: int) -> None:
        dataset.SOPInstanceUID = dataset.SeriesInstanceUID = dataset.StudyInstanceUID = ""

    write_series(tmp_path, Recipe(random_stored(1), edit=blank))
    (stack,) = scan(tmp_path, Task()).stacks
    assert stack.instances[0].sop_instance_uid == ROOT


def test_scanning_plain_files_does_not_import_pydicom(tmp_path: Path) -> None:
    import subprocess

    write_series(tmp_path, Recipe(random_stored(3)))
    code = (
        "import sys; from pathlib import Path; from lungview.task import Task; from lungview.dicom.scan import scan;"
        "from lungview.dicom.load import load_volume; stack = scan(Path(sys.argv[1]), Task()).stacks[0];"
        "load_volume(stack, Task()); print('pydicom' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "False"
