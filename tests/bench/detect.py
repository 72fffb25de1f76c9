"""Time per 512 x 512 slice of the bundled network beside the study's, on this computer's CPU.

Run: python tests/bench/detect.py
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from lungview.detection.networks.compact import CompactNet
from lungview.detection.networks.simple_cancer_cnn import SimpleCancerCNN
from lungview.detection.registry import load_detector
from lungview.domain.detection import Detector
from lungview.task import Task
from tests.support.volumes import make_stack, make_volume

ROUNDS = 15


def main() -> None:
    """Print the table; rounds are interleaved, so that a busy machine is unfair to none."""
    random = np.random.default_rng(0)
    voxels = random.integers(-1000, 200, (2, 512, 512)).astype(np.int16)
    volume = make_volume(make_stack(2, 512, 512, spacing_mm=(0.75, 0.75)), voxels)
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study.safetensors"
        save_file(SimpleCancerCNN().state_dict(), study)
        loaded: dict[str, Detector] = {}
        for name, which in (("compact", "default"), ("simple-cancer-cnn", str(study))):
            began = time.perf_counter()
            loaded[name] = load_detector(which, "cpu")
            print(f"{name:<20} load {1000 * (time.perf_counter() - began):7.1f} ms")
        cases: dict[str, Callable[[], object]] = {
            "compact, 256 x 256 grid": lambda: list(loaded["compact"].detect(volume, [0], Task())),
            "study, box + Grad-CAM": lambda: list(loaded["simple-cancer-cnn"].detect(volume, [0], Task())),
        }
        networks = {"compact at 512 x 512": (CompactNet(), 3), "study, box alone": (SimpleCancerCNN(), 1)}
        for name, (network, channels) in networks.items():
            cases[name] = _bare(network, channels)
        _race(cases)


def _bare(network: torch.nn.Module, channels: int) -> Callable[[], object]:
    network = network.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    x = torch.rand(1, channels, 512, 512).contiguous(memory_format=torch.channels_last)

    def run() -> object:
        with torch.inference_mode():
            return network(x)

    return run


def _race(cases: dict[str, Callable[[], object]]) -> None:
    for threads in sorted({1, torch.get_num_threads(), 2}):
        torch.set_num_threads(threads)
        times: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(ROUNDS):
            for name, run in cases.items():
                began = time.perf_counter()
                run()
                times[name].append(1000 * (time.perf_counter() - began))
        for name, values in times.items():
            print(
                f"{threads} threads  {name:<26} median {statistics.median(values):7.1f} ms  best {min(values):7.1f} ms"
            )


if __name__ == "__main__":
    main()
