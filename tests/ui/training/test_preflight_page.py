"""The page before a training: what stands in the way of each kind of folder, and what a trial step tells."""

import shutil
import threading
from collections import namedtuple
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import Dataset
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from lungview.errors import LungViewError
from lungview.task import Cancelled, Task
from lungview.training_services import check
from lungview.ui.jobs import JobRunner
from lungview.ui.training.preflight_page import PreflightPage
from lungview.ui.training.services import TrainingServices
from lungview.ui.training.setup_page import SetupPage
from lungview_training.config import SourceConfig, TrainingConfig
from lungview_training.opened_once import OpenCase
from lungview_training.preflight.report import DryBatch
from lungview_training.supervision.folder_look import FolderLook, look_at_folder
from lungview_training.supervision.plan import BaseModel, Choices
from lungview_training.supervision.proof import Proof
from lungview_training.supervision.sensible import sensible_settings
from tests.support.annotations import write_voc
from tests.support.dicom_series import Recipe, write_series
from tests.support.ui import LESION, stored_values, write_patient
from tests.training.supervision.tiny import write_pictures

_LONG_MS = 60_000
_FRESH = BaseModel("fresh", "Nothing: an untrained network", "compact", None)
_CHOICES = Choices.from_sensible(sensible_settings(20, 1), _FRESH)

Trial = Callable[[TrainingConfig, Sequence[SourceConfig], Task], DryBatch]
Show = Callable[..., PreflightPage]


def _no_proof(_config: TrainingConfig, _base: str, _weights: Path, _task: Task) -> Proof:
    raise AssertionError("nothing is to be proved here")


def _quick(_config: TrainingConfig, _part: Sequence[SourceConfig], _task: Task) -> DryBatch:
    return DryBatch(1.5, "cpu", 2 << 30)


@pytest.fixture
def show(qtbot: QtBot, runner: JobRunner, tmp_path: Path) -> Show:
    """Checks a folder on a page that is seen; waits until it is told."""

    def shown(
        folder: Path, annotations: Path | None = None, *, trial: Trial = _quick, place: Path | None = None
    ) -> PreflightPage:
        services = TrainingServices(
            base_models=lambda: (_FRESH,), devices=lambda: ("cpu",), check=check, trial=trial, prove=_no_proof
        )
        page = PreflightPage(runner, services, place or tmp_path / "trainings")
        qtbot.addWidget(page)
        page.show()

        def look(task: Task, opened: OpenCase) -> FolderLook:
            return look_at_folder(folder, annotations, task, opened)

        page.check(look, replace(_CHOICES, annotations=annotations))
        qtbot.waitUntil(lambda: page.found is not None and not page.is_busy, timeout=_LONG_MS)
        return page

    return shown


def _refused(page: PreflightPage) -> str:
    """Why nothing can be trained, as it is read."""
    assert page.found is not None
    assert page.found.config is None
    assert not page.trial.is_busy
    assert any(label.text() == "This cannot be trained yet" for label in page.findChildren(QLabel))
    return page.sentences[0]


def test_no_xml(show: Show, tmp_path: Path) -> None:
    told = _refused(show(write_patient(tmp_path, boxed=())))
    assert "No readers' boxes (XML) were found" in told
    assert "choose the annotation folder, or draw boxes" in told


def test_xml_that_match_nothing(show: Show, tmp_path: Path) -> None:
    folder = write_patient(tmp_path, boxed=())
    write_voc(tmp_path / "Annotation" / "A0001", "1.2.3.4.5", LESION)
    told = _refused(show(folder, tmp_path / "Annotation"))
    assert "none belongs to a slice" in told
    assert "choose the annotation folder of these very images" in told


def test_three_slices(show: Show, tmp_path: Path) -> None:
    told = _refused(show(write_patient(tmp_path)))
    assert "Only 3 slices carry boxes" in told
    assert "Box more slices" in told


def test_secondary_captures_only(show: Show, tmp_path: Path) -> None:
    def capture(dataset: Dataset, _k: int) -> None:
        dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
        del dataset.RescaleSlope, dataset.RescaleIntercept

    folder = tmp_path / "captures"
    write_series(folder, Recipe(stored_values(), edit=capture))
    told = _refused(show(folder))
    assert "secondary captures" in told
    assert "choose the folder with the CT slices" in told


def test_one_patient_can_be_trained_on_with_a_warning(show: Show, tmp_path: Path) -> None:
    page = show(write_patient(tmp_path, boxed=range(1, 11)))
    assert page.found is not None
    assert page.found.config is not None
    assert any("of one patient" in each and "Add patients" in each for each in page.sentences)


def test_a_full_disk(show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage(1 << 40, (1 << 40) - (1 << 20), 1 << 20))
    told = _refused(show(write_patient(tmp_path, boxed=range(1, 11))))
    assert "nearly full: 0.0 GB are free" in told
    assert "Free space, or discard old trainings" in told


def test_a_run_folder_that_cannot_be_written(show: Show, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    told = _refused(show(write_patient(tmp_path, boxed=range(1, 11)), place=tmp_path / "file" / "trainings"))
    assert "cannot be written" in told
    assert "make it writable" in told


def test_memory_of_the_card_that_is_taken_is_told_and_no_hindrance(qtbot: QtBot, show: Show, tmp_path: Path) -> None:
    remark = "The memory of the graphics card is taken (0.4 of 8 GB are free): the training uses the CPU."
    page = show(
        write_pictures(tmp_path / "pictures"), trial=lambda _config, _part, _task: DryBatch(2.0, "cpu", remark=remark)
    )
    qtbot.waitUntil(lambda: page.dry_batch is not None, timeout=_LONG_MS)
    assert remark in page.sentences
    assert page.found is not None
    assert page.found.config is not None


def test_findings_come_first_and_the_trial_step_after_them(qtbot: QtBot, show: Show, tmp_path: Path) -> None:
    may_go = threading.Event()
    parts: list[Sequence[SourceConfig]] = []

    def slow(config: TrainingConfig, part: Sequence[SourceConfig], _task: Task) -> DryBatch:
        parts.append(part)
        assert may_go.wait(30)
        return DryBatch(1.5, "cuda", 2 << 30, 3 << 30, micro_batch=config.batch_size // 2)

    page = show(write_patient(tmp_path, boxed=range(1, 11)), trial=slow)
    assert page.found is not None
    assert page.found.config is not None
    assert page.trial.is_busy
    assert page.trial.isVisible()
    assert not any("trial step took" in each for each in page.sentences)
    may_go.set()
    qtbot.waitUntil(lambda: page.dry_batch is not None, timeout=_LONG_MS)
    said = "\n".join(page.sentences)
    minutes = round(1.5 * page.found.config.steps / 60)
    assert f"1.5 s on the graphics card: about {minutes} min for all {page.found.config.steps} steps" in said
    assert "2.0 GB of memory and 3.0 GB of the graphics card's" in said
    assert "goes in passes of 4 slices" in said
    assert not page.trial.isVisible()
    [(part,)] = parts
    assert part.path.name == "series1"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (LungViewError("A trial step failed: the weights do not fit. Choose another model."), "Choose another model"),
        (OSError("fork"), "A trial step failed: OSError"),
    ],
)
def test_a_step_that_cannot_be_taken_forbids_the_training_and_says_why(
    qtbot: QtBot, show: Show, tmp_path: Path, error: Exception, words: str
) -> None:
    def fail(_config: TrainingConfig, _part: Sequence[SourceConfig], _task: Task) -> DryBatch:
        raise error

    page = show(write_pictures(tmp_path / "pictures"), trial=fail)
    qtbot.waitUntil(lambda: page.found is not None and page.found.config is None, timeout=_LONG_MS)
    assert words in _refused(page)


def test_leaving_the_page_ends_the_trial_step(qtbot: QtBot, show: Show, tmp_path: Path) -> None:
    begun, ended = threading.Event(), threading.Event()

    def endless(_config: TrainingConfig, _part: Sequence[SourceConfig], task: Task) -> DryBatch:
        begun.set()
        try:
            while True:
                task.check()
                threading.Event().wait(0.02)
        except Cancelled:
            ended.set()
            raise

    page = show(write_pictures(tmp_path / "pictures"), trial=endless)
    assert begun.wait(30)
    page.cancel()
    assert ended.wait(30)
    assert not page.trial.is_busy
    assert page.dry_batch is None


def test_a_look_that_is_cancelled_leaves_a_page_that_can_look_again(
    qtbot: QtBot, runner: JobRunner, tmp_path: Path
) -> None:
    page = SetupPage(runner)
    qtbot.addWidget(page)
    page.set_bases((_FRESH,), "")
    folder = write_pictures(tmp_path / "pictures")
    page.choose_folder(folder)
    runner.cancel_all()
    qtbot.waitUntil(lambda: not runner.jobs, timeout=_LONG_MS)
    assert page.found.text() == ""
    page.choose_folder(folder)
    qtbot.waitUntil(lambda: page.is_ready, timeout=_LONG_MS)


def test_only_the_last_folder_chosen_is_told_of(qtbot: QtBot, runner: JobRunner, tmp_path: Path) -> None:
    page = SetupPage(runner)
    qtbot.addWidget(page)
    page.set_bases((_FRESH,), "")
    first, last = write_patient(tmp_path, boxed=range(1, 11)), write_pictures(tmp_path / "pictures")
    page.choose_folder(first)
    page.choose_folder(last)
    qtbot.waitUntil(lambda: page.is_ready, timeout=_LONG_MS)
    assert page.look is not None
    assert page.look.path == last
    assert page.found.text().startswith("15 boxed slices of 5 patients")
