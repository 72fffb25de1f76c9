"""Weights measured on patients they did not learn from: the figures that a model card quotes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from lungview.detection.build import Network, build_network
from lungview.detection.calibration import Calibration
from lungview.errors import TrainingError
from lungview_training.config import TrainingConfig
from lungview_training.data import TrainingData, read_data
from lungview_training.evaluation.calibrate import calibration_table, cross_fitted, fit_slices, recalibrated
from lungview_training.evaluation.document import figure_table
from lungview_training.evaluation.figures import figures, size_figures
from lungview_training.evaluation.intervals import DRAWS
from lungview_training.evaluation.marks import JudgedSlice, by_label, gather
from lungview_training.heldout import HeldOut, gives_scores, judge_samples, read_folds, weights_in
from lungview_training.run_files import SPLIT_FILE
from lungview_training.stops import operating_points, plain_point
from lungview_training.whole_scans import ScanCounts, count_false_marks

Figures = dict[str, object]

_FITTED_ON = "patients by the runs that held them out; errors are of each run calibrated on the others' patients"


def weights_of(config: TrainingConfig, weights: Path | None = None) -> Path:
    """The file asked for, else the run's best weights, else its last."""
    if weights is None:
        return weights_in(config.output)
    if not weights.is_file():
        raise TrainingError(f"There are no weights there: {weights.name} is no file.")
    return weights


def evaluate_run(config: TrainingConfig, weights: Path | None = None) -> Figures:
    """Measure weights on a run's test patients; calibration and thresholds come from its validation patients alone."""
    path = weights_of(config, weights)
    return evaluate_network(config, path, build_network(path))


def evaluate_network(config: TrainingConfig, path: Path, network: Network) -> Figures:
    """The same for a network already built from its weights file."""
    if config.threads:
        torch.set_num_threads(config.threads)
    data = read_data(config, with_crops=False)
    validation, test = (judge_samples(config, network, part) for part in (data.validation, data.test))
    has_score = gives_scores(network)
    calibration = fit_slices(validation) if has_score and validation else None
    raw, patients = test, len({each.patient for each in validation})
    if calibration is not None:
        validation, test = (recalibrated(part, calibration) for part in (validation, test))
    scans = [HeldOut(config.name, path, tuple(validation), has_score)]
    held = f"{_people(test)} held out from one run; thresholds chosen on {_people(validation)}"
    report = _report(config, validation, test, scans, has_score, calibration)
    told = calibration and calibration_table(calibration, raw, test, _lowest(report))
    return {
        "weights": path.name,
        "protocol": held,
        "split": _split(data),
        "calibration": told and {**told, "patients": patients, "fitted_on": "validation patients"},
        **report,
    }


def evaluate_folds(config: TrainingConfig, folders: Sequence[Path], weights: Path | None = None) -> Figures:
    """Measure by cross-validation: each patient by the run that held it out, all taken together.

    config: of the run that learned from everyone, whose weights the figures stand for. Scores of each run are
    calibrated on the patients of the others; what the card gets is fitted on all.
    """
    if len(folders) < 2:
        raise TrainingError(
            "Name two runs or more with --folds: scores of each are calibrated by the others' patients."
        )
    data = _data_of(config, folders)
    folds = read_folds(config, [*data.train, *data.validation, *data.test], folders)
    has_score = folds[0].has_score
    raw = [each for fold in folds for each in fold.slices]
    calibration = fit_slices(raw) if has_score else None
    groups = cross_fitted([fold.slices for fold in folds]) if has_score else [fold.slices for fold in folds]
    pooled = [each for group in groups for each in group]
    report = _report(config, pooled, pooled, folds, has_score, calibration)
    told = calibration and calibration_table(calibration, raw, pooled, _lowest(report))
    threshold = report["score_threshold"]
    assert isinstance(threshold, float)
    return {
        "weights": (weights or config.output).name,
        "protocol": f"{_people(pooled)}, each measured by the one of {len(folds)} runs that did not learn from them",
        "split": _split(data),
        "calibration": told and {**told, "patients": len({each.patient for each in raw}), "fitted_on": _FITTED_ON},
        **report,
        "folds": [
            {"run": fold.run, **_part(group, threshold, has_score, draws=0)}
            for fold, group in zip(folds, groups, strict=True)
        ],
    }


def _data_of(config: TrainingConfig, folders: Sequence[Path]) -> TrainingData:
    """All samples; where everyone's own run has not begun, no split is made for it."""
    if config.threads:
        torch.set_num_threads(config.threads)
    has_begun = (config.output / SPLIT_FILE).is_file()
    return read_data(config if has_begun else replace(config, output=folders[0]), with_crops=False)


def _lowest(report: Figures) -> float:
    """The most sensitive stop."""
    points = report["operating_points"]
    assert isinstance(points, list)
    return min((float(point["score_threshold"]) for point in points), default=0.0)


def _report(
    config: TrainingConfig,
    chosen_on: Sequence[JudgedSlice],
    test: Sequence[JudgedSlice],
    held: Sequence[HeldOut],
    has_score: bool,
    calibration: Calibration | None,
) -> Figures:
    """Operating points from some patients, figures of others. held: who may be asked about whole scans."""
    points = operating_points(chosen_on) if has_score else ()
    counts = count_false_marks(config, held, points, calibration) if points else ScanCounts(0, 0, ())
    threshold = next((point.score_threshold for point in points if point.name == "balanced"), 0.0)
    report: Figures = {
        "score_threshold": threshold,
        "operating_points": [plain_point(point) for point in counts.told(points)],
        "whole_scans": {"patients": counts.patients, "scans": counts.scans},
        "test": _part(test, threshold, has_score),
    }
    if chosen_on is not test:
        report["validation"] = _part(chosen_on, threshold, has_score, draws=0)
    return report


def _part(slices: Sequence[JudgedSlice], threshold: float, has_score: bool, draws: int = DRAWS) -> Figures:
    found = figures(gather(slices, threshold), has_score=has_score, draws=draws)
    part: Figures = {
        "patients": len({each.patient for each in slices}),
        "slices": len(slices),
        "boxes": sum(len(each.truth) for each in slices),
        "metrics": {name: figure.value for name, figure in found.items()},
    }
    if draws:
        part["interval_95"] = {name: _pair(figure.interval_95) for name, figure in found.items()}
        part["sizes"] = {
            words: {"boxes": len(marks.box_owner), **{name: figure_table(each) for name, each in sized.items()}}
            for words, (marks, sized) in size_figures(slices, threshold, draws=draws).items()
        }
        part["subtypes"] = _subtypes(slices, threshold, has_score)
    return part


def _subtypes(slices: Sequence[JudgedSlice], threshold: float, has_score: bool) -> Figures:
    """Figures of each subtype's patients, where sources tell which they have."""
    return {
        label: {
            "patients": len({each.patient for each in part}),
            "slices": len(part),
            **{
                name: figure_table(figure)
                for name, figure in figures(gather(part, threshold), has_score=has_score).items()
            },
        }
        for label, part in by_label(slices).items()
    }


def _pair(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else list(interval)


def _split(data: TrainingData) -> Figures:
    return {name: sorted(getattr(data.split, name)) for name in ("train", "validation", "test")}


def _people(slices: Sequence[JudgedSlice]) -> str:
    count = len({each.patient for each in slices})
    return f"{count} patient{'' if count == 1 else 's'}"


def to_table(report: Mapping[str, object]) -> str:
    """The report in lines for a terminal."""
    lines = [f"weights {report['weights']}: {report['protocol']}"]
    points = report["operating_points"]
    assert isinstance(points, list)
    lines += [f"  {point['name']:<10} threshold {point['score_threshold']:.3f}" for point in points]
    calibration = report["calibration"]
    if isinstance(calibration, Mapping) and calibration["ece_after"] is not None:
        lines.append(
            f"  calibration error {calibration['ece_before']:.3f} before, {calibration['ece_after']:.3f} after"
        )
    for part in ("validation", "test"):
        if isinstance(figures := report.get(part), Mapping):
            lines += _lines(part, figures)
    return "\n".join(lines)


def _lines(part: str, figures: Mapping[str, object]) -> list[str]:
    lines = [f"{part}: {figures['patients']} patients, {figures['slices']} slices, {figures['boxes']} boxes"]
    metrics, intervals = figures["metrics"], figures.get("interval_95")
    assert isinstance(metrics, Mapping)
    for name, value in metrics.items():
        interval = intervals[name] if isinstance(intervals, Mapping) else None
        spread = f"  [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else ""
        lines.append(f"  {name:<20} {'-' if value is None else f'{value:.3f}'}{spread}")
    return lines
