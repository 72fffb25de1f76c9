"""Curves over steps as SVG, readable in light and dark pages and by themselves."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from lungview_training.record.history import History

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 560, 276, 58, 20, 46, 40
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f")

STYLE = """svg{max-width:100%;font:12px system-ui,sans-serif}svg text{fill:currentColor}
svg{color:#1d2329}@media(prefers-color-scheme:dark){svg{color:#e4e9ee}}
.grid{stroke:currentColor;opacity:.18}.curve{fill:none;stroke-width:1.8}"""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class _Axes:
    """From values to pixels; up is logarithmic where all values are above 0 and is_log asks for it."""

    steps: tuple[float, float]
    values: tuple[float, float]
    is_log: bool

    def x(self, step: float) -> float:
        low, high = self.steps
        return _LEFT + (step - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high, value = (math.log10(each) if self.is_log else each for each in (*self.values, value))
        return _HEIGHT - _BOTTOM - (value - low) / (high - low) * (_HEIGHT - _BOTTOM - _TOP)


def plots(history: History) -> list[str]:
    """Losses, validation and learning rate; those there is something to draw of."""
    losses: dict[str, Points] = {"training": history.loss.points}
    if history.validation_loss:
        losses["validation"] = history.validation_loss
    if len(history.parts) > 1:
        losses |= {name: series.points for name, series in history.parts.items()}
    shown = history.evaluations
    found = {
        "best box IoU": [(float(each.step), each.mean_iou) for each in shown],
        "AP at IoU .50": [(float(each.step), each.ap50) for each in shown],
        "found at 1 false mark": [(float(each.step), each.sensitivity_at_one) for each in shown],
        "lesion-free marked": [(float(each.step), each.flagged) for each in shown],
    }
    drawn = [
        plot("Loss", losses, is_log=True),
        plot("Validation patients", found, top=1.0),
        plot("Learning rate", {"learning rate": history.learning_rate.points}),
    ]
    return [each for each in drawn if each]


def plot(title: str, lines: Mapping[str, Points], *, is_log: bool = False, top: float | None = None) -> str:
    """One frame with a line for each name; "" where there is nothing to draw. top: end of the value axis."""
    points = [point for each in lines.values() for point in each if math.isfinite(point[1])]
    if not points:
        return ""
    axes = _axes(points, is_log and min(value for _, value in points) > 0, top)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" role="img">',
        f'<title>{escape(title)}</title><text x="{_LEFT}" y="14" font-weight="600">{escape(title)}</text>',
        *_grid(axes),
    ]
    for index, each in enumerate(lines.values()):
        colour = _COLOURS[index % len(_COLOURS)]
        corners = " ".join(f"{axes.x(step):.1f},{axes.y(value):.1f}" for step, value in each if math.isfinite(value))
        parts.append(f'<polyline points="{corners}" class="curve" fill="none" stroke="{colour}"/>')
        if len(each) == 1:
            parts.append(f'<circle cx="{axes.x(each[0][0]):.1f}" cy="{axes.y(each[0][1]):.1f}" r="3" fill="{colour}"/>')
    return "".join([*parts, _legend(list(lines)), "</svg>"])


def stacked(drawn: Sequence[str]) -> str:
    """One SVG file with the plots below each other."""
    inner = "".join(
        each.replace("<svg ", f'<svg y="{index * _HEIGHT}" height="{_HEIGHT}" ', 1) for index, each in enumerate(drawn)
    )
    size = f'width="{_WIDTH}" height="{_HEIGHT * len(drawn)}" viewBox="0 0 {_WIDTH} {_HEIGHT * len(drawn)}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}><style>{STYLE}</style>{inner}</svg>'


def _axes(points: Points, is_log: bool, top: float | None) -> _Axes:
    steps = [step for step, _ in points]
    values = [value for _, value in points]
    low, high = (min(values), max(values)) if is_log else (0.0, max(values) if top is None else top)
    if high <= low:
        low, high = (low / 2, low * 2) if is_log else (low, low + 1)
    first, last = min(steps), max(steps)
    return _Axes((first, last if last > first else first + 1), (low, high), is_log)


def _grid(axes: _Axes) -> list[str]:
    parts = []
    for value in _ticks(*axes.values, is_log=axes.is_log):
        y = axes.y(value)
        parts.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{value:.3g}</text>')
    for step in _ticks(*axes.steps):
        if step == int(step):
            y = _HEIGHT - _BOTTOM + 16
            parts.append(f'<text x="{axes.x(step):.1f}" y="{y}" text-anchor="middle">{step:g}</text>')
    parts.append(f'<text x="{(_LEFT + _WIDTH) / 2}" y="{_HEIGHT - 6}" text-anchor="middle">step</text>')
    return parts


def _ticks(low: float, high: float, *, is_log: bool = False) -> list[float]:
    """Round values between the ends, about five."""
    if is_log:
        powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        shares = (1, 2, 5) if len(powers) <= 4 else (1,)
        return [share * 10.0**power for power in powers for share in shares if low <= share * 10.0**power <= high]
    rough = (high - low) / 5
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(share * unit for share in (1, 2, 5, 10) if share * unit >= rough)
    first = math.ceil(low / step)
    return [index * step for index in range(first, math.floor(high / step + 1e-9) + 1)]


def _legend(names: Sequence[str]) -> str:
    if len(names) < 2:
        return ""
    parts, x = [], float(_LEFT)
    for index, name in enumerate(names):
        parts.append(f'<rect x="{x}" y="23" width="10" height="10" fill="{_COLOURS[index % len(_COLOURS)]}"/>')
        parts.append(f'<text x="{x + 14}" y="32">{escape(name)}</text>')
        x += 6.2 * len(name) + 26
    return "".join(parts)
