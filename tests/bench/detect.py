"""Time per 512 x 512 slice of the bundled network, those one may train, and the study's, on this computer's CPU.

Run: python tests/bench/detect.py
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from lungview.detection.networks.catalogue import make_network, network_names
from lungview.detection.networks.compact import CompactNet
from lungview.detection.networks.simple_cancer_cnn import SimpleCancerCNN
from lungview.detection.registry import load_detector
from lungview.domain.detection import Detector
from lungview.domain.volume import Volume
from lungview.task import Task
from tests.support.volumes import make_stack, make_volume

ROUNDS = 15


def main() -> None:
    """Print the table; rounds are interleaved, so that a busy machine is unfair to none."""
    random = np.random.default_rng(0)
    voxels = random.integers(-1000, 200, (2, 512, 512)).astype(np.int16)
    volume = make_volume(make_stack(2, 512, 512, spacing_mm=(0.75, 0.75)), voxels)
    with tempfile.TemporaryDirectory() as folder:
        files = {"compact": "default", "simple-cancer-cnn": str(Path(folder) / "study.safetensors")}
        save_file(SimpleCancerCNN().state_dict(), files["simple-cancer-cnn"])
        for name in network_names()[1:]:
            files[name] = str(Path(folder) / f"{name}.safetensors")
            save_file(make_network(name).state_dict(), files[name])
        loaded: dict[str, Detector] = {}
        for name, which in files.items():
            began = time.perf_counter()
            loaded[name] = load_detector(which, "cpu")
            print(f"{name:<20} load {1000 * (time.perf_counter() - began):7.1f} ms")
        cases: dict[str, Callable[[], object]] = {
            f"{name}, whole": partial(_detect, detector, volume) for name, detector in loaded.items()
        }
        networks = {"compact at 512 x 512": (CompactNet(), 3), "study, box alone": (SimpleCancerCNN(), 1)}
        for name, (network, channels) in networks.items():
            cases[name] = _bare(network, channels)
        _race(cases)


def _detect(detector: Detector, volume: Volume) -> None:
    """From the slice in HU to boxes and attention, as the window waits for it."""
    for _ in detector.detect(volume, [0], Task()):
        pass


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
