"""Weights measured on patients they did not learn from: the figures that a model card quotes."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from lungview.detection.build import build_network
from lungview.detection.networks.lesion import LesionNet
from lungview.domain.detection import OperatingPoint
from lungview.errors import TrainingError
from lungview.metrics.froc import froc
from lungview_training.checkpoint import BEST_FILE, LAST_FILE
from lungview_training.config import TrainingConfig
from lungview_training.data import read_data
from lungview_training.evaluate import Judged, bootstrap, judge, measure
from lungview_training.learners.lesion import run_on
from lungview_training.samples import Sample

OPERATING_RATES = (("sensitive", 0.25), ("balanced", 0.1), ("specific", 0.04))
"""False marks per validation slice at which the named thresholds are read."""

Figures = dict[str, object]


def evaluate_run(config: TrainingConfig, weights: Path | None = None) -> Figures:
    """Measure weights on a run's validation and test patients, thresholds taken from validation alone."""
    if config.threads:
        torch.set_num_threads(config.threads)
    path = weights_of(config, weights)
    network = build_network(path)
    if not isinstance(network, LesionNet):
        raise TrainingError(f"{path.name} is not for a network that this program trains.")
    data = read_data(config, with_crops=False)
    validation, test = ([judge(result) for result in run_on(network, part)] for part in (data.validation, data.test))
    points = operating_points(validation)
    threshold = next(point.score_threshold for point in points if point.name == "balanced")
    return {
        "weights": path.name,
        "split": {name: sorted(getattr(data.split, name)) for name in ("train", "validation", "test")},
        "operating_points": [_plain(point) for point in points],
        "validation": _figures(data.validation, validation, threshold, rounds=0),
        "test": _figures(data.test, test, threshold),
    }


def weights_of(config: TrainingConfig, weights: Path | None = None) -> Path:
    """The file asked for, else the run's best weights, else its last."""
    candidates = [weights] if weights else [config.output / name for name in (BEST_FILE, LAST_FILE)]
    for path in candidates:
        if path.is_file():
            return path
    raise TrainingError(f"The run {config.name} has no weights there: train first, or name a file with --weights.")


def operating_points(validation: Sequence[Judged]) -> tuple[OperatingPoint, ...]:
    """Named thresholds by false marks per slice of validation patients; sensitivity is of readers' boxes.

    Single slices have no scan: false marks per scan stay unmeasured.
    """
    curve = froc([each.marks for each in validation])
    return tuple(
        OperatingPoint(
            name,
            # Rounded up: a threshold that lets through what it was chosen to keep out is none.
            math.ceil(1000 * min(max(curve.threshold_at(rate), 0.05), 0.95)) / 1000,
            round(curve.sensitivity_at(rate), 3),
        )
        for name, rate in OPERATING_RATES
    )


def to_table(report: Mapping[str, object]) -> str:
    """The report in lines for a terminal."""
    lines = [f"weights {report['weights']}"]
    points = report["operating_points"]
    assert isinstance(points, list)
    lines += [f"  {point['name']:<10} threshold {point['score_threshold']:.3f}" for point in points]
    for part in ("validation", "test"):
        figures = report[part]
        assert isinstance(figures, Mapping)
        lines.append(f"{part}: {figures['patients']} patients, {figures['slices']} slices, {figures['boxes']} boxes")
        intervals = figures.get("interval_95")
        for name, value in figures["metrics"].items():
            spread = f"  [{intervals[name][0]:.2f}, {intervals[name][1]:.2f}]" if isinstance(intervals, Mapping) else ""
            lines.append(f"  {name:<24} {value:.3f}{spread}")
    return "\n".join(lines)


def _figures(samples: Sequence[Sample], judged: Sequence[Judged], threshold: float, rounds: int = 500) -> Figures:
    figures: Figures = {
        "patients": len({sample.patient for sample in samples}),
        "slices": len(samples),
        "boxes": sum(len(sample.boxes) for sample in samples),
        "metrics": measure(judged, threshold).as_plain(),
    }
    if rounds and judged:
        figures["interval_95"] = bootstrap(judged, threshold, rounds)
    return figures


def _plain(point: OperatingPoint) -> Figures:
    return {
        "name": point.name,
        "score_threshold": point.score_threshold,
        "sensitivity": point.sensitivity,
        "false_marks_per_scan": point.false_marks_per_scan,
    }
