"""The trial step before a training: in a process of its own, told in figures or in a sentence, and soon given up."""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lungview import processes
from lungview.processes import is_alive
from lungview.reading.case import Case, open_case
from lungview.task import Cancelled, Task
from lungview.training_services import check
from lungview_training.opened_once import OpenedOnce
from lungview_training.supervision.folder_look import look_at_folder
from lungview_training.supervision.plan import BaseModel, Choices, plan
from lungview_training.supervision.sensible import sensible_settings
from lungview_training.supervision.trial import TrialError, trial_step
from tests.support.shared_data import shared
from tests.support.ui import write_patient
from tests.training.supervision.tiny import tiny_config, write_pictures


@pytest.fixture(autouse=True)
def unhindered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine would never come to a process that stands back."""
    monkeypatch.setattr(processes, "LOWERED", 0)


def _script(code: str) -> Callable[[Path], list[str]]:
    return lambda _settings: [sys.executable, "-c", code]


def test_a_trial_step_tells_time_memory_and_device(tmp_path: Path) -> None:
    config = tiny_config(write_pictures(tmp_path / "pictures"))
    found = trial_step(config, config.sources, Task())
    assert found.seconds > 0
    assert found.device == "cpu"
    assert found.memory_bytes > 50 << 20 or sys.platform == "win32"
    assert (found.device_bytes, found.micro_batch, found.remark) == (0, 0, "")
    assert not config.output.exists()


@pytest.mark.slow
def test_the_part_of_a_real_folder_is_enough_for_a_step(tmp_path: Path) -> None:
    look = look_at_folder(shared("lung-pet-ct-dx-boxed"), None, Task())
    base = BaseModel("fresh", "Nothing", "compact", None)
    config = plan(look, Choices.from_sensible(sensible_settings(look.slices, 3), base), tmp_path / "out")
    assert look.part is not None
    assert look.part.path.is_relative_to(look.path)
    assert look.part.path != look.path
    assert trial_step(config, (look.part,), Task()).seconds > 0


def test_a_step_that_cannot_be_taken_is_told_in_the_trainers_words(tmp_path: Path) -> None:
    config = tiny_config(write_pictures(tmp_path / "pictures"))
    for picture in (tmp_path / "pictures" / "images").rglob("*.png"):
        picture.write_bytes(b"no picture")
    with pytest.raises(TrialError, match=r"A trial step failed: .*decoded"):
        trial_step(config, config.sources, Task())


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "The trial step was ended|ended from outside"),
        ("raise MemoryError", "memory ran out"),
        ("print('chatter')", "without saying how it went"),
    ],
)
def test_every_death_has_its_sentence(tmp_path: Path, code: str, words: str) -> None:
    config = tiny_config(tmp_path)
    with pytest.raises(TrialError, match=words):
        trial_step(config, config.sources, Task(), command=_script(code))


def test_one_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    config = tiny_config(tmp_path)
    with pytest.raises(TrialError, match="lower the batch size"):
        trial_step(config, config.sources, Task(), command=_script("import time; time.sleep(60)"), longest_s=0.3)


def test_a_reader_who_goes_on_ends_the_process(tmp_path: Path) -> None:
    config, task, mark = tiny_config(tmp_path), Task(), tmp_path / "pid"
    code = f"import os, time; open({str(mark)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    def cancel() -> None:
        while not mark.exists() or not mark.read_text():
            time.sleep(0.02)
        task.cancel()

    threading.Thread(target=cancel, daemon=True).start()
    with pytest.raises(Cancelled):
        trial_step(config, config.sources, task, command=_script(code))
    assert not is_alive(int(mark.read_text()))
    assert int(mark.read_text()) != os.getpid()


def test_both_looks_of_a_check_open_the_folder_once(tmp_path: Path) -> None:
    opened: list[Path] = []

    def count(path: Path, task: Task, annotations: Path | None) -> Case:
        opened.append(path)
        return open_case(path, task, annotations)

    folder, task = write_patient(tmp_path, boxed=range(1, 11)), Task()
    once = OpenedOnce(count)
    look = look_at_folder(folder, None, task, once)
    base = BaseModel("fresh", "Nothing", "compact", None)
    config = plan(look, Choices.from_sensible(sensible_settings(10, 1), base), tmp_path / "out")
    remarks = check(config, task, once)
    assert remarks
    assert opened == [folder]


def test_a_check_stops_where_its_task_is_cancelled(tmp_path: Path) -> None:
    config, task = tiny_config(write_pictures(tmp_path / "pictures")), Task()
    task.cancel()
    with pytest.raises(Cancelled):
        check(config, task, OpenedOnce())
