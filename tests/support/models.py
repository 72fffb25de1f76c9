"""Weights files without torch, and stores that hold some."""

import json
from pathlib import Path

from lungview.detection.store.card_making import Making
from lungview.detection.store.store import ModelStore
from lungview.domain.model_shelf import Lineage, Origin, StoredModel


def weights_file(path: Path, *, number: int = 0, network: str = "compact") -> Path:
    """Write a safetensors file of one tensor; number tells it from others."""
    header = {
        "__metadata__": {"architecture": network},
        "stem.0.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
    }
    text = json.dumps(header).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes([number]) * 16)
    return path


def keep(
    store: ModelStore,
    folder: Path,
    name: str,
    *,
    number: int = 0,
    parent: StoredModel | None = None,
    gain: tuple[float, float, float] | None = None,
) -> StoredModel:
    """Keep a made-up model; its weights load in no network. gain: over its parent, and its interval."""
    file = weights_file(folder / f"weights-{number}.safetensors", number=number)
    lineage = Lineage()
    if parent is not None:
        settings = {"learning_rate": 0.0005, "steps": 120, "freeze": 2}
        lineage = Lineage(parent.name, parent.info.weights_sha256, "d" * 64, 1, settings)
    figures = {"patients": 5, "metrics": {"best_box_iou": 0.61, "map50": 0.5}}
    intervals = {"best_box_iou": [0.5, 0.7], "map50": [0.4, 0.6]}
    measured: dict[str, object] = {"metrics": {"test": {**figures, "interval_95": intervals}}}
    if gain is not None and parent is not None:
        value, *interval = gain
        beside = {"base": parent.name, "base_sha256": parent.info.weights_sha256, "part": "test", "patients": 5}
        measured["comparison"] = {**beside, "difference": value, "interval_95": interval}
    return store.add(file, name, Making(Origin.TRAINED, lineage, measured=measured))
