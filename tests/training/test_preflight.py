"""The look before a training: each thing that can be wrong has its sentence, and the counts are those of training."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from skimage.io import imsave

from lungview_training.cli import main
from lungview_training.config import Role, SourceConfig, SourceKind, SplitKind, TrainingConfig
from lungview_training.data import read_data
from lungview_training.preflight import check as check_module
from lungview_training.preflight.check import check
from lungview_training.preflight.report import PreflightReport, Severity, Topic
from lungview_training.split import Part
from tests.support.annotations import write_voc
from tests.support.dicom_series import ROOT, Recipe, random_stored, write_series
from tests.support.shared_data import shared

BOX = (8, 8, 30, 30)


def _patient(folder: Path, number: int = 1, slices: int = 6, **tags: object) -> Recipe:
    """Write a series 5 mm apart, and return it."""

    def edit(dataset: Dataset, k: int) -> None:
        dataset.PatientID, dataset.StudyInstanceUID = f"P{number}", f"{ROOT}.9.{number}"
        for name, value in tags.items():
            setattr(dataset, name, value)

    recipe = Recipe(random_stored(slices, 64, 64, seed=number), series=number, edit=edit)
    write_series(folder / "dicom" / f"P{number}", recipe)
    return recipe


def _boxed(folder: Path, number: int = 1, slices: int = 6, **tags: object) -> Recipe:
    recipe = _patient(folder, number, slices, **tags)
    write_voc(folder / "Annotation", recipe.sop_uid(0), BOX)
    return recipe


def _config(folder: Path, **settings: object) -> TrainingConfig:
    values = {"cache": str(folder / "cache"), **settings}
    source = SourceConfig(SourceKind.CASE, folder / "data")
    return TrainingConfig("t", folder / "run", (source,), **values)  # type: ignore[arg-type]


def _one(report: PreflightReport, topic: Topic) -> str:
    (remark,) = report.about(topic)
    return remark.message


def test_no_xml_is_said_with_where_to_put_it(tmp_path: Path) -> None:
    _patient(tmp_path / "data")
    report = check(_config(tmp_path))
    assert not report.can_train
    assert "annotations = " in _one(report, Topic.NO_XML)


def test_xml_that_match_nothing_are_said_so(tmp_path: Path) -> None:
    _patient(tmp_path / "data")
    write_voc(tmp_path / "data" / "Annotation", "1.2.3.4.5", BOX)
    report = check(_config(tmp_path))
    assert not report.can_train
    assert "None of 1 XML file" in _one(report, Topic.NO_MATCH)


def test_boxes_on_secondary_captures_alone_cannot_be_learned_from(tmp_path: Path) -> None:
    _boxed(tmp_path / "data", SOPClassUID="1.2.840.10008.5.1.4.1.1.7")
    report = check(_config(tmp_path))
    assert not report.can_train
    assert "secondary captures" in _one(report, Topic.CAPTURES)


def test_three_slices_of_one_patient_are_too_few_to_hold_any_back(tmp_path: Path) -> None:
    _boxed(tmp_path / "data", slices=3)
    report = check(_config(tmp_path))
    assert report.can_train
    assert "by heart" in _one(report, Topic.FEW)
    assert "one patient" in _one(report, Topic.ONE_PATIENT)
    (row,) = report.patients
    assert (row.slices, row.with_lesion, row.lesion_free, row.left_out) == (2, 1, 1, 1)


def test_too_few_for_validation_are_said_so(tmp_path: Path) -> None:
    for number in range(1, 4):
        _boxed(tmp_path / "data", number)
    report = check(_config(tmp_path))
    messages = [remark.message for remark in report.about(Topic.VALIDATION)]
    assert any(message.startswith("Nobody with a lesion is left for validation") for message in messages)
    assert any("Only 1 patient with a lesion in test" in message for message in messages)


def test_a_full_disk_stops_with_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _boxed(tmp_path / "data")
    monkeypatch.setattr(check_module, "free_bytes", lambda _: 10)
    report = check(_config(tmp_path))
    assert not report.can_train
    assert "free space" in _one(report, Topic.DISK)
    assert report.cache_bytes > 0


def test_an_output_that_cannot_be_written_stops(tmp_path: Path) -> None:
    _boxed(tmp_path / "data")
    (tmp_path / "run").write_text("a file")
    report = check(_config(tmp_path))
    assert not report.can_train
    assert "run is not a folder" in _one(report, Topic.OUTPUT)


def test_a_cache_that_cannot_be_written_stops(tmp_path: Path) -> None:
    _boxed(tmp_path / "data")
    (tmp_path / "cache").write_text("a file")
    report = check(_config(tmp_path))
    assert not report.can_train
    assert 'cache = "off"' in _one(report, Topic.DISK)


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    _boxed(tmp_path / "data")
    path = tmp_path / "data" / "dicom" / "P1" / "003.dcm"
    path.write_bytes(path.read_bytes()[:-3000])
    write_voc(tmp_path / "data" / "Annotation", f"{ROOT}.1.2", BOX).write_text("<annotation>")
    report = check(_config(tmp_path))
    assert report.can_train
    names = [remark.names for remark in report.about(Topic.UNREADABLE)]
    assert ("003.dcm",) in names
    assert (f"{ROOT}.1.2.xml",) in names


def test_boxes_outside_the_image_are_named(tmp_path: Path) -> None:
    recipe = _boxed(tmp_path / "data")
    write_voc(tmp_path / "data" / "Annotation", recipe.sop_uid(4), (70, 70, 90, 90))
    report = check(_config(tmp_path))
    (remark,) = report.about(Topic.OUTSIDE)
    assert remark.severity is Severity.WARNING
    assert remark.names == (f"{recipe.sop_uid(4)}.xml",)


def test_two_names_for_one_study_are_told_and_kept_together(tmp_path: Path) -> None:
    for number in range(1, 7):
        _boxed(tmp_path / "data", number, StudyInstanceUID=f"{ROOT}.9.{min(number, 5)}")
    report = check(_config(tmp_path))
    (remark,) = report.about(Topic.DUPLICATES)
    assert remark.names == ("P5", "P6")
    parts = {row.name: row.part for row in report.patients}
    assert parts["P5"] == parts["P6"]


def test_patients_without_boxes_and_xml_without_images_are_counted(tmp_path: Path) -> None:
    _boxed(tmp_path / "data", 1)
    _patient(tmp_path / "data", 2)
    write_voc(tmp_path / "data" / "Annotation", "1.2.3.4.5", BOX)
    report = check(_config(tmp_path))
    assert [remark.names for remark in report.about(Topic.UNBOXED)] == [("P2",)]
    assert [remark.names for remark in report.about(Topic.NO_MATCH)] == [("1.2.3.4.5.xml",)]


def _pictures(folder: Path, subjects: int = 8) -> Path:
    rows = ["subject,slice,xmin,ymin,xmax,ymax"]
    random = np.random.default_rng(1)
    for subject in range(subjects):
        (folder / "images" / f"S{subject}").mkdir(parents=True)
        for number in range(3):
            picture = random.integers(0, 255, (40, 40)).astype(np.uint8)
            imsave(folder / "images" / f"S{subject}" / f"{number}.png", picture, check_contrast=False)
            rows.append(f"S{subject},{number}," + ("5,5,20,20" if number else ",,,"))
    (folder / "boxes.csv").write_text("\n".join(rows) + "\n")
    (folder / "dataset.toml").write_text('values = "hu"\n')
    return folder


def _picture_config(tmp_path: Path) -> TrainingConfig:
    source = SourceConfig(SourceKind.IMAGES, tmp_path / "pictures")
    return TrainingConfig("t", tmp_path / "run", (source,), cache=str(tmp_path / "cache"), validation_share=0.2)


def _missing(folder: Path) -> None:
    (folder / "images" / "S0" / "1.png").unlink()


def _broken(folder: Path) -> None:
    path = folder / "images" / "S0" / "1.png"
    path.write_bytes(path.read_bytes()[:-300])


def _coloured(folder: Path) -> None:
    imsave(folder / "images" / "S0" / "1.png", np.zeros((40, 40, 3), dtype=np.uint8), check_contrast=False)


def _outside(folder: Path) -> None:
    table = (folder / "boxes.csv").read_text()
    (folder / "boxes.csv").write_text(table.replace("S0,1,5,5,20,20", "S0,1,45,45,60,60"))


@pytest.mark.parametrize(
    ("spoil", "topic"),
    [
        (_missing, Topic.SOURCE),
        (_broken, Topic.UNREADABLE),
        (_coloured, Topic.UNREADABLE),
        (_outside, Topic.OUTSIDE),
    ],
)
def test_pictures_that_cannot_be_used_are_named_and_left_out_as_training_does(
    tmp_path: Path, spoil: Callable[[Path], None], topic: Topic
) -> None:
    spoil(_pictures(tmp_path / "pictures"))
    config = _picture_config(tmp_path)
    report = check(config)
    assert report.can_train
    (remark,) = report.about(topic)
    assert remark.names == ("1.png",)
    told: list[str] = []
    data = read_data(config, on_left_out=told.append)
    counts = {tally.name: tally.slices for tally in report.parts}
    assert counts == {"train": len(data.train), "validation": len(data.validation), "test": len(data.test)}
    assert sum(counts.values()) == 23
    assert len(told) == 1


def test_the_same_picture_of_two_patients_keeps_them_together(tmp_path: Path) -> None:
    folder = _pictures(tmp_path / "pictures")
    same = (folder / "images" / "S2" / "1.png").read_bytes()
    (folder / "images" / "S5" / "2.png").write_bytes(same)
    config = _picture_config(tmp_path)
    report = check(config)
    (remark,) = report.about(Topic.DUPLICATES)
    assert remark.names == ("S2", "S5")
    data = read_data(config)
    assert data.split.part_of("S2") is data.split.part_of("S5")
    for row in report.patients:
        assert data.split.part_of(row.name).value == row.part


def test_what_is_decoded_already_needs_no_disk(tmp_path: Path) -> None:
    _pictures(tmp_path / "pictures")
    config = _picture_config(tmp_path)
    assert check(config).cache_bytes > 0
    read_data(config)
    assert check(config).cache_bytes == 0


@pytest.mark.parametrize(("name", "text"), [("dataset.toml", "rotate = 45\n"), ("boxes.csv", "a,b\n1,2\n")])
def test_a_spoilt_table_stops_with_its_name(tmp_path: Path, name: str, text: str) -> None:
    (_pictures(tmp_path / "pictures") / name).write_text(text)
    report = check(_picture_config(tmp_path))
    assert not report.can_train
    assert name in _one(report, Topic.SOURCE)


def test_a_source_that_is_not_there_stops(tmp_path: Path) -> None:
    report = check(_picture_config(tmp_path))
    assert not report.can_train
    assert "is not there" in _one(report, Topic.SOURCE)


def test_a_split_by_image_is_labelled_leaking(tmp_path: Path) -> None:
    _boxed(tmp_path / "data", slices=12)
    report = check(_config(tmp_path, split=SplitKind.IMAGE))
    assert report.about(Topic.LEAK)
    assert "both sides" in report.split


def test_the_report_is_that_of_a_real_training() -> None:
    sources = (
        SourceConfig(SourceKind.IMAGES, shared("msd-lung-256")),
        SourceConfig(SourceKind.FOLDER, shared("lung-pet-ct-dx-boxed"), Role.TRAIN),
        SourceConfig(SourceKind.CROPS, shared("lidc-nodule-crops"), Role.TRAIN),
    )
    report = check(TrainingConfig("t", Path("nowhere-to-be"), sources), seconds_per_step=0.5)
    assert report.can_train
    assert sum(tally.slices for tally in report.parts) == 887 + 71
    assert sum(tally.boxes for tally in report.parts) == 713 + 20
    assert {tally.name: tally.patients for tally in report.subtypes} == {"": 46, "A": 1}
    assert next(row.part for row in report.patients if row.subtype == "A") == Part.TRAIN
    assert report.seconds == 0.5 * 2500
    assert len(report.patients) == 47


def test_the_command_says_in_words_and_in_json_what_it_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = _pictures(tmp_path / "pictures")
    assert main(["check", str(folder), "--seconds-per-step", "1"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("pictures: Training can start; ")
    assert "42 min" in text
    (folder / "boxes.csv").write_text("x\n")
    assert main(["check", str(folder), "--json"]) == 1
    plain = json.loads(capsys.readouterr().out)
    assert plain["can_train"] is False
    assert plain["remarks"][0]["severity"] == "stop"


def test_a_trial_step_gives_the_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = _pictures(tmp_path / "pictures", subjects=2)
    (tmp_path / "t.toml").write_text(
        'name = "t"\noutput = "run"\nsteps = 600\nbatch_size = 2\nfield_size = 64\nimage_size = 64\nsheet_share = 0\n'
        f'device = "cpu"\n[[sources]]\nkind = "images"\npath = "{folder.as_posix()}"\n'
    )
    assert main(["check", str(tmp_path / "t.toml"), "--dry-batch"]) == 0
    assert "Time: about" in capsys.readouterr().out


def test_the_look_needs_neither_torch_nor_qt(tmp_path: Path) -> None:
    _boxed(tmp_path / "data")
    code = (
        "import sys; from pathlib import Path; from lungview_training.preflight.command import config_for;"
        "from lungview_training.preflight.check import check; from lungview_training.preflight.text import to_text;"
        f"to_text(check(config_for(Path({str(tmp_path / 'data')!r}))));"
        "sys.exit(any(name in sys.modules for name in ('torch', 'PySide6')))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
