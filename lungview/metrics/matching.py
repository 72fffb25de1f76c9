"""Pair a model's detections with readers' findings on one slice."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lungview.domain.arrays import FloatArray
from lungview.metrics.iou import iou

EXACT_LIMIT = 8
"""Up to this many boxes on the smaller side the best pairing is searched in full; slices rarely hold more than 3."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A detection and a finding taken for the same thing; both are indices into the arrays that were matched."""

    detection: int
    finding: int
    iou: float


@dataclass(frozen=True, slots=True)
class Matching:
    """Which detections belong to which findings, and which stand alone; indices, ascending."""

    pairs: tuple[Pair, ...]
    unmatched_detections: tuple[int, ...]
    unmatched_findings: tuple[int, ...]


def match(
    detections: FloatArray,
    findings: FloatArray,
    scores: Sequence[float] | FloatArray | None = None,
    *,
    iou_threshold: float = 0.5,
) -> Matching:
    """Pair boxes as detection benchmarks count them: best score first, each taking the best finding still free.

    detections: (N, 4), findings: (M, 4), (xmin, ymin, xmax, ymax) in pixels. scores: (N,), None takes the order given.
    A pair needs an IoU of at least iou_threshold, and more than 0.
    """
    overlaps = iou(detections, findings)
    count = overlaps.shape[0]
    order = range(count) if scores is None else np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable")
    free = np.ones(overlaps.shape[1], dtype=bool)
    pairs = []
    for detection in (int(each) for each in order):
        if not free.any():
            break
        candidates = np.where(free, overlaps[detection], -1.0)
        finding = int(candidates.argmax())
        if candidates[finding] > 0 and candidates[finding] >= iou_threshold:
            free[finding] = False
            pairs.append(Pair(detection, finding, float(candidates[finding])))
    return _matching(pairs, overlaps.shape)


def match_by_overlap(detections: FloatArray, findings: FloatArray, *, iou_threshold: float = 0.0) -> Matching:
    """Pair boxes so that the IoU of all pairs sums to the most, whatever the scores: what a person would draw.

    detections: (N, 4), findings: (M, 4). Exact where the smaller side has up to 8 boxes, else best overlap first.
    """
    return pair_by_gain(iou(detections, findings), threshold=iou_threshold)


def pair_by_gain(gains: FloatArray, *, threshold: float = 0.0) -> Matching:
    """Pair rows (detections) with columns (findings) of an (N, M) table so that the gains sum to the most.

    Pairs need a gain of at least threshold, and more than 0. Exact where the smaller side has up to 8, else greedy.
    """
    gains = np.where((gains >= threshold) & (gains > 0), gains, 0.0)
    is_wide = gains.shape[1] >= gains.shape[0]
    table = gains if is_wide else gains.T
    chosen = _best_pairs(table) if table.shape[0] <= EXACT_LIMIT else _greedy_pairs(table)
    ordered = [(row, column) if is_wide else (column, row) for row, column in chosen]
    return _matching([Pair(row, column, float(gains[row, column])) for row, column in ordered], gains.shape)


def _best_pairs(table: FloatArray) -> list[tuple[int, int]]:
    """Search all pairings of few rows with any number of columns, column by column over sets of rows taken."""
    rows, columns = table.shape
    best: dict[int, tuple[float, tuple[tuple[int, int], ...]]] = {0: (0.0, ())}
    for column in range(columns):
        gains = [(row, float(table[row, column])) for row in range(rows) if table[row, column] > 0]
        for taken, (total, pairs) in list(best.items()):
            for row, gain in gains:
                grown = taken | 1 << row
                if grown != taken and total + gain > best.get(grown, (-1.0, ()))[0]:
                    best[grown] = (total + gain, (*pairs, (row, column)))
    return list(max(best.values(), key=lambda each: each[0])[1])


def _greedy_pairs(table: FloatArray) -> list[tuple[int, int]]:
    free_rows, free_columns = set(range(table.shape[0])), set(range(table.shape[1]))
    pairs = []
    for flat in np.argsort(-table, axis=None, kind="stable"):
        row, column = divmod(int(flat), table.shape[1])
        if table[row, column] <= 0:
            break
        if row in free_rows and column in free_columns:
            free_rows.remove(row)
            free_columns.remove(column)
            pairs.append((row, column))
    return pairs


def _matching(pairs: Sequence[Pair], shape: tuple[int, ...]) -> Matching:
    detections, findings = {pair.detection for pair in pairs}, {pair.finding for pair in pairs}
    return Matching(
        pairs=tuple(sorted(pairs, key=lambda pair: pair.detection)),
        unmatched_detections=tuple(each for each in range(shape[0]) if each not in detections),
        unmatched_findings=tuple(each for each in range(shape[1]) if each not in findings),
    )
