"""Measure how long a 512 x 512 slice takes from HU to boxes, and 300 of them from their files to a report.

    python tests/bench/detect.py [--rounds 11] [--runs 3] [--slices 300] [--json FILE]

Every network LungView has, beside the study's SimpleCancerCNN in the same run on this computer's CPU. "alone" is one
slice asked for by itself, as whoever scrolls waits for it; "in a row" is a slice among many, looked at in batches by
one thread, and by as many as there are cores. Rounds are interleaved, so that a slow moment of the machine hits all
alike; medians are told. The series goes through `lungview detect` in a process of its own: start, scan, reading,
network and report, with the most memory it held. The bars: half of the study's time a slice, 8 s for 300 slices.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from lungview.detection.networks.catalogue import make_network, network_names
from lungview.detection.networks.simple_cancer_cnn import SimpleCancerCNN
from lungview.detection.registry import load_detector
from lungview.domain.detection import Detector
from lungview.domain.volume import Volume
from lungview.task import Task
from tests.bench.rows import OURS, Row, Scale, row
from tests.support.dicom_series import Recipe, write_series
from tests.support.volumes import make_stack, make_volume

STUDY = "simple-cancer-cnn"
SHARE_OF_STUDY = 0.5
SERIES_SLICES, SERIES_S = 300, 8.0
SPACING_MM = 0.75
ROW = 24
"""Slices looked at in a row in each round."""

Times = dict[str, dict[str, float]]


def main() -> int:
    """Measure, print the table, save the figures; 1 where the default network misses a bar."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--runs", type=int, default=3, help="of the whole series; 0 for none")
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--json", type=Path, metavar="FILE", help="save the figures there too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lungview-bench-") as name:
        folder = Path(name)
        series = _measure_series(folder, options.slices, options.runs)
        models = _load(folder, (*network_names(), STUDY))
        times = _measure_slices({key: detector for key, (detector, _) in models.items()}, options.rounds)
    report = _report(models, times, series, options)
    if options.json is not None:
        options.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(_table(report))
    return 0 if all(report["bars"].values()) else 1


def rows(scale: Scale, folder: Path) -> list[Row]:
    """The default network beside the study's, and a whole series by the command line, for the table of all benches."""
    default = network_names()[0]
    detectors = {name: detector for name, (detector, _) in _load(folder, (default, STUDY)).items()}
    bar = f"at most {SHARE_OF_STUDY:g} of the study's network"
    found = []
    for way, of in _time_slices(detectors, min(scale.rounds, 5)).items():
        times = {OURS: of[default], "study's CNN": of[STUDY]}
        met = partial(_is_within, SHARE_OF_STUDY)
        found.append(row("detection", f"a slice, {way}", times, bar=bar, is_met=met))
    series = _measure_series(folder, scale.slices[0], min(scale.few, 2))
    is_whole = series["slices"] == SERIES_SLICES
    what, bar = f"{series['slices']} slices by the command line", f"at most {SERIES_S:g} s" if is_whole else ""
    seconds, also = series["median_s"], {"peak MiB": series["peak_mib"]}
    is_met = seconds <= SERIES_S if is_whole else None
    found.append(Row("detection", what, "s", seconds, series["runs"], also=also, bar=bar, is_met=is_met))
    return found


def _is_within(share: float, ratios: Mapping[str, float]) -> bool:
    return max(ratios.values()) <= share


def _load(folder: Path, names: Sequence[str]) -> dict[str, tuple[Detector, int]]:
    """Networks by name, each with its file's size; the default one with its bundled weights."""
    loaded = {}
    for name in names:
        which, size = "default", 0
        if name != network_names()[0]:
            path = folder / f"{name}.safetensors"
            network = SimpleCancerCNN() if name == STUDY else make_network(name)
            save_file(network.state_dict(), path)
            which, size = str(path), path.stat().st_size
        detector = load_detector(which, "cpu", leaves_a_core=False)
        loaded[name] = (detector, size or 4 * detector.info.parameters)
    return loaded


def _measure_slices(detectors: dict[str, Detector], rounds: int) -> Times:
    """Median ms a slice by network and way of asking."""
    taken = _time_slices(detectors, rounds)
    return {name: {way: statistics.median(of[name]) for way, of in taken.items()} for name in detectors}


def _time_slices(detectors: dict[str, Detector], rounds: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds a slice by way of asking and network, one a round."""
    random = np.random.default_rng(0)
    voxels = random.integers(-1000, 200, (ROW + 1, 512, 512)).astype(np.int16)
    volume = make_volume(make_stack(ROW + 1, 512, 512, spacing_mm=(SPACING_MM, SPACING_MM)), voxels)
    cores = os.cpu_count() or 1
    ways: dict[str, Callable[[Detector], float]] = {
        "alone": partial(_look, volume, 1, 1),
        "in a row": partial(_look, volume, ROW, 1),
        f"{cores} cores": partial(_look, volume, ROW, cores),
    }
    taken: dict[str, dict[str, list[float]]] = {way: {name: [] for name in detectors} for way in ways}
    for turn in range(rounds + 1):  # the first warms up
        for way, look in ways.items():
            for name, detector in detectors.items():
                ms = look(detector)
                if turn:
                    taken[way][name].append(ms)
    return taken


def _look(volume: Volume, count: int, workers: int, detector: Detector) -> float:
    """Milliseconds a slice, from HU to boxes and attention; in a row, without the first, which comes alone."""
    vars(detector)["_workers"] = workers
    answers = detector.detect(volume, range(count if count == 1 else count + 1), Task())
    if count > 1:
        next(iter(answers))
    began = time.perf_counter()
    for _ in answers:
        pass
    return 1000 * (time.perf_counter() - began) / count


def _measure_series(folder: Path, slices: int, runs: int) -> dict[str, Any]:
    """Seconds that `lungview detect` takes for a series of files, and the most memory it held, MiB."""
    if not runs:
        return {}
    random = np.random.default_rng(0)
    stored = random.integers(0, 1300, (slices, 512, 512), dtype=np.int16)
    positions = [1.0 * k for k in range(slices)]
    write_series(folder / "series", Recipe(stored, positions, pixel_spacing_mm=(SPACING_MM,) * 2, thickness_mm=1.0))
    del stored
    command = [sys.executable, "-m", "lungview", "detect", str(folder / "series"), "--no-cache", "--device", "cpu"]
    command += ["--out", str(folder / "report.json")]
    environment = {**os.environ, "LUNGVIEW_HOME": str(folder / "home")}
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run(command, check=True, env=environment, capture_output=True)
        seconds.append(time.perf_counter() - began)
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    per_mib = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return {"slices": slices, "runs": runs, "median_s": statistics.median(seconds), "peak_mib": round(most / per_mib)}


def _report(
    models: dict[str, tuple[Detector, int]], times: Times, series: dict[str, Any], options: argparse.Namespace
) -> dict[str, Any]:
    default, study = network_names()[0], times[STUDY]
    rows = {
        name: {
            "parameters": detector.info.parameters,
            "megabytes": round(size / 1e6, 1),
            "ms": {way: round(ms, 1) for way, ms in times[name].items()},
            "share_of_study": {way: round(ms / study[way], 3) for way, ms in times[name].items()},
        }
        for name, (detector, size) in models.items()
    }
    shares = rows[default]["share_of_study"].values()  # type: ignore[attr-defined]
    bars = {f"at_most_{SHARE_OF_STUDY:g}_of_the_study": max(shares) <= SHARE_OF_STUDY}
    if series:
        bars[f"{series['slices']}_slices_in_{SERIES_S:g}_s"] = series["median_s"] <= SERIES_S
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    machine = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count(), "load": round(load, 1)}
    return {
        "machine": {**machine, "torch": torch.__version__},
        "rounds": options.rounds,
        "networks": rows,
        "series": series,
        "bars": bars,
    }


def _table(report: dict[str, Any]) -> str:
    machine, ways = report["machine"], list(report["networks"][STUDY]["ms"])
    lines = [
        f"{machine['cores']} cores, load {machine['load']}, torch {machine['torch']}, {report['rounds']} rounds; "
        "ms a slice and, in brackets, its share of the study's",
        "",
        f"{'':20}{'weights':>12}{'MB':>8}" + "".join(f"{way:>18}" for way in ways),
    ]
    for name, of in report["networks"].items():
        times = "".join(f"{of['ms'][way]:10.1f} ({of['share_of_study'][way]:.2f})" for way in ways)
        lines.append(f"{name:20}{of['parameters']:12,}{of['megabytes']:8.1f}{times}")
    if series := report["series"]:
        lines += [
            "",
            f"lungview detect, {series['slices']} slices: median {series['median_s']:.1f} s of {series['runs']}",
        ]
        lines[-1] += f" runs, at most {series['peak_mib']} MiB"
    lines.append("")
    lines += [f"{'yes' if met else 'NO ':4}{name.replace('_', ' ')}" for name, met in report["bars"].items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
