"""From a finished run to a bundled model: weights, the card a program reads, and the card a person reads."""

import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from lungview.detection.build import Network, build_network
from lungview.detection.digest import sha256_of
from lungview.detection.models_info import architecture
from lungview_training.card_text import to_markdown
from lungview_training.config import Role, SourceConfig, SourceKind, TrainingConfig
from lungview_training.report import Figures, evaluate_folds, evaluate_network, weights_of

_SHARED = "shared out by patient: training, validation and test"
_HELD_ONCE = "every patient held out of one run of the cross-validation; these weights learned from all"


def bundle(
    config: TrainingConfig,
    folder: Path,
    notes: str = "",
    weights: Path | None = None,
    folds: Sequence[Path] = (),
) -> Path:
    """Measure a run's weights and write <name>.safetensors, .json and .md into folder; return the JSON's path.

    notes: Markdown on what was seen beyond the figures, put into the card as it is. folds: folders of runs that each
    held other patients out; the figures are then theirs, while the weights are config's, which may know everyone.
    """
    source = weights_of(config, weights)
    network = build_network(source)
    report = evaluate_folds(config, folds, source) if folds else evaluate_network(config, source, network)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{config.name}.safetensors"
    shutil.copyfile(source, target)
    card = _card(config, target, network, report)
    path = target.with_suffix(".json")
    path.write_text(json.dumps(card, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    target.with_suffix(".md").write_text(to_markdown(card, notes), encoding="utf-8")
    return path


def _card(config: TrainingConfig, weights: Path, network: Network, report: Mapping[str, object]) -> Figures:
    known = architecture(network.key)
    has_folds = "folds" in report
    parts = ("test", "validation", "folds")
    return {
        "name": config.name,
        "title": known.title,
        "architecture": known.key,
        "version": f"{date.today():%Y.%m.%d}",
        "summary": known.summary,
        "parameters": sum(value.numel() for value in network.parameters()),
        "in_channels": getattr(network, "in_channels", 1),
        "has_score": known.has_score,
        "has_attention": True,
        "weights_sha256": sha256_of(weights),
        "operating_points": report["operating_points"],
        "whole_scans": report["whole_scans"],
        "calibration": report["calibration"],
        "protocol": report["protocol"],
        "metrics": {name: report[name] for name in parts if name in report},
        "split": report["split"],
        "training": {
            name: value
            for name, value in config.as_plain().items()
            if name not in {"output", "sources", "weights_licence", "cache"}
        },
        "data": [_data(source, has_folds=has_folds) for source in config.sources],
        "weights_licence": config.weights_licence,
        "intended_use": "Research and teaching. Not a medical device.",
    }


def _data(source: SourceConfig, *, has_folds: bool) -> Figures:
    if source.kind is SourceKind.CROPS:
        used = "training only: pasted into other patients' lungs, and tiled"
    elif source.role is Role.TRAIN:
        used = "training only"
    else:
        used = _HELD_ONCE if has_folds else _SHARED
    return {"name": source.title, "used": used, "licence": source.licence}
