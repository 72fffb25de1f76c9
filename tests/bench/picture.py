"""The table as a picture: how much longer each peer takes than LungView, on a scale of ratios. SVG, light and dark."""

import math
from collections.abc import Sequence
from html import escape

from tests.bench.report import Report, figure
from tests.bench.rows import Row

_WIDTH, _LEFT, _RIGHT = 920, 318, 112
_ROW, _HEAD, _TOP = 21, 30, 74
_MARKS = {
    "dicomsdl": ("#0072b2", "M-5,-5h10v10h-10z"),
    "SimpleITK": ("#d55e00", "M0,-6L6,5H-6z"),
    "itk": ("#e69f00", "M0,-6.5L6.5,0L0,6.5L-6.5,0z"),
    "gdcm": ("#009e73", "M0,6L6,-5H-6z"),
    "pydicom": ("#cc79a7", "M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0"),
    "napari": ("#56b4e9", "M-6,-2.5H-2.5V-6H2.5V-2.5H6V2.5H2.5V6H-2.5V2.5H-6z"),
    "study's CNN": ("#8c6bb1", "M-5,-5h10v10h-10z"),
}
"""Colour and outline of a peer's mark: they differ by both."""
_FLOORS = frozenset({"floor", "empty window"})
"""What nothing can be faster than; drawn as a stroke."""
_STROKE = "M-1.5,-8h3v16h-3z"
_STYLE = """
svg { font: 12.5px system-ui, sans-serif; }
.card { fill: #ffffff; } .text { fill: #24292f; } .quiet { fill: #57606a; } .line { stroke: #d0d7de; }
.one { stroke: #24292f; stroke-width: 1.5; } .band { fill: #f3f6f9; } .floor { fill: #6e7781; }
@media (prefers-color-scheme: dark) {
 .card { fill: #1b1d21; } .text { fill: #e6e8eb; } .quiet { fill: #9aa3ad; } .line { stroke: #3a3f47; }
 .one { stroke: #e6e8eb; } .band { fill: #23262b; } .floor { fill: #9aa3ad; }
}
"""


def draw(report: Report) -> str:
    """The rows that have somebody beside them, or a bar to keep under."""
    rows = [row for row in report.rows if row.beside or row.bar]
    sections = list(dict.fromkeys(row.section for row in rows))
    scale = _Scale([1 / ratio for row in rows for ratio in row.ratios.values()])
    height = _TOP + _ROW * len(rows) + _HEAD * len(sections) + 34
    parts = [_frame(height, report, scale), _legend(rows)]
    y = _TOP
    for section in sections:
        parts.append(f'<text class="text" x="16" y="{y + 20}" font-weight="600">{escape(section.capitalize())}</text>')
        y += _HEAD
        for number, row in enumerate(row for row in rows if row.section == section):
            parts.append(_line(row, y, scale, is_banded=number % 2 == 0))
            y += _ROW
    return "\n".join([*parts, "</svg>\n"])


class _Scale:
    """Ratios on a logarithmic axis, 1 included."""

    def __init__(self, ratios: Sequence[float]) -> None:
        self.low = min([0.5, *(ratio * 0.9 for ratio in ratios)])
        self.high = max([4.0, *(ratio * 1.1 for ratio in ratios)])

    def x(self, ratio: float) -> float:
        share = math.log(ratio / self.low) / math.log(self.high / self.low)
        return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)

    @property
    def ticks(self) -> list[float]:
        wanted = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
        return [tick for tick in wanted if self.low <= tick <= self.high]


def _frame(height: int, report: Report, scale: _Scale) -> str:
    told = "Time of others as a multiple of LungView's (memory likewise); right of 1 is slower or more"
    kind = "quick run, " if report.is_quick else ""
    note = f"{report.date}, {kind}{report.machine}, load {report.load[0]}. Strokes: what nothing can be faster than."
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        f' role="img" aria-label="{escape(told)}"><style>{_STYLE}</style>',
        f'<rect class="card" width="{_WIDTH}" height="{height}" rx="6"/>',
        f'<text class="text" x="16" y="26" font-size="14" font-weight="600">{escape(told)}</text>',
        f'<text class="quiet" x="16" y="{height - 10}" font-size="11">{escape(note)}</text>',
        f'<text class="quiet" x="{_WIDTH - 16}" y="{_TOP + 2}" text-anchor="end">LungView</text>',
    ]
    for tick in scale.ticks:
        x = scale.x(tick)
        kind = "one" if tick == 1 else "line"
        parts.append(f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP + 8}" y2="{height - 28}"/>')
        parts.append(f'<text class="quiet" x="{x:.1f}" y="{_TOP + 2}" text-anchor="middle">{tick:g} ×</text>')
    return "\n".join(parts)


def _legend(rows: Sequence[Row]) -> str:
    present = [name for name in _MARKS if any(name in row.beside for row in rows)]
    parts, x = [], 24
    for name in present:
        parts.append(_mark(name, x, 46) + f'<text class="text" x="{x + 12}" y="50">{escape(name)}</text>')
        x += 36 + 7 * len(name)
    return "\n".join(parts)


def _line(row: Row, y: int, scale: _Scale, *, is_banded: bool) -> str:
    middle = y + _ROW / 2
    parts = (
        [f'<rect class="band" x="8" y="{y}" width="{_WIDTH - 16}" height="{_ROW}" opacity="0.6"/>'] if is_banded else []
    )
    parts.append(f'<text class="text" x="28" y="{middle + 4:.1f}">{escape(row.what)}</text>')
    for name, ratio in row.ratios.items():
        parts.append(_mark(name, scale.x(1 / ratio), middle))
    if not row.ratios:
        parts.append(f'<text class="quiet" x="{scale.x(1) + 10:.1f}" y="{middle + 4:.1f}">{escape(row.bar)}</text>')
    told = f"{figure(row.ours)} {row.unit}"
    parts.append(f'<text class="text" x="{_WIDTH - 16}" y="{middle + 4:.1f}" text-anchor="end">{told}</text>')
    return "\n".join(parts)


def _mark(name: str, x: float, y: float) -> str:
    if name in _FLOORS:
        return f'<path class="floor" transform="translate({x:.1f},{y:.1f})" d="{_STROKE}"/>'
    colour, outline = _MARKS[name]
    return f'<path fill="{colour}" transform="translate({x:.1f},{y:.1f})" d="{outline}"/>'
