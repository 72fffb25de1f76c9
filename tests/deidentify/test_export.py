"""A whole copy: opens like the original, tells nothing of it, and is whole or not there."""

import errno
import shutil
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, RLELossless, SecondaryCaptureImageStorage

from lungview.cli.main import main
from lungview.deidentify import images
from lungview.deidentify.export import export
from lungview.deidentify.values import Exported, LeftOut, Options
from lungview.dicom.load import load_volume
from lungview.dicom.scan import scan
from lungview.dicom.sources import SourceReader
from lungview.domain.study import FileSource
from lungview.errors import ExportError, LungViewError, NothingFoundError
from lungview.reading.case import Case, open_case
from lungview.task import Cancelled, Task
from tests.deidentify.planting import SECRET, SECRET_DATE, is_clean, plant_into
from tests.support.annotations import write_voc
from tests.support.dicom_series import Recipe, compress, random_stored, write_multiframe, write_series
from tests.support.shared_data import shared

BOX = (1, 2, 5, 6)


def tell(dataset: Dataset, k: int) -> None:
    """Plant into a slice what the profile must remove, and leave what the picture needs."""
    kept = {element.tag: element for element in dataset}
    plant_into(dataset, few=k > 0)
    for tag, element in kept.items():
        if element.keyword not in ("PatientName", "PatientID", "PatientBirthDate", "StudyDescription", "StudyDate"):
            dataset[tag] = element


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A telling series with a box on two slices, in folders that tell too."""
    tmp_path = tmp_path_factory.mktemp("written")
    recipe = Recipe(random_stored(6), edit=tell, intercept=-1000.0)
    folder = tmp_path / SECRET / "dicom"
    write_series(folder / SECRET, recipe, [f"{SECRET}{k}" for k in range(6)])
    for k in (2, 3):
        path = write_voc(tmp_path / SECRET / "Annotation", recipe.sop_uid(k), BOX, name="A")
        path.write_text(path.read_text().replace("Unknow", SECRET))
    return tmp_path


@pytest.fixture
def patient(written: Path, tmp_path: Path) -> Path:
    """The telling series in a folder of its own."""
    shutil.copytree(written / SECRET, tmp_path / SECRET)
    return tmp_path / SECRET / "dicom"


def copied(path: Path, out: Path, options: Options | None = None) -> Exported:
    return export(open_case(path, Task()), out, options or Options(), Task())


def all_bytes(folder: Path) -> bytes:
    parts = [str(path.relative_to(folder)).encode() for path in folder.rglob("*")]
    return b"\n".join(parts + [path.read_bytes() for path in folder.rglob("*") if path.is_file()])


def assert_same_pictures(one: Case, other: Case) -> None:
    assert len(one.scan.stacks) == len(other.scan.stacks)
    for mine, theirs in zip(one.scan.stacks, other.scan.stacks, strict=True):
        first, second = load_volume(mine, Task()), load_volume(theirs, Task())
        np.testing.assert_array_equal(first.voxels, second.voxels)
        np.testing.assert_allclose(first.geometry.origins, second.geometry.origins)
        assert first.geometry.pixel_spacing_mm == second.geometry.pixel_spacing_mm
        assert (mine.kind, mine.modality, mine.unit) == (theirs.kind, theirs.modality, theirs.unit)
        found = {at: [each.box for each in boxes] for at, boxes in one.findings_by_slice(mine).items()}
        assert found == {at: [each.box for each in boxes] for at, boxes in other.findings_by_slice(theirs).items()}


@pytest.mark.parametrize("options", [Options(), Options(shifts_dates=True)])
def test_the_copy_shows_the_same_and_tells_nothing(patient: Path, tmp_path: Path, options: Options) -> None:
    exported = copied(patient, tmp_path / "copy", options)
    assert (exported.patients, exported.images, exported.boxes) == (1, 6, 2)
    data = all_bytes(tmp_path / "copy")
    assert SECRET.encode() not in data
    assert SECRET_DATE.encode() not in data
    assert b"Phantom" not in data
    assert Recipe(random_stored(1)).sop_uid(0).encode() not in data
    assert_same_pictures(open_case(patient, Task()), open_case(tmp_path / "copy", Task()))
    if not options.shifts_dates:
        assert is_clean(data)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLosslessSV1])
def test_compressed_pixels_stay_as_they_are(tmp_path: Path, syntax: str) -> None:
    for path in write_series(tmp_path / "case", Recipe(random_stored(3, 32, 32).view(np.uint16))):
        compress(path, syntax)
    copied(tmp_path / "case", tmp_path / "copy")
    assert_same_pictures(open_case(tmp_path / "case", Task()), open_case(tmp_path / "copy", Task()))
    assert {dcmread(path).file_meta.TransferSyntaxUID for path in (tmp_path / "copy").rglob("*.dcm")} == {syntax}


def test_frames_of_one_file_and_members_of_a_zip_are_copied(tmp_path: Path) -> None:
    write_multiframe(tmp_path / "frames.dcm", Recipe(random_stored(4)))
    with zipfile.ZipFile(tmp_path / "case.zip", "w") as archive:
        archive.write(tmp_path / "frames.dcm", f"{SECRET}/frames.dcm")
    exported = copied(tmp_path / "case.zip", tmp_path / "copy")
    assert exported.images == 4
    assert_same_pictures(open_case(tmp_path / "frames.dcm", Task()), open_case(tmp_path / "copy", Task()))


def test_patients_stay_apart_and_their_studies_together(tmp_path: Path) -> None:
    def named(name: str, study: int) -> Callable[[Dataset, int], None]:
        def edit(dataset: Dataset, k: int) -> None:
            dataset.PatientName = dataset.PatientID = name
            dataset.StudyInstanceUID = f"1.2.3.{name}.{study}".replace("Ann", "1").replace("Bo", "2")
            dataset.SOPInstanceUID = f"{dataset.StudyInstanceUID}.{k}"
            dataset.SeriesInstanceUID = f"{dataset.StudyInstanceUID}.9"

        return edit

    for name, study in (("Ann", 1), ("Ann", 2), ("Bo", 3)):
        write_series(tmp_path / "case" / str(study), Recipe(random_stored(2), edit=named(name, study)))
    copied(tmp_path / "case", tmp_path / "copy")
    found = scan(tmp_path / "copy", Task()).patients
    assert sorted(len(patient.studies) for patient in found) == [1, 2]
    assert all(patient.id.startswith("P-") and patient.id == patient.name for patient in found)


def test_pictures_of_screens_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    def capture(dataset: Dataset, k: int) -> None:
        dataset.SOPClassUID = SecondaryCaptureImageStorage

    def burned(dataset: Dataset, k: int) -> None:
        dataset.BurnedInAnnotation = "YES"

    write_series(tmp_path / "case" / "ct", Recipe(random_stored(3)))
    write_series(tmp_path / "case" / "screen", Recipe(random_stored(2), series=2, edit=capture))
    write_series(tmp_path / "case" / "burned", Recipe(random_stored(1), series=3, edit=burned))
    exported = copied(tmp_path / "case", tmp_path / "copy")
    assert exported.images == 3
    assert exported.left_out[LeftOut.CAPTURE] == 3
    assert "may show a name" in " ".join(exported.in_words())
    everything = copied(tmp_path / "case", tmp_path / "all", Options(captures=True))
    assert everything.images == 6
    shutil.rmtree(tmp_path / "case" / "ct")
    shutil.rmtree(tmp_path / "case" / "burned")
    with pytest.raises(ExportError, match="pictures of screens"):
        copied(tmp_path / "case", tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_boxes_stay_behind_where_they_are_not_wanted(patient: Path, tmp_path: Path) -> None:
    assert copied(patient, tmp_path / "copy", Options(boxes=False)).boxes == 0
    assert not list((tmp_path / "copy").rglob("*.xml"))


def test_nothing_is_ever_written_over(patient: Path, tmp_path: Path) -> None:
    out = tmp_path / "copy"
    out.mkdir()
    (out / "theirs").write_text("theirs")
    with pytest.raises(ExportError, match="not empty"):
        copied(patient, out)
    assert [each.name for each in out.iterdir()] == ["theirs"]
    with pytest.raises(ExportError, match="inside the folder"):
        copied(patient, patient / "copy")
    (tmp_path / "empty").mkdir()
    assert copied(patient, tmp_path / "empty").images == 6


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_that_refuses_leaves_nothing_and_is_told(
    patient: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    written = []

    def refuse(self: Dataset, path: Path, **_: object) -> None:
        written.append(path)
        if len(written) == 3:
            raise OSError(number, "refused")

    monkeypatch.setattr(Dataset, "save_as", refuse)
    before = sorted(each.name for each in tmp_path.iterdir())
    with pytest.raises(ExportError, match="Nothing was left there"):
        copied(patient, tmp_path / "copy")
    assert sorted(each.name for each in tmp_path.iterdir()) == before


def test_a_full_disk_is_seen_beforehand(patient: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: full)
    with pytest.raises(ExportError, match="0 MB left"):
        copied(patient, tmp_path / "copy")


def test_a_copy_that_is_stopped_leaves_nothing(patient: Path, tmp_path: Path) -> None:
    before = sorted(each.name for each in tmp_path.iterdir())
    task = Task(lambda done, _total: task.cancel() if done == 3 else None)
    with pytest.raises(Cancelled):
        export(open_case(patient, Task()), tmp_path / "copy", Options(), task)
    assert sorted(each.name for each in tmp_path.iterdir()) == before


def test_a_file_that_goes_missing_is_told_and_the_others_copied(
    patient: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = open_case(patient, Task())
    next(path for path in patient.rglob(f"{SECRET}4")).write_bytes(b"DICM" * 100)
    reading = images.read_image

    def vanish(reader: SourceReader, source: FileSource) -> Dataset:
        if source.name == f"{SECRET}5":
            source.path.unlink()
        return reading(reader, source)

    monkeypatch.setattr("lungview.deidentify.export.read_image", vanish)
    exported = export(case, tmp_path / "copy", Options(), Task())
    assert exported.images == 4
    assert exported.left_out[LeftOut.UNREADABLE] == 2


def test_a_case_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    with pytest.raises(NothingFoundError, match="empty"):
        copied(tmp_path / "case", tmp_path / "copy")


def test_a_label_that_holds_the_name_goes(tmp_path: Path) -> None:
    recipe = Recipe(random_stored(2))
    write_series(tmp_path / "case", recipe)
    write_voc(tmp_path / "Annotation", recipe.sop_uid(0), BOX, name="nodule of Phantom")
    write_voc(tmp_path / "Annotation", recipe.sop_uid(1), BOX, name="B")
    copied(tmp_path / "case", tmp_path / "copy")
    case = open_case(tmp_path / "copy", Task())
    assert [found[0].label for found in case.findings_by_slice(case.scan.stacks[0]).values()] == ["", "B"]


def test_the_command_tells_what_it_did_and_wants_to_be_told(
    patient: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["export", str(patient), "--out", str(tmp_path / "copy")]
    assert main(words) == 2
    assert not (tmp_path / "copy").exists()
    capsys.readouterr()
    assert main([*words, "--deidentified", "--shift-dates"]) == 0
    out = capsys.readouterr().out
    assert "6 images of 1 patient and 2 boxes" in out
    assert SECRET not in out
    assert main([*words, "--deidentified"]) == 1
    assert "not empty" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["ct-tiny-legacy-enhanced", "dicomdir-tiny", "torture-charset", "ct-abdomen-j2k-totalseg", "ct-3slice-seg",
             "torture-structure", "torture-transfer-syntax"],
)  # fmt: skip
def test_real_cases_look_the_same_in_their_copy(name: str, tmp_path: Path) -> None:
    case = open_case(shared(name), Task())
    stacks = [stack for stack in case.scan.stacks if stack.slice_count <= 200]
    if not stacks:
        pytest.skip("no images of its own")
    exported = export(case, tmp_path / "copy", Options(captures=True), Task())
    copy = open_case(tmp_path / "copy", Task())
    assert exported.left_out.get(LeftOut.UNREADABLE, 0) == sum(
        each.kind.value in ("broken", "unsupported") for each in case.scan.problems
    )
    assert sum(stack.slice_count for stack in copy.scan.stacks) == exported.images
    data = all_bytes(tmp_path / "copy")
    for patient in case.scan.patients:
        for word in (patient.name, patient.id):
            assert len(word) < 8 or word.encode() not in data
    _assert_alike(case, copy)


def _assert_alike(case: Case, copy: Case) -> None:
    """The same pictures in the same stacks, whatever order patients have now."""

    def pictures(each: Case) -> list[str]:
        found = []
        for stack in each.scan.stacks:
            try:
                volume = load_volume(stack, Task())
            except LungViewError:
                continue
            seen = volume.voxels.tobytes() + np.round(volume.geometry.origins, 3).tobytes()
            found.append(sha256(seen).hexdigest())
        return sorted(found)

    assert pictures(case) == pictures(copy)
