"""Small plots as inline SVG, readable in light and dark pages."""

from collections.abc import Sequence

import numpy as np

from lungview.domain.arrays import FloatArray
from lungview.metrics.froc import RATES
from lungview_training.evaluation.curves import Curve
from lungview_training.evaluation.figures import Bin

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 420, 300, 46, 44, 12


def froc_plot(curve: Curve) -> str:
    """Sensitivity over false marks per scan, 1/8 to 8 on a logarithmic axis."""
    inside = curve.false_marks > 0
    across = np.log2(np.clip(np.append(curve.false_marks[inside], RATES[-1]), RATES[0], RATES[-1]))
    last = curve.sensitivity[curve.false_marks <= RATES[-1]].max()
    up = np.append(curve.sensitivity[inside], last)
    is_drawn = np.append(curve.false_marks[inside] <= RATES[-1], True)
    points = np.stack([(across[is_drawn] + 3) / 6, up[is_drawn]], axis=1)
    ticks = [((np.log2(rate) + 3) / 6, f"{rate:g}") for rate in RATES]
    return _frame("false marks per scan", "sensitivity", ticks, _line(points))


def reliability_plot(bins: Sequence[Bin]) -> str:
    """Share of hits in each step of the score; on the dashed line a score means what it says."""
    bars = "".join(
        f'<rect x="{_x(each.low):.1f}" y="{_y(each.hit_share):.1f}" width="{_x(each.high) - _x(each.low) - 2:.1f}" '
        f'height="{_y(0) - _y(each.hit_share):.1f}" class="bar"><title>{each.marks} marks</title></rect>'
        for each in bins
        if each.hit_share is not None
    )
    ideal = f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" class="ideal"/>'
    return _frame("score", "share of marks that hit", [(k / 5, f"{k / 5:g}") for k in range(6)], bars + ideal)


def histogram(values: Sequence[float], title: str) -> str:
    """How many values lie in each tenth of [0, 1]."""
    counts = np.histogram(values, 10, (0, 1))[0]
    highest = max(int(counts.max()), 1)
    bars = "".join(
        f'<rect x="{_x(k / 10):.1f}" y="{_y(count / highest):.1f}" width="{_x(0.1) - _x(0) - 2:.1f}" '
        f'height="{_y(0) - _y(count / highest):.1f}" class="bar"><title>{count} slices</title></rect>'
        for k, count in enumerate(counts.tolist())
    )
    return _frame(title, f"slices, of {highest} in the highest bar", [(k / 5, f"{k / 5:g}") for k in range(6)], bars)


def _frame(across: str, up: str, ticks: Sequence[tuple[float, str]], content: str) -> str:
    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{up} over {across}">']
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(share)
        parts.append(f'<line x1="{_x(0)}" x2="{_x(1)}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{share:g}</text>')
    parts += [f'<text x="{_x(at):.1f}" y="{_y(0) + 16:.1f}" text-anchor="middle">{word}</text>' for at, word in ticks]
    parts.append(f'<text x="{_x(0.5):.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{across}</text>')
    middle = _y(0.5)
    parts.append(f'<text transform="translate(12 {middle:.1f}) rotate(-90)" text-anchor="middle">{up}</text>')
    return "".join([*parts, content, "</svg>"])


def _line(points: FloatArray) -> str:
    corners = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points.tolist())
    return f'<polyline points="{corners}" class="curve"/>'


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - 12)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)
