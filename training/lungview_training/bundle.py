"""From a finished run to a bundled model: weights, the card a program reads, and the card a person reads."""

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from lungview.detection.build import build_network
from lungview.detection.models_info import architecture
from lungview.detection.networks.lesion import LesionNet
from lungview.detection.preprocess import CHANNEL_WINDOWS, PIXEL_MM
from lungview.detection.weights import sha256_of
from lungview.errors import TrainingError
from lungview_training.config import Role, SourceConfig, SourceKind, TrainingConfig
from lungview_training.report import Figures, evaluate_run, weights_of

_ELSEWHERE = frozenset({"output", "sources", "weights_licence"})
_USES = {
    (SourceKind.IMAGES, Role.SPLIT): "shared out by patient: training, validation and test",
    (SourceKind.CASE, Role.SPLIT): "shared out by patient: training, validation and test",
    (SourceKind.IMAGES, Role.TRAIN): "training only",
    (SourceKind.CASE, Role.TRAIN): "training only",
}
_ROWS = (
    ("mean_iou", "mean IoU of the best-scored box with a reader's, boxed slices"),
    ("hit10", "boxed slices where that IoU reaches 0.1"),
    ("hit50", "boxed slices where that IoU reaches 0.5"),
    ("ap10", "average precision at IoU 0.1"),
    ("ap50", "average precision at IoU 0.5"),
    ("sensitivity_at_eighth", "readers' boxes found at 1/8 false mark per slice"),
    ("sensitivity_at_half", "... at 1/2"),
    ("sensitivity_at_one", "... at 1"),
    ("detected", "boxed slices with any mark at the balanced threshold"),
    ("flagged", "lesion-free slices with any mark at the balanced threshold"),
)


def bundle(config: TrainingConfig, folder: Path, notes: str = "", weights: Path | None = None) -> Path:
    """Measure a run's weights and write <name>.safetensors, .json and .md into folder; return the JSON's path.

    notes: Markdown on what was seen beyond the figures, put into the card as it is.
    """
    source = weights_of(config, weights)
    report = evaluate_run(config, source)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{config.name}.safetensors"
    shutil.copyfile(source, target)
    card = _card(config, target, report)
    path = target.with_suffix(".json")
    path.write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    target.with_suffix(".md").write_text(to_markdown(card, notes), encoding="utf-8")
    return path


def to_markdown(card: Mapping[str, object], notes: str = "") -> str:
    """The card in words, under the usual headings (Mitchell 2019)."""
    parts = (
        (f"# {card['title']} (`{card['name']}`)", ["**For research. Not a medical device, not for diagnosis.**"]),
        ("## What it is", _what_it_is(card)),
        ("## What it learned from", _learned_from(card)),
        ("## How well it does on patients it did not learn from", _how_well(card)),
        ("## Where it fails", [notes.strip() or "Not yet looked at."]),
    )
    return "\n".join(line for heading, lines in parts for line in (heading, "", *lines, ""))


def _what_it_is(card: Mapping[str, object]) -> list[str]:
    windows = ", ".join(f"{window.centre:g}/{window.width:g}" for window in CHANNEL_WINDOWS)
    return [
        f"{card['summary']} {_number(card['parameters']):,.0f} weights; sha256 `{card['weights_sha256']}`.",
        "",
        f"Input: one axial slice in HU, resampled to {PIXEL_MM} mm pixels and seen through three windows ({windows}). "
        "Slices are judged one by one. Scores order boxes; they are not probabilities.",
    ]


def _learned_from(card: Mapping[str, object]) -> list[str]:
    return [
        *(_data_line(row) for row in _list(card["data"])),
        "",
        f"Weights' licence: {card['weights_licence']}. 8-bit pictures hold no HU: they were estimated slice by slice "
        "from the peaks of air, lung, fat and soft tissue.",
    ]


def _how_well(card: Mapping[str, object]) -> list[str]:
    return [
        *_metric_lines(_table(card["metrics"], "test")),
        "",
        "The split is by patient. Intervals: 95 %, patients drawn with replacement. The thresholds were chosen on "
        f"{_table(card['metrics'], 'validation')['patients']} other patients:",
        "",
        "| operating point | score threshold | readers' boxes found in validation |",
        "|---|---|---|",
        *(
            f"| {_text(row, 'name')} | {_text(row, 'score_threshold')} | {_text(row, 'sensitivity')} |"
            for row in _list(card["operating_points"])
        ),
    ]


def _data_line(row: object) -> str:
    return f"- {_text(row, 'name')}: {_text(row, 'used')}. Licence: {_text(row, 'licence')}."


def _metric_lines(test: Mapping[str, object]) -> list[str]:
    metrics, intervals = _table(test, "metrics"), _table(test, "interval_95")
    lines = [
        f"{test['patients']} test patients, {test['slices']} slices, {test['boxes']} readers' boxes.",
        "",
        "| figure | value | 95 % interval |",
        "|---|---|---|",
    ]
    for key, words in _ROWS:
        spread = intervals[key]
        assert isinstance(spread, Sequence)
        lines.append(f"| {words} | {_number(metrics[key]):.2f} | {spread[0]:.2f} to {spread[1]:.2f} |")
    return lines


def _card(config: TrainingConfig, weights: Path, report: Mapping[str, object]) -> Figures:
    network = build_network(weights)
    assert isinstance(network, LesionNet)
    known = architecture(network.key)
    return {
        "name": config.name,
        "title": known.title,
        "architecture": known.key,
        "version": f"{date.today():%Y.%m.%d}",
        "summary": f"{known.summary} Its attention map is the gate and heat map it used itself.",
        "parameters": sum(value.numel() for value in network.parameters()),
        "has_score": True,
        "has_attention": True,
        "weights_sha256": sha256_of(weights),
        "operating_points": report["operating_points"],
        "metrics": {"test": report["test"], "validation": report["validation"]},
        "split": report["split"],
        "training": {
            name: value
            for name, value in config.as_plain().items()
            if name not in {"output", "sources", "weights_licence"}
        },
        "data": [_data(source) for source in config.sources],
        "weights_licence": config.weights_licence,
        "intended_use": "Research and teaching. Not a medical device.",
    }


def _data(source: SourceConfig) -> Figures:
    used = _USES.get((source.kind, source.role), "training only: pasted into other patients' lungs, and tiled")
    return {"name": source.title, "used": used, "licence": source.licence}


def _table(table: object, key: str) -> Mapping[str, object]:
    value = table[key] if isinstance(table, Mapping) else None
    if not isinstance(value, Mapping):
        raise TrainingError(f"The card lacks {key}: measure the run on test patients first.")
    return value


def _list(rows: object) -> Sequence[object]:
    assert isinstance(rows, Sequence)
    return rows


def _text(row: object, key: str) -> str:
    assert isinstance(row, Mapping)
    return str(row[key])


def _number(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)
