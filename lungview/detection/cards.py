"""What is known of the bundled models, read from their cards; knows no torch, so that listing them is quick."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lungview.assets import resource_path
from lungview.detection.calibration import read_calibration
from lungview.domain.detection import ModelInfo, OperatingPoint
from lungview.errors import DetectionError
from lungview.files import parse_json

DEFAULT_MODEL = "compact"


@dataclass(frozen=True, slots=True)
class ModelCard:
    """A bundled model: what a reader may know, where its weights and its card in words are, and the card's other data.

    facts: metrics with intervals, split, data and licence, as the JSON has them.
    """

    info: ModelInfo
    weights: Path
    text: Path
    facts: Mapping[str, object]


def bundled_cards(folder: Path | None = None) -> tuple[ModelCard, ...]:
    """Every <name>.json in resources/models whose weights are there, the default model first, then by name."""
    folder = folder or resource_path("models")
    cards = [read_card(path) for path in sorted(folder.glob("*.json"))] if folder.is_dir() else []
    whole = [card for card in cards if card.weights.is_file()]
    return tuple(sorted(whole, key=lambda card: (card.info.name != DEFAULT_MODEL, card.info.name)))


def read_card(path: Path) -> ModelCard:
    """Read one card; its weights and its words lie beside it under the same name."""
    try:
        table = parse_json(path.read_text(encoding="utf-8"))
        return ModelCard(_info(table), path.with_suffix(".safetensors"), path.with_suffix(".md"), table)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DetectionError(
            f"The model card {path.name} cannot be read: install LungView again to restore it."
        ) from error


def card_beside(weights: Path, sha256: str) -> ModelCard | None:
    """The card under the same name as a weights file, if there is a sound one that describes these very weights."""
    path = weights.with_suffix(".json")
    try:
        card = read_card(path) if path.is_file() else None
    except DetectionError:
        return None
    return card if card is not None and card.info.weights_sha256 == sha256 else None


def _info(table: Mapping[str, object]) -> ModelInfo:
    points = table["operating_points"]
    if not isinstance(points, list):
        raise TypeError("operating points are no list")
    calibration = read_calibration(table)
    return ModelInfo(
        name=str(table["name"]),
        title=str(table["title"]),
        architecture=str(table["architecture"]),
        weights_sha256=str(table["weights_sha256"]),
        parameters=_whole(table["parameters"]),
        has_score=bool(table["has_score"]),
        has_attention=bool(table["has_attention"]),
        operating_points=tuple(_point(point) for point in points),
        summary=str(table["summary"]),
        calibration=None if calibration is None else (calibration.temperature, calibration.bias),
        stops_note=str(table.get("stops_note", "")),
    )


def _point(table: Mapping[str, object]) -> OperatingPoint:
    return OperatingPoint(
        name=str(table["name"]),
        score_threshold=_share(table["score_threshold"]),
        sensitivity=None if table.get("sensitivity") is None else _share(table["sensitivity"]),
        false_marks_per_scan=(
            None if table.get("false_marks_per_scan") is None else _number(table["false_marks_per_scan"])
        ),
    )


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)


def _share(value: object) -> float:
    number = _number(value)
    if not 0.0 <= number <= 1.0:
        raise ValueError(f"{value!r} is not between 0 and 1")
    return number


def _whole(value: object) -> int:
    return int(_number(value))
