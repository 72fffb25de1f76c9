"""Nothing of a patient is noted anywhere, and nothing leaves the computer."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import Dataset

from tests.support.annotations import write_voc
from tests.support.dicom_series import Recipe, write_series
from tests.support.network import guarded_environment
from tests.support.ui import stored_values

NAMES = ("Okonkwo^Adaeze", "Ødegård^Søren", "Đặng^Thị Hương", "Παπαδόπουλος^Ελένη", "Κузнецова^Дарья", "山田^太郎")
IDS = ("MRN-7731942", "0455-22-9981", "PAT.88213-X", "HOSP7719020", "E-55120-44", "患者8842")
BIRTH, STUDY, ACCESSION = "19630417", "20240229", "ACC-991283"
PHYSICIAN, HOSPITAL = "Brannigan^Zelda", "St. Eustachius Hospital"
FOLDER = "Patient Okonkwo Adaeze"

MAY_HOLD_IDS = ("cache/slices/", "data/run/split.csv")
"""Where a training keeps which slices are of one patient, so that none is learned from and measured on."""

MAY_NAME_FOLDERS = ("settings/settings.json", "data/marks/", "data/settings-of-training.toml")
"""Where the program keeps which folders the reader opened, since it must find them again; they stay on the computer."""


def words() -> set[str]:
    """What must stand nowhere, part by part."""
    parts = {part for name in (*NAMES, PHYSICIAN) for part in name.split("^")}
    return {*parts, *NAMES, *IDS, BIRTH, "1963-04-17", STUDY, ACCESSION, HOSPITAL, "Eustachius"}


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six patients in folders that bear their names, readers' boxes, and files that are damaged or none."""
    root = tmp_path_factory.mktemp("scans") / "home" / "zelda" / FOLDER
    for number, (name, patient) in enumerate(zip(NAMES, IDS, strict=True), start=1):

        def edit(dataset: Dataset, k: int, name: str = name, patient: str = patient, number: int = number) -> None:
            dataset.SpecificCharacterSet = "ISO_IR 192"
            dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = name, patient, BIRTH
            dataset.StudyDate, dataset.AccessionNumber = STUDY, ACCESSION
            dataset.ReferringPhysicianName, dataset.InstitutionName = PHYSICIAN, HOSPITAL
            dataset.StudyInstanceUID = f"1.2.3.{number}"
            dataset.add_new(0x00091001, "LO", name)

        recipe = Recipe(stored_values() + number, series=number, edit=edit)
        write_series(root / f"{name} {patient}", recipe)
        for k in (4, 5, 6):
            write_voc(root / "Annotation" / patient, recipe.sop_uid(k), (20, 24, 40, 44))
    whole = next(root.rglob("000.dcm")).read_bytes()
    (root / "damaged.dcm").write_bytes(whole[: len(whole) // 2])
    (root / f"{NAMES[1]}.txt").write_text(NAMES[1])
    (root / "Annotation" / f"{IDS[0]}.xml").write_text(f"<annotation><who>{NAMES[0]}</annotation>")
    return root


@pytest.fixture(scope="module")
def kept(patients: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """What a whole session leaves behind, what it printed, and what is known of its use of the network."""
    folder = tmp_path_factory.mktemp("session")
    environment = guarded_environment(folder) | {"LUNGVIEW_HOME": str(folder / "home"), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.privacy.session", str(patients)],
        cwd=Path(__file__).parents[2], env=environment | {"OMP_NUM_THREADS": "1"}, capture_output=True, check=False,
    )  # fmt: skip
    said = done.stdout.decode(errors="replace")
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-3000:]
    used = folder / "network-used"
    return folder / "home", said, used.read_text() if used.exists() else ""


@pytest.mark.slow
def test_a_session_uses_no_network(kept: tuple[Path, str, str]) -> None:
    _, said, used = kept
    assert used == ""
    assert "sockets 0" in said


@pytest.mark.slow
def test_nothing_kept_tells_of_a_patient(kept: tuple[Path, str, str], patients: Path) -> None:
    home = kept[0]
    texts = {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert {"logs/lungview.log", "data/crash.txt", "data/run/run.jsonl", "data/run/run.json"} <= texts.keys()
    assert [name for name in texts if name.startswith("data/marks/")]
    told = {
        (name, word)
        for name, text in texts.items()
        if not name.startswith(MAY_NAME_FOLDERS)
        for word in {*words(), FOLDER, str(patients), f"{Path.home()}/"}
        if not (word in IDS and name.startswith(MAY_HOLD_IDS))
        for form in (word.encode(), word.encode("unicode_escape"))
        if form in text or word in name
    }
    assert told == set()


@pytest.mark.slow
def test_where_folders_are_kept_nothing_else_is(kept: tuple[Path, str, str], patients: Path) -> None:
    home = kept[0]
    for path in (path for path in home.rglob("*") if path.is_file()):
        name = path.relative_to(home).as_posix()
        if not name.startswith(MAY_NAME_FOLDERS):
            continue
        left = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            left = json.dumps(json.loads(left), ensure_ascii=False)
        for patient, number in zip(NAMES, IDS, strict=True):
            left = left.replace(f"{patient} {number}", "")
        left = left.replace(FOLDER, "").replace("zelda", "")
        assert not [word for word in words() if word in left], name


@pytest.mark.slow
def test_a_copy_made_in_the_session_tells_nothing(kept: tuple[Path, str, str], patients: Path) -> None:
    copy = patients.parent / "copy"
    data = b"".join(str(path.relative_to(copy)).encode() + path.read_bytes() for path in copy.rglob("*.*"))
    assert data
    assert [word for word in words() if word.encode() in data] == []
