"""Measure how many slices a second are fed, learned from and judged, beside the study's plain loop in the same run.

    python tests/bench/train.py [--rounds 5] [--slices 48] [--size 512] [--batch 16] [--json FILE]

The plain loop is the study's: one process that decodes each DICOM slice and its XML anew in every epoch, stored values
over their maximum, SimpleCancerCNN, Adam, squared error. LungView's runs read the same files once and then draw from
its cache of decoded slices. The study's network takes the same steps in both; the default network takes its own, with
augmentation and pasted lesions, with batches drawn in the training's own thread and in a second one. "feeding" is a
batch made ready, "training" a whole step, "judging" slices to boxes to figures. Rounds are interleaved, so that a slow
moment of the machine hits all alike; medians are told. One thread of torch.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydicom import dcmread
from torch import Tensor
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # a script: tests.support is found from the checkout

from lungview.detection.networks.simple_cancer_cnn import SimpleCancerCNN
from lungview.metrics.iou import iou
from lungview_training.config import Optimizer, Schedule, SourceConfig, SourceKind, TrainingConfig
from lungview_training.data import read_data
from lungview_training.evaluate import judge, measure
from lungview_training.learners.protocol import BatchSource
from lungview_training.parallel.group import ALONE
from lungview_training.preparing import Run, prepare
from lungview_training.update.ahead import Ahead
from tests.bench.series import write_patients

PLAIN = "plain loop, study's network"
STEPS = 10_000

Part = Callable[[], int]
"""Does some work and returns how many slices that was."""


def main() -> int:
    """Measure, print the table, save the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--slices", type=int, default=48)
    parser.add_argument("--size", type=int, default=512, help="side of the slices (default, and in the study: 512)")
    parser.add_argument("--batch", type=int, default=16, help="slices a step (default, and in the study: 16)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save the figures there too")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="lungview-bench-") as name:
        folder = Path(name)
        files = write_patients(folder / "data", options.slices, options.size)
        began = time.perf_counter()
        own = _prepared(folder, "compact", options)
        first_read_s = time.perf_counter() - began
        study = _prepared(folder, SimpleCancerCNN.key, options)
        by_a_thread = Ahead(own.learner.make_source(own.data), STEPS)
        parts = {
            PLAIN: _plain(files, options.size, options.batch),
            "LungView, study's network": _ours(study, study.source),
            "LungView, default": _ours(own, own.learner.make_source(own.data)),
            "  batches by a thread": _ours(own, by_a_thread, is_fed=False),
        }
        rates = _race(parts, options.rounds)
    report = _report(rates, first_read_s, options)
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(_table(report))
    return 0


def _prepared(folder: Path, network: str, options: argparse.Namespace) -> Run:
    """A run before its first step, its data read through the cache; every patient is learned from."""
    is_study = network == SimpleCancerCNN.key
    config = TrainingConfig(
        name=network,
        output=folder / network,
        sources=(SourceConfig(SourceKind.CASE, folder / "data"),),
        network=network,
        steps=STEPS,
        batch_size=options.batch,
        image_size=options.size if is_study else 256,
        optimizer=Optimizer.ADAM if is_study else Optimizer.ADAMW,
        schedule=Schedule.CONSTANT if is_study else Schedule.COSINE,
        clip_norm=0.0 if is_study else 10.0,
        learning_rate=1e-4 if is_study else 2e-3,
        validation_share=0.0,
        test_share=0.0,
        cache=str(folder / "cache"),
        device="cpu",
    )
    return prepare(config, read_data(config), ALONE, lambda _micro_batch: None)


def _plain(files: list[tuple[Path, Path]], size: int, batch_size: int) -> dict[str, Part]:
    """The study's loop: everything decoded anew whenever it is wanted."""
    network = SimpleCancerCNN(size)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-4)
    random = np.random.default_rng(0)

    def feed() -> tuple[Tensor, Tensor]:
        chosen = random.permutation(len(files))[:batch_size]
        pairs = [_decoded(*files[place]) for place in chosen]
        return torch.stack([picture for picture, _ in pairs]), torch.stack([box for _, box in pairs])

    def train() -> int:
        pictures, boxes = feed()
        optimizer.zero_grad()
        functional.mse_loss(network(pictures), boxes).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        return len(boxes)

    def evaluate() -> int:
        pictures, boxes = feed()
        with torch.no_grad():
            for picture, box in zip(pictures, boxes, strict=True):
                iou(network(picture[None]).numpy(), box[None].numpy())
        return len(boxes)

    return {"feeding": lambda: len(feed()[1]), "training": train, "judging": evaluate}


def _decoded(path: Path, xml: Path) -> tuple[Tensor, Tensor]:
    """(1, rows, columns) stored values over their maximum, and the first box."""
    stored = dcmread(path).pixel_array.astype(np.float32)
    box = ET.parse(xml).getroot().find("object/bndbox")
    assert box is not None
    corners = [float(int(float(box.findtext(name) or 0))) for name in ("xmin", "ymin", "xmax", "ymax")]
    return torch.from_numpy(stored / stored.max())[None], torch.tensor(corners)


def _ours(run: Run, source: BatchSource, *, is_fed: bool = True) -> dict[str, Part]:
    """A run's parts. is_fed: whether feeding and judging are measured too, and not the step alone."""
    steps = iter(range(STEPS))

    def train() -> int:
        step = next(steps)
        batch = source.batch(step)
        run.stepper.step(batch, 1e-5, step)
        return len(batch)

    def evaluate() -> int:
        samples = run.data.train[: run.config.batch_size]
        measure([judge(result) for result in run.learner.predict(run.network, samples)], 0.3)
        return len(samples)

    parts: dict[str, Part] = {"training": train}
    if is_fed:
        parts |= {"feeding": lambda: len(source.batch(next(steps))), "judging": evaluate}
    return parts


def _race(parts: dict[str, dict[str, Part]], rounds: int) -> dict[str, dict[str, float]]:
    """Median slices a second by loop and part."""
    taken: dict[str, dict[str, list[float]]] = {name: {what: [] for what in of} for name, of in parts.items()}
    for turn in range(rounds + 1):  # the first warms up
        for name, of_loop in parts.items():
            for what, work in of_loop.items():
                began = time.perf_counter()
                count = work()
                if turn:
                    taken[name][what].append(count / (time.perf_counter() - began))
    return {name: {what: statistics.median(rates) for what, rates in of.items()} for name, of in taken.items()}


def _report(rates: dict[str, dict[str, float]], first_read_s: float, options: argparse.Namespace) -> dict[str, Any]:
    plain = rates[PLAIN]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return {
        "machine": {"cores": os.cpu_count(), "load": round(load, 1), "torch": torch.__version__},
        "rounds": options.rounds,
        "slices": options.slices,
        "size": options.size,
        "batch": options.batch,
        "first_read_s": round(first_read_s, 2),
        "slices_per_second": {name: {key: round(rate, 2) for key, rate in of.items()} for name, of in rates.items()},
        "times_plain": {
            name: {key: round(rate / plain[key], 2) for key, rate in of.items()} for name, of in rates.items()
        },
    }


def _table(report: dict[str, Any]) -> str:
    machine, parts = report["machine"], ("feeding", "training", "judging")
    lines = [
        f"{machine['cores']} cores, load {machine['load']}, torch {machine['torch']}, {report['rounds']} rounds of "
        f"{report['batch']} slices of {report['size']} x {report['size']}",
        "slices a second and, in brackets, times the plain loop",
        f"reading {report['slices']} slices for the first time, with all that a run needs: {report['first_read_s']} s",
        "",
        f"{'':30}" + "".join(f"{part:>20}" for part in parts),
    ]
    for name, of_loop in report["slices_per_second"].items():
        times = report["times_plain"][name]
        cells = [f"{of_loop[part]:11.1f} ({times[part]:6.2f})" if part in of_loop else "" for part in parts]
        lines.append(f"{name:30}" + "".join(f"{cell:>20}" for cell in cells))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
