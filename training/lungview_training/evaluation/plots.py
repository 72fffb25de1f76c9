"""Small plots as inline SVG, readable in light and dark pages."""

from collections.abc import Mapping, Sequence

import numpy as np

from lungview.domain.arrays import FloatArray
from lungview.metrics.froc import RATES
from lungview_training.evaluation.curves import Curve
from lungview_training.evaluation.figures import Bin

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 420, 280, 56, 44, 14

Interval = tuple[float, float] | None


def froc_plot(curve: Curve, intervals: Mapping[float, Interval], former: Curve | None = None) -> str:
    """Sensitivity over false marks per scan, 1/8 to 8 on a logarithmic axis, with the intervals of its rates as a band.

    former: of the model before, drawn too.
    """
    known = [(rate, interval) for rate, interval in intervals.items() if interval is not None]
    edge = [(_rate_x(rate), high) for rate, (_, high) in known]
    edge += [(_rate_x(rate), low) for rate, (low, _) in reversed(known)]
    band = f'<polygon points="{_points(edge)}" class="band"/>' if len(known) > 1 else ""
    older = "" if former is None else _line(former, "former")
    ticks = [(_rate_x(rate), _rate_words(rate)) for rate in RATES]
    return _frame("false marks per scan", "sensitivity", ticks, band + older + _line(curve, "curve"))


def reliability_plot(bins: Sequence[Bin]) -> str:
    """Share of hits in each step of the score; on the dashed line a score means what it says. Bars tell their marks."""
    bars = "".join(
        _bar(each.low, each.high, each.hit_share, f"{each.marks} marks") for each in bins if each.hit_share is not None
    )
    counts = "".join(
        f'<text x="{_x((each.low + each.high) / 2):.1f}" y="{_y(each.hit_share) - 4:.1f}" text-anchor="middle" '
        f'font-size="10">{each.marks}</text>'
        for each in bins
        if each.hit_share is not None
    )
    ideal = f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" class="ideal"/>'
    return _frame("score", "share of marks that hit", _fifths(), bars + ideal + counts)


def histogram(values: Sequence[float], title: str) -> str:
    """How many values lie in each tenth of [0, 1]."""
    counts = np.histogram(values, 10, (0, 1))[0]
    highest = max(int(counts.max()), 1)
    bars = "".join(
        _bar(k / 10, (k + 1) / 10, count / highest, f"{count} slices") for k, count in enumerate(counts.tolist())
    )
    return _frame(title, "slices", _fifths(), bars, highest)


def _bar(low: float, high: float, share: float, words: str) -> str:
    return (
        f'<rect x="{_x(low) + 1:.1f}" y="{_y(share):.1f}" width="{_x(high) - _x(low) - 2:.1f}" '
        f'height="{_y(0) - _y(share):.1f}" class="bar"><title>{words}</title></rect>'
    )


def _line(curve: Curve, name: str) -> str:
    inside = (curve.false_marks > 0) & (curve.false_marks <= RATES[-1])
    reached = curve.sensitivity[curve.false_marks <= RATES[-1]].max()
    before = curve.sensitivity[curve.false_marks <= RATES[0]].max()
    points = [(_rate_x(RATES[0]), float(before))]
    for false, found in zip(curve.false_marks[inside].tolist(), curve.sensitivity[inside].tolist(), strict=True):
        if false > RATES[0]:
            points.append((_rate_x(false), found))
    points.append((1.0, float(reached)))
    return f'<polyline points="{_points(points)}" class="{name}"/>'


def _rate_x(rate: float) -> float:
    return float((np.log2(rate) + 3) / 6)


def _rate_words(rate: float) -> str:
    return f"{rate:g}" if rate >= 1 else f"1/{1 / rate:g}"


def _fifths() -> list[tuple[float, str]]:
    return [(k / 5, f"{k / 5:g}") for k in range(6)]


def _frame(across: str, up: str, ticks: Sequence[tuple[float, str]], content: str, highest: float = 1.0) -> str:
    parts = [f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{up} over {across}">']
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(share)
        parts.append(f'<line x1="{_x(0)}" x2="{_x(1)}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{round(share * highest, 2):g}</text>')
    parts += [f'<text x="{_x(at):.1f}" y="{_y(0) + 16:.1f}" text-anchor="middle">{word}</text>' for at, word in ticks]
    parts.append(f'<text x="{_x(0.5):.1f}" y="{_HEIGHT - 6}" text-anchor="middle">{across}</text>')
    parts.append(f'<text transform="translate(11 {_y(0.5):.1f}) rotate(-90)" text-anchor="middle">{up}</text>')
    return "".join([*parts, content, "</svg>"])


def _points(corners: Sequence[tuple[float, float]] | FloatArray) -> str:
    return " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in corners)


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - 12)


def _y(share: float) -> float:
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)
