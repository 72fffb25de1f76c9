"""The list of models as `lungview models` shows it; knows no torch."""

from dataclasses import asdict

from lungview.detection.models_info import ARCHITECTURES
from lungview.detection.store.store import ModelStore
from lungview.domain.model_shelf import StoredModel


def describe_models(store: ModelStore | None = None) -> dict[str, object]:
    """All models, the default first, and known architectures, as JSON takes them."""
    store = store or ModelStore()
    shelf = store.shelf()
    return {
        "models": [_describe(model, store, is_default=model.key == shelf.default) for model in shelf.models],
        "previous_default": shelf.previous,
        "deleted": list(shelf.trash),
        "notices": list(shelf.notices),
        "architectures": [asdict(each) for each in ARCHITECTURES],
    }


def _describe(model: StoredModel, store: ModelStore, *, is_default: bool) -> dict[str, object]:
    told: dict[str, object] = {
        **asdict(model.info),
        "is_default": is_default,
        "origin": model.origin.value,
        "made": model.made,
        "default_threshold": model.info.default_threshold,
        "megabytes": model.megabytes,
        "lineage": asdict(model.lineage),
        "notes": model.notes,
    }
    if model.trouble:
        return {**told, "trouble": model.trouble}
    card = store.card(model.name)
    return {
        **told,
        "card": card.text.name,
        "metrics": card.facts.get("metrics", {}),
        "data": card.facts.get("data", []),
        "weights_licence": card.facts.get("weights_licence", ""),
    }
