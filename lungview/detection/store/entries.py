"""From a model's card to what the shelf tells of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from lungview.detection.cards import ModelCard, read_card
from lungview.detection.store.files import STEM
from lungview.domain.detection import ModelInfo
from lungview.domain.model_shelf import Figure, Gain, Lineage, Origin, StoredModel
from lungview.errors import DetectionError

SCHEMA = 1
"""Grows when cards of kept models change so that an older program would misread them."""

_IOU, _PRECISION = ("best_box_iou", "mean_iou"), ("map50", "ap50")
"""Under which names cards of today and of earlier programs tell a figure."""


def bundled_model(card: ModelCard) -> StoredModel:
    """A model that came with the program."""
    return _model(card.info.name, card, Origin.BUNDLED)


def kept_model(folder: Path) -> StoredModel:
    """A model of the reader's own; one whose card is spoilt is told as such, so that it can be seen and deleted."""
    path = folder / f"{STEM}.json"
    try:
        card = read_card(path)
    except DetectionError:
        return _spoilt(folder, "Its card cannot be read: import its weights file again, then delete this one.")
    schema = card.facts.get("schema", SCHEMA)
    if not isinstance(schema, int) or schema > SCHEMA:
        return _spoilt(folder, "It was kept by a newer LungView: use that one, or update this.")
    origin = Origin.TRAINED if card.facts.get("origin") == Origin.TRAINED else Origin.IMPORTED
    model = _model(folder.name, card, origin)
    return model if card.weights.is_file() else replace(model, trouble="Its weights are missing: import them again.")


def is_model_folder(folder: Path) -> bool:
    """Whether a folder of the store holds a model, sound or not."""
    if folder.name.startswith("."):
        return False
    return any((folder / f"{STEM}{suffix}").is_file() for suffix in (".json", ".safetensors"))


def _model(key: str, card: ModelCard, origin: Origin) -> StoredModel:
    facts = card.facts
    return StoredModel(
        key=key,
        info=card.info,
        origin=origin,
        made=_text(facts, "made") or _text(facts, "version").replace(".", "-"),
        lineage=lineage_of(facts),
        iou=_figure(facts, _IOU),
        precision=_figure(facts, _PRECISION),
        gain=gain_of(facts),
        notes=_text(facts, "notes"),
        megabytes=_megabytes(card.weights),
    )


def _spoilt(folder: Path, trouble: str) -> StoredModel:
    info = ModelInfo(folder.name, folder.name, "", "", 0, has_score=False, has_attention=False)
    weights = folder / f"{STEM}.safetensors"
    return StoredModel(folder.name, info, Origin.IMPORTED, megabytes=_megabytes(weights), trouble=trouble)


def lineage_of(facts: Mapping[str, object], source: str = "") -> Lineage:
    """What a card notes of its model's making. source: the file it was imported from, where that is new."""
    told = facts.get("lineage")
    table = told if isinstance(told, Mapping) else {}
    settings = table.get("settings") or facts.get("training")
    plain = settings if isinstance(settings, Mapping) else {}
    seed = table.get("seed", plain.get("seed"))
    return Lineage(
        parent=_text(table, "parent"),
        parent_sha256=_text(table, "parent_sha256"),
        data_hash=_text(table, "data_hash"),
        seed=seed if isinstance(seed, int) else None,
        settings=plain,
        source=source or _text(table, "source"),
    )


def gain_of(facts: Mapping[str, object]) -> Gain | None:
    """What a card tells of its model beside the one it was compared with; None where it tells nothing sound."""
    table = facts.get("comparison")
    value = table.get("difference") if isinstance(table, Mapping) else None
    if not isinstance(table, Mapping) or not isinstance(value, int | float) or not _text(table, "base"):
        return None
    spread = with_interval(float(value), {"difference": table.get("interval_95")}, "difference")
    patients = table.get("patients")
    return Gain(
        base=_text(table, "base"),
        base_sha256=_text(table, "base_sha256"),
        value=float(value),
        low=spread.low,
        high=spread.high,
        patients=patients if isinstance(patients, int) else 0,
        is_test=table.get("part") == "test",
    )


def _figure(facts: Mapping[str, object], names: tuple[str, ...]) -> Figure | None:
    """The figure on test patients, else on validation patients."""
    metrics = facts.get("metrics")
    for part in ("test", "validation"):
        table = metrics.get(part) if isinstance(metrics, Mapping) else None
        if not isinstance(table, Mapping) or not isinstance(values := table.get("metrics"), Mapping):
            continue
        for name in names:
            if isinstance(value := values.get(name), int | float):
                return with_interval(float(value), table.get("interval_95"), name, is_test=part == "test")
    return None


def with_interval(value: float, intervals: object, name: str, *, is_test: bool = True) -> Figure:
    """A figure with the interval that a card's table of intervals has for it, without one where that is spoilt."""
    pair = intervals.get(name) if isinstance(intervals, Mapping) else None
    if isinstance(pair, list) and len(pair) == 2 and all(isinstance(end, int | float) for end in pair):
        return Figure(value, float(pair[0]), float(pair[1]), is_test)
    return Figure(value, is_test=is_test)


def _text(table: Mapping[str, object], key: str) -> str:
    value = table.get(key)
    return value if isinstance(value, str) else ""


def _megabytes(weights: Path) -> float:
    try:
        return round(weights.stat().st_size / 1e6, 2)
    except OSError:
        return 0.0
