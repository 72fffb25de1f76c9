"""Workers: real processes that learn, pause, stop, die and go on; and that are never left behind."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lungview import gpu_claim, processes
from lungview.processes import is_alive, mark_of
from lungview_training.events import CheckpointSaved, EvaluationDone, RunEnded, RunPaused, RunStarted, StepDone
from lungview_training.supervision.endings import EndKind
from lungview_training.supervision.progress import progress_of
from lungview_training.supervision.registry import RunRecord, RunRegistry, State
from lungview_training.supervision.supervisor import (
    News,
    Supervisor,
    WorkerEnded,
    WorkerHeard,
    WorkerSilent,
    WorkerStarted,
    end_worker,
)
from tests.training.supervision.tiny import tiny_config, write_pictures

_LONG_S = 120.0


class _Watched:
    """A supervisor and what it told."""

    def __init__(self, registry: RunRegistry, record: RunRecord, **settings: object) -> None:
        self.news: list[News] = []
        self.supervisor = Supervisor(registry, record, self.news.append, **settings)  # type: ignore[arg-type]
        self.supervisor.start()

    def of(self, kind: type) -> list[News]:
        return [each for each in self.news if isinstance(each, kind)]

    def wait_for(self, kind: type, count: int = 1) -> News:
        _wait(lambda: len(self.of(kind)) >= count or not self.supervisor.is_alive)
        assert len(self.of(kind)) >= count, self.news
        return self.of(kind)[count - 1]

    def end(self) -> WorkerEnded:
        assert self.supervisor.wait(_LONG_S)
        ended = self.news[-1]
        assert isinstance(ended, WorkerEnded)
        return ended

    @property
    def pid(self) -> int:
        started = self.wait_for(WorkerStarted)
        assert isinstance(started, WorkerStarted)
        return started.pid


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(autouse=True)
def unhindered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine would never come to workers that stand back."""
    monkeypatch.setattr(processes, "LOWERED", 0)


@pytest.fixture
def registry(tmp_path: Path) -> RunRegistry:
    return RunRegistry(tmp_path / "trainings")


@pytest.fixture
def watch(registry: RunRegistry) -> Iterator[Callable[..., _Watched]]:
    made: list[_Watched] = []

    def make(record: RunRecord, **settings: object) -> _Watched:
        made.append(_Watched(registry, record, **settings))
        return made[-1]

    yield make
    for each in made:
        each.supervisor.end_now()
        assert each.supervisor.wait(20)


def test_a_run_goes_to_its_end_and_is_written_down(
    registry: RunRegistry, pictures: Path, watch: Callable[..., _Watched]
) -> None:
    record = registry.add(tiny_config(pictures), base="compact", title="Mine")
    watched = watch(record)
    ending = watched.end().ending
    assert ending.kind is EndKind.DONE
    assert "6 steps" in ending.message
    assert Path(ending.weights).is_file()
    assert not is_alive(watched.pid)
    [kept] = registry.all()
    assert (kept.state, kept.step, kept.steps, kept.title) == (State.FINISHED, 6, 6, "Mine")
    drawn = progress_of(registry.output_of(kept))
    assert drawn.loss.steps == [1, 2, 3, 4, 5, 6]
    assert drawn.iou.steps == [4, 6]
    assert drawn.examples
    assert all(path.is_file() for path in drawn.examples)


def test_a_paused_run_waits_and_goes_on(registry: RunRegistry, pictures: Path, watch: Callable[..., _Watched]) -> None:
    watched = watch(registry.add(tiny_config(pictures, 400), base="", title=""))
    watched.wait_for(StepDone)
    watched.supervisor.pause()
    watched.wait_for(RunPaused)
    steps = len(watched.of(StepDone))
    time.sleep(0.5)
    assert len(watched.of(StepDone)) == steps
    watched.supervisor.go_on()
    watched.wait_for(StepDone, steps + 2)
    watched.supervisor.stop()
    ending = watched.end().ending
    assert ending.kind is EndKind.STOPPED
    assert ending.can_go_on
    assert registry.all()[0].state is State.STOPPED


def test_stopping_with_the_best_evaluates_once_more_and_gives_a_model(
    registry: RunRegistry, pictures: Path, watch: Callable[..., _Watched]
) -> None:
    watched = watch(registry.add(tiny_config(pictures, 400), base="", title=""))
    watched.wait_for(StepDone)
    watched.supervisor.keep_best()
    ending = watched.end().ending
    assert ending.kind is EndKind.DONE
    assert watched.of(EvaluationDone)
    assert Path(ending.weights).is_file()


def test_stopping_while_data_are_read_ends_at_once(
    registry: RunRegistry, pictures: Path, watch: Callable[..., _Watched]
) -> None:
    watched = watch(registry.add(tiny_config(pictures, 400), base="", title=""))
    watched.wait_for(WorkerStarted)
    watched.supervisor.stop()
    ending = watched.end().ending
    assert ending.kind is EndKind.STOPPED
    assert not ending.can_go_on


def _kill_and_go_on(
    registry: RunRegistry, watch: Callable[..., _Watched], watched: _Watched, after_s: float
) -> tuple[_Watched, int]:
    """Kill the worker some time after its first step; return the next one, and the step that it went on from.

    All that was saved must be there to go on from.
    """
    watched.wait_for(StepDone)
    time.sleep(after_s)
    os.kill(watched.pid, signal.SIGKILL)
    ending = watched.end().ending
    assert ending.kind is EndKind.DIED
    assert "SIGKILL" in ending.message
    saved = [each.step for each in watched.news if isinstance(each, CheckpointSaved) and not each.is_best]
    first = [each.first_step for each in watched.news if isinstance(each, RunStarted)][-1]
    again = watch(registry.all()[0])
    begun = again.wait_for(RunStarted)
    assert isinstance(begun, RunStarted)
    # Killed between a save and its word, one checkpoint more than was told may be there.
    assert begun.first_step >= max([first, *saved])
    return again, begun.first_step


def test_a_killed_worker_is_told_of_and_goes_on_from_its_checkpoint(
    registry: RunRegistry, pictures: Path, watch: Callable[..., _Watched]
) -> None:
    record = registry.add(tiny_config(pictures, 100_000), base="", title="")
    again, _ = _kill_and_go_on(registry, watch, watch(record), 0.2)
    again.wait_for(StepDone)
    again.supervisor.stop()
    assert again.end().ending.kind is EndKind.STOPPED


@pytest.mark.slow
def test_twenty_kills_at_random_moments_lose_no_checkpoint(
    registry: RunRegistry, pictures: Path, watch: Callable[..., _Watched]
) -> None:
    chance = random.Random(2)
    watched = watch(registry.add(tiny_config(pictures, 100_000), base="", title=""))
    steps = []
    for _ in range(20):
        watched, step = _kill_and_go_on(registry, watch, watched, chance.uniform(0, 1.0))
        steps.append(step)
    assert steps == sorted(steps)
    assert steps[-1] > steps[0]
    watched.wait_for(StepDone)
    watched.supervisor.stop()
    assert watched.end().ending.kind is EndKind.STOPPED


def test_a_failure_is_told_in_the_worker_s_own_words(
    registry: RunRegistry, pictures: Path, tmp_path: Path, watch: Callable[..., _Watched]
) -> None:
    config = tiny_config(pictures)
    record = registry.add(config, base="", title="")
    settings = registry.settings_of(record)
    settings.write_text(settings.read_text().replace(str(pictures), str(tmp_path / "gone")))
    ending = watch(record).end().ending
    assert ending.kind is EndKind.FAILED
    assert "gone" in ending.message
    assert "Traceback" not in ending.message


def _script(code: str) -> Callable[[Path], list[str]]:
    return lambda _settings: [sys.executable, "-c", code]


def test_a_silent_worker_is_told_of_and_so_is_its_voice(
    registry: RunRegistry, pictures: Path, watch: Callable[..., _Watched]
) -> None:
    begun = '{"event": "RunStarted", "name": "a", "device": "cpu", "parameters": 1, "steps": 9, "first_step": 0, '
    begun += '"train_patients": 1, "validation_patients": 1, "test_patients": 1, "train_slices": 1}'
    code = f"import time\nprint('''{begun}''', flush=True)\ntime.sleep(2)\nprint('''{begun}''', flush=True)"
    code += "\ntime.sleep(60)"
    watched = watch(registry.add(tiny_config(pictures), base="", title=""), command=_script(code), silence_s=0.5)
    watched.wait_for(WorkerSilent)
    watched.wait_for(WorkerHeard)
    watched.supervisor.end_now()
    assert watched.end().ending.kind is EndKind.STOPPED


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashed (SIGSEGV)"),
        ("raise OSError(28, 'No space left on device')", "disk is full"),
        ("raise MemoryError", "memory ran out"),
        (
            "import sys; print('lungview-train: The folder is gone: name another.', file=sys.stderr); sys.exit(1)",
            "gone",
        ),
        ("import sys; sys.exit(7)", "exit status 7"),
        ("print('chatter')", "without saying why"),
    ],
)
def test_every_end_has_its_sentence(
    registry: RunRegistry, pictures: Path, watch: Callable[..., _Watched], code: str, words: str
) -> None:
    ending = watch(registry.add(tiny_config(pictures), base="", title=""), command=_script(code)).end().ending
    assert words in ending.message
    assert "Traceback" not in ending.message
    assert registry.all()[0].state is State.BROKEN


def test_a_worker_whose_window_was_killed_saves_and_ends_and_is_found(
    registry: RunRegistry, pictures: Path, watch: Callable[..., _Watched]
) -> None:
    record = registry.add(tiny_config(pictures, 100_000), base="", title="")
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from lungview_training.supervision.registry import RunRegistry\n"
        "from lungview_training.supervision.supervisor import Supervisor\n"
        "registry = RunRegistry(Path(sys.argv[1]))\n"
        "Supervisor(registry, registry.all()[0], lambda news: print(type(news).__name__, flush=True)).start()\n"
        "time.sleep(600)\n"
    )
    window = subprocess.Popen(
        [sys.executable, "-c", code, str(registry.folder)], stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    )
    assert window.stdout is not None
    with window.stdout:
        for line in window.stdout:
            if line.strip() == "StepDone":
                break
        window.kill()
        window.wait()
    [left] = registry.left_over()
    assert left.id == record.id
    worker, mark = left.worker, left.worker_mark
    _wait(lambda: not is_alive(worker, mark))  # by itself: nobody reads what it says
    watched = watch(left)
    begun = watched.wait_for(RunStarted)
    assert isinstance(begun, RunStarted)
    assert begun.first_step > 0
    watched.supervisor.close(30)
    assert watched.end().ending.can_go_on


def test_a_worker_that_its_window_leaves_saves_and_ends_after_the_window(registry: RunRegistry, pictures: Path) -> None:
    record = registry.add(tiny_config(pictures, 100_000), base="", title="")
    code = (
        "import os, sys, threading\nfrom pathlib import Path\nfrom lungview import processes\n"
        "from lungview_training.supervision.registry import RunRegistry\n"
        "from lungview_training.supervision.supervisor import Supervisor\n"
        "processes.LOWERED = 0\nregistry, learning = RunRegistry(Path(sys.argv[1])), threading.Event()\n"
        "def hear(news):\n    if type(news).__name__ == 'StepDone': learning.set()\n"
        "supervisor = Supervisor(registry, registry.all()[0], hear)\nsupervisor.start()\nlearning.wait()\n"
        "supervisor.leave()\nprint(supervisor.record.worker, flush=True)\nos._exit(0)\n"
    )
    window = subprocess.run(
        [sys.executable, "-c", code, str(registry.folder)], stdout=subprocess.PIPE, text=True, check=True
    )
    worker = int(window.stdout)
    _wait(lambda: not is_alive(worker))
    [left] = registry.left_over()
    assert (left.id, left.state) == (record.id, State.STOPPED)
    assert "as LungView was closed" in left.message
    assert "can go on from there" in left.message
    assert registry.output_of(left).joinpath("state.pt").is_file()


def test_a_worker_left_before_it_learned_anything_is_gone_at_once(
    registry: RunRegistry, pictures: Path, watch: Callable[..., _Watched]
) -> None:
    watched = watch(
        registry.add(tiny_config(pictures), base="", title=""), command=_script("import time; time.sleep(60)")
    )
    watched.wait_for(WorkerStarted)
    watched.supervisor.leave()
    assert watched.end().ending.kind is EndKind.STOPPED
    assert not is_alive(watched.pid)
    assert registry.all()[0].state is State.STOPPED


def test_a_worker_that_was_left_behind_is_ended_before_another_begins(registry: RunRegistry, pictures: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    record = registry.add(tiny_config(pictures), base="", title="")
    left = RunRecord(**{**_plain(record), "worker": process.pid, "worker_mark": mark_of(process.pid)})  # type: ignore[arg-type]
    assert left.is_worker_alive
    end_worker(left, patience_s=0.3)
    assert process.wait(5) == -signal.SIGKILL
    process.stdout.close()
    assert not left.is_worker_alive


def test_closing_leaves_no_process(registry: RunRegistry, pictures: Path, watch: Callable[..., _Watched]) -> None:
    watched = watch(registry.add(tiny_config(pictures, 100_000), base="", title=""))
    watched.wait_for(StepDone)
    watched.supervisor.close(30)
    assert not watched.supervisor.is_alive
    assert not is_alive(watched.pid)
    [ended] = watched.of(RunEnded)
    assert isinstance(ended, RunEnded)
    assert ended.stopped


def test_a_training_of_another_window_is_left_alone(registry: RunRegistry, pictures: Path) -> None:
    record = registry.add(tiny_config(pictures), base="", title="")
    other = {"owner": os.getppid(), "owner_mark": mark_of(os.getppid())}
    registry.save(RunRecord(**{**_plain(record), **other}))  # type: ignore[arg-type]
    assert registry.left_over() == []


def test_the_gpu_is_claimed_while_the_process_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LUNGVIEW_HOME", str(tmp_path))
    assert not gpu_claim.is_claimed_by_other()
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    gpu_claim.claim(process.pid)
    assert gpu_claim.is_claimed_by_other()
    process.kill()
    process.wait()
    assert not gpu_claim.is_claimed_by_other()
    gpu_claim.claim(os.getpid())
    assert not gpu_claim.is_claimed_by_other()  # the one that trains does not shut itself out


def test_workers_stand_back_for_the_window(
    registry: RunRegistry, pictures: Path, watch: Callable[..., _Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "LOWERED", 15)
    watched = watch(
        registry.add(tiny_config(pictures), base="", title=""), command=_script("import time; time.sleep(9)")
    )
    assert os.getpriority(os.PRIO_PROCESS, watched.pid) > os.getpriority(os.PRIO_PROCESS, 0)


def _plain(record: RunRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in RunRecord.__dataclass_fields__}


def _wait(check: Callable[[], bool]) -> None:
    until = time.monotonic() + _LONG_S
    while not check():
        assert time.monotonic() < until
        time.sleep(0.02)
