"""How well boxes fit on slices: the figures by which runs are compared, always counted by patient."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch

from lungview.detection.decode import Decoded, decode
from lungview.detection.networks.compact import MULTIPLE, CompactNet
from lungview.detection.preprocess import grid_for, resample, to_channels
from lungview.domain.arrays import FloatArray
from lungview.metrics.iou import iou
from lungview_training.samples import SAMPLE_MM, Sample

HIT_IOU = 0.1
"""A mark counts as having found a lesion from this overlap on, as in two-dimensional FROC."""


@dataclass(frozen=True, slots=True, eq=False)
class SliceResult:
    """One slice: proposed boxes (N, 4), best first, their scores (N,), and the readers' boxes (M, 4)."""

    patient: str
    boxes: FloatArray
    scores: FloatArray
    truth: FloatArray


@dataclass(frozen=True, slots=True)
class Metrics:
    """Shares in [0, 1], over slices.

    mean_iou: of the best-scored box with the readers' boxes, on boxed slices, 0 where there is none. hit10, hit50: how
    often that IoU reaches .1 and .5. ap10, ap50: average precision. sensitivity_at_...: readers' boxes found at so
    many false marks per slice. flagged: lesion-free slices with a mark at the score threshold; detected: boxed ones.
    """

    mean_iou: float
    hit10: float
    hit50: float
    ap10: float
    ap50: float
    sensitivity_at_eighth: float
    sensitivity_at_half: float
    sensitivity_at_one: float
    flagged: float
    detected: float

    def as_plain(self) -> dict[str, float]:
        """By name."""
        return asdict(self)


@torch.inference_mode()
def run_on(network: CompactNet, samples: Sequence[Sample], batch_size: int = 8) -> list[SliceResult]:
    """Ask the network about each sample, slice by slice, in its own mode of evaluation."""
    was_training = network.training
    network.eval()
    device = next(network.parameters()).device
    results: list[SliceResult] = []
    shapes = sorted({sample.hu.shape for sample in samples})
    for shape in shapes:
        same = [sample for sample in samples if sample.hu.shape == shape]
        for start in range(0, len(same), batch_size):
            part = same[start : start + batch_size]
            results.extend(_results(network, part, device))
    network.train(was_training)
    return results


def _results(network: CompactNet, samples: Sequence[Sample], device: torch.device) -> list[SliceResult]:
    shape = samples[0].hu.shape
    grid = grid_for((shape[0], shape[1]), (SAMPLE_MM, SAMPLE_MM), MULTIPLE)
    hu = resample(np.stack([sample.hu for sample in samples]), grid)
    inputs = to_channels(hu.to(device)).contiguous(memory_format=torch.channels_last)
    decoded: list[Decoded] = decode(network(inputs), lowest_score=0.01)
    down, across = grid.scale
    scale = np.array([across, down, across, down], dtype=np.float32)
    return [
        SliceResult(sample.patient, each.boxes * scale, each.scores, sample.boxes)
        for sample, each in zip(samples, decoded, strict=True)
    ]


def measure(results: Sequence[SliceResult], score_threshold: float) -> Metrics:
    """All figures over a set of slices; score_threshold only moves flagged and detected."""
    boxed = [result for result in results if len(result.truth)]
    free = [result for result in results if not len(result.truth)]
    best = np.array([_best_iou(result) for result in boxed] or [0.0])
    curve = froc(results)
    return Metrics(
        mean_iou=float(best.mean()),
        hit10=float((best >= 0.1).mean()),
        hit50=float((best >= 0.5).mean()),
        ap10=average_precision(results, 0.1),
        ap50=average_precision(results, 0.5),
        sensitivity_at_eighth=curve(0.125),
        sensitivity_at_half=curve(0.5),
        sensitivity_at_one=curve(1.0),
        flagged=_marked(free, score_threshold),
        detected=_marked(boxed, score_threshold),
    )


def average_precision(results: Sequence[SliceResult], iou_threshold: float) -> float:
    """Area under the precision envelope, one class, each readers' box found once (Everingham 2010, all points)."""
    scores, hits, total = _ranked(results, iou_threshold)
    if total == 0 or not len(scores):
        return 0.0
    found = np.cumsum(hits)
    precision = found / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((envelope * hits).sum() / total)


def froc(results: Sequence[SliceResult]) -> Callable[[float], float]:
    """Sensitivity as a function of false marks per slice."""
    _, hits, total = _ranked(results, HIT_IOU)
    found, false = np.cumsum(hits), np.cumsum(~hits) / max(len(results), 1)

    def sensitivity(false_per_slice: float) -> float:
        reached = int(np.searchsorted(false, false_per_slice, side="right"))
        return float(found[reached - 1] / total) if reached and total else 0.0

    return sensitivity


def threshold_at(results: Sequence[SliceResult], false_per_slice: float) -> float:
    """The lowest score at which no more than so many false marks per slice stand."""
    scores, hits, _ = _ranked(results, HIT_IOU)
    false = np.cumsum(~hits) / max(len(results), 1)
    over = int(np.searchsorted(false, false_per_slice, side="right"))
    return float(scores[over]) + 1e-6 if over < len(scores) else 0.0


def bootstrap(
    results: Sequence[SliceResult], score_threshold: float, rounds: int = 500, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """95 % interval of each figure, patients (not slices) drawn with replacement."""
    random = np.random.default_rng(seed)
    patients = sorted({result.patient for result in results})
    by_patient = {name: [result for result in results if result.patient == name] for name in patients}
    draws = []
    for _ in range(rounds):
        drawn = random.choice(len(patients), len(patients))
        chosen = [result for place in drawn for result in by_patient[patients[place]]]
        draws.append(measure(chosen, score_threshold).as_plain())
    return {
        name: (
            float(np.percentile([draw[name] for draw in draws], 2.5)),
            float(np.percentile([draw[name] for draw in draws], 97.5)),
        )
        for name in draws[0]
    }


def _best_iou(result: SliceResult) -> float:
    return float(iou(result.boxes[:1], result.truth).max()) if len(result.boxes) else 0.0


def _marked(results: Sequence[SliceResult], score_threshold: float) -> float:
    if not results:
        return 0.0
    return float(np.mean([bool((result.scores >= score_threshold).any()) for result in results]))


def _ranked(
    results: Sequence[SliceResult], iou_threshold: float
) -> tuple[FloatArray, np.ndarray[tuple[int, ...], np.dtype[np.bool_]], int]:
    """Every mark's score, best first, whether it finds a box not found before, and how many boxes there are."""
    scores: list[float] = []
    hits: list[bool] = []
    for result in results:
        overlaps = iou(result.boxes, result.truth)
        taken = np.zeros(len(result.truth), dtype=bool)
        for place, score in enumerate(result.scores):
            free = np.where(taken, -1.0, overlaps[place])
            hit = bool(len(free)) and bool(free.max() >= iou_threshold)
            if hit:
                taken[int(free.argmax())] = True
            scores.append(float(score))
            hits.append(hit)
    order = np.argsort(-np.array(scores), kind="stable") if scores else np.zeros(0, dtype=int)
    total = sum(len(result.truth) for result in results)
    return np.array(scores)[order], np.array(hits, dtype=bool)[order], total
