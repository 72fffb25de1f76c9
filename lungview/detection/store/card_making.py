"""Cards of the reader's own models: what was noted of their making, in a form a program and a person read."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from lungview.detection.models_info import ARCHITECTURES, architecture
from lungview.detection.safetensors_header import Header
from lungview.detection.store.entries import SCHEMA, gain_of, with_interval
from lungview.domain.model_shelf import Lineage, Origin
from lungview.errors import WeightsError

Facts = dict[str, object]

_UNMEASURED: tuple[Facts, ...] = ({"name": "balanced", "score_threshold": 0.3},)
_MEASURED = (
    *("operating_points", "stops_note", "whole_scans", "calibration", "protocol", "metrics", "comparison"),
    *("split", "learned_from", "data", "version"),
)
"""Entries of a card that tell how well weights do; they stay true whatever the model is called."""


@dataclass(frozen=True, slots=True)
class Making:
    """What is noted of a model when it is kept.

    measured: figures, thresholds and calibration as bundled cards have them. text: the card in words, "" to have one
    written.
    """

    origin: Origin
    lineage: Lineage = field(default_factory=Lineage)
    notes: str = ""
    measured: Mapping[str, object] = field(default_factory=dict)
    summary: str = ""
    text: str = ""


def make_card(name: str, network: str, header: Header, sha256: str, making: Making) -> Facts:
    """The card of weights that are about to be kept."""
    if network not in {each.key for each in ARCHITECTURES}:
        known = ", ".join(each.key for each in ARCHITECTURES)
        raise WeightsError(
            f"The weights are for the network {network!r}, which LungView does not have; it has {known}."
        )
    kind = architecture(network)
    measured = {key: value for key, value in making.measured.items() if key in _MEASURED}
    points = list(_UNMEASURED) if kind.has_score else []
    lineage = {key: value for key, value in asdict(making.lineage).items() if value not in ("", None, {})}
    return {
        "schema": SCHEMA,
        "name": name,
        "title": name,
        "architecture": kind.key,
        "made": f"{date.today():%Y-%m-%d}",
        "origin": making.origin.value,
        "summary": making.summary or kind.summary,
        "notes": making.notes,
        "parameters": header.parameters,
        "in_channels": header.in_channels,
        "has_score": kind.has_score,
        "has_attention": True,
        "weights_sha256": sha256,
        "lineage": lineage,
        "operating_points": points,
        **measured,
        "intended_use": "Research and teaching. Not a medical device.",
    }


def renamed(facts: Mapping[str, object], name: str) -> Facts:
    """The same card under another name."""
    return {**facts, "name": name, "title": name}


def to_bytes(facts: Mapping[str, object]) -> bytes:
    """A card as it stands in a file."""
    return (json.dumps(facts, indent=2, allow_nan=False, default=str) + "\n").encode()


def in_words(facts: Mapping[str, object]) -> str:
    """A short card in Markdown, for models that nobody wrote one for."""
    told = facts.get("lineage")
    lineage = told if isinstance(told, Mapping) else {}
    lines = [f"# {facts['name']}", "", "**For research. Not a medical device, not for diagnosis.**", ""]
    lines += [f"{facts['summary']}", "", f"Network `{facts['architecture']}`, {facts['parameters']:,} weights."]
    lines += ["", "## Where it comes from", ""]
    lines += [f"- {words}: {lineage[key]}" for key, words in _WORDS if lineage.get(key)] or ["Nobody noted it."]
    lines += ["", "## How well it does", "", *_figures(facts), *_compared(facts), *_stops(facts)]
    if facts.get("notes"):
        lines += ["", "## Notes", "", str(facts["notes"])]
    return "\n".join(lines) + "\n"


_WORDS = (("parent", "Trained on from"), ("source", "Imported from the file"), ("seed", "Seed"))
_FIGURES = {
    "best_box_iou": "mean IoU of the best-scored box with a reader's",
    "mean_iou": "mean IoU of the best-scored box with a reader's",
    "map50": "mAP at IoU 0.50",
    "ap50": "AP at IoU 0.50",
    "sensitivity": "readers' boxes hit at the balanced threshold",
    "negatives_flagged": "lesion-free slices with any mark",
}


def _figures(facts: Mapping[str, object]) -> list[str]:
    metrics = facts.get("metrics")
    lines: list[str] = []
    for part, words in (("test", "patients held out"), ("validation", "validation patients")):
        table = metrics.get(part) if isinstance(metrics, Mapping) else None
        values = table.get("metrics") if isinstance(table, Mapping) else None
        if isinstance(table, Mapping) and isinstance(values, Mapping):
            lines += [f"On {table.get('patients', '')} {words}:".replace("  ", " "), ""]
            lines += ["| figure | value | 95 % interval |", "|---|---|---|"]
            lines += [_line(key, value, table.get("interval_95")) for key, value in values.items() if key in _FIGURES]
            lines.append("")
    return lines or ["Not measured: nothing is known of how often it misses lesions, or marks what is none."]


def _compared(facts: Mapping[str, object]) -> list[str]:
    """How it does beside the model it came from."""
    gain = gain_of(facts)
    if gain is None:
        return []
    part = "patients held out" if gain.is_test else "validation patients, by whom its weights were chosen"
    people = f"{gain.patients} {part}" if gain.patients else part
    verdict = "shown to be better" if gain.is_shown else "not shown to be better"
    return ["", f"Beside {gain.base}, on the same {people}: {gain.in_words()} in box IoU, {verdict}."]


def _stops(facts: Mapping[str, object]) -> list[str]:
    """Thresholds, and what they rest on."""
    points = facts.get("operating_points")
    note = facts.get("stops_note")
    if not isinstance(points, list) or not points or not isinstance(note, str):
        return []
    lines = ["", "## Thresholds", "", note, "", "| stop | score from | boxes found | false marks per scan |"]
    lines.append("|---|---|---|---|")
    for point in points:
        found, false = point.get("sensitivity"), point.get("false_marks_per_scan")
        told = "–" if found is None else f"{100 * found:.0f} %"
        counted = "–" if false is None else f"{false:.1f}"
        lines.append(f"| {point['name']} | {point['score_threshold']:.2f} | {told} | {counted} |")
    return lines


def _line(key: str, value: object, intervals: object) -> str:
    if not isinstance(value, int | float):
        return f"| {_FIGURES[key]} | – | – |"
    figure = with_interval(float(value), intervals, key)
    spread = "–" if figure.low is None else f"{figure.low:.2f} to {figure.high:.2f}"
    return f"| {_FIGURES[key]} | {figure.value:.2f} | {spread} |"


def card_text(path: Path, facts: Mapping[str, object]) -> str:
    """The card in words that lies beside weights, or a short one made of the facts."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return in_words(facts)
