"""Several processes under torchrun give what one process gives, and outlive the loss of one."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.distributed import HashStore  # type: ignore[attr-defined]  # not told to be public, but documented

from lungview.errors import TrainingError
from lungview_training.parallel.group import Group
from lungview_training.parallel.meeting import fresh_part
from lungview_training.run_files import LAST_FILE

ROOT = Path(__file__).parents[2]
STEPS = 5

ATOL = 1e-9
"""On weights that have moved by up to 5e-3, in float64; 8e-12 was measured."""


def _train(output: Path, processes: int, *, dies: str = "lives") -> dict[str, torch.Tensor]:
    script = [str(ROOT / "tests" / "training" / "two_processes.py"), str(output), str(STEPS), dies]
    command = [sys.executable, *script]
    if processes > 1:
        # Standalone: the launcher keeps the meeting place itself, so that it outlives a worker that is lost.
        launcher = ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", "--max-restarts=1"]
        command = [sys.executable, *launcher, *script]
    path = os.pathsep.join((str(ROOT), str(ROOT / "training")))
    surroundings = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    done = subprocess.run(command, cwd=ROOT, env=surroundings, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return load_file(output / LAST_FILE)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    """Weights that one process learns."""
    return _train(tmp_path_factory.mktemp("alone") / "run", 1)


def _furthest(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> float:
    assert a.keys() == b.keys()
    return max(float((a[name].double() - b[name].double()).abs().max()) for name in a)


@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch was built without torch.distributed")
def test_two_processes_learn_what_one_learns(tmp_path: Path, alone: dict[str, torch.Tensor]) -> None:
    together = _train(tmp_path / "run", 2)
    assert _furthest(alone, together) < ATOL
    assert not list((tmp_path / "run").glob("*.part"))


@pytest.mark.unsteady  # it was, before starts met in a part of their own; not yet seen to pass twenty times in a row
@pytest.mark.slow
@pytest.mark.skipif(not torch.distributed.is_available(), reason="torch was built without torch.distributed")
def test_a_lost_worker_is_started_again_and_the_result_is_the_same(
    tmp_path: Path, alone: dict[str, torch.Tensor]
) -> None:
    together = _train(tmp_path / "run", 2, dies="dies")
    assert (tmp_path / "run.died").exists()
    assert _furthest(alone, together) < ATOL
    log = (tmp_path / "run" / "run.jsonl").read_text()
    assert log.count('"RunStarted"') == 2
    assert '"first_step": 2' in log


def test_each_start_meets_in_a_part_of_its_own_whatever_earlier_ones_left_in_the_store() -> None:
    store = HashStore()

    def met(size: int) -> list[str]:
        with ThreadPoolExecutor(size) as pool:
            parts = pool.map(lambda rank: fresh_part(store, rank, size, timedelta(seconds=20)), range(size))
            keys = []
            for rank, part in enumerate(parts):
                part.set(f"{rank}", "here")
                keys.append(next(key for key in ("0", "1", "2") if part.check([key])))
        return keys

    assert met(3) == met(3) == ["0"] * 3, "all see what the first has put there"
    with pytest.raises(TrainingError, match="did not find each other"):
        fresh_part(store, 1, 2, timedelta(seconds=0.2))
    assert met(2) == ["0"] * 2, "nobody answers to the call of the one that gave up"
    first, again = (fresh_part(store, 0, 1, timedelta(seconds=1)) for _ in range(2))
    first.set("address", "of a process that is gone")
    assert not again.check(["address"])


def test_rows_are_shared_out_whole_and_without_overlap() -> None:
    for size in (1, 2, 3, 5):
        groups = [Group(rank, size) for rank in range(size)]
        rows = [list(range(17))[group.rows(17)] for group in groups]
        assert [row for part in rows for row in part] == list(range(17))
        assert [len(part) for part in rows] == groups[0].counts(17)


def test_shared_normalisation_keeps_names_and_tensors() -> None:
    from lungview_training.parallel.norm import SharedBatchNorm, share_norms

    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Sequential(nn.BatchNorm2d(4), nn.ReLU()))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    share_norms(network, torch.device("cpu"))
    assert isinstance(network[1][0], SharedBatchNorm)  # type: ignore[index]
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    x = torch.rand(2, 1, 6, 6)
    assert torch.equal(network.eval()(x), network(x))
