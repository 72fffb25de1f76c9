"""Which of the patients a model had seen before, as far as its card tells."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lungview.detection.cards import bundled_cards
from lungview.domain.detection import ModelInfo
from lungview.files import parse_json


@dataclass(frozen=True, slots=True)
class Seen:
    """Patients of the evaluation by the part of the model's own split they were in; is_known: there is a card."""

    is_known: bool
    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()

    @property
    def warning(self) -> str:
        """A sentence where the figures flatter the model, or may, "" where they don't."""
        if not self.is_known:
            return (
                "These weights have no card, so nobody can tell whether the model learned from these patients: "
                "the figures may be far better than on patients it never saw."
            )
        told = []
        if self.train:
            told.append(
                f"The model LEARNED FROM {len(self.train)} of these patients ({', '.join(self.train)}): "
                "figures on them say nothing about new patients. Evaluate on patients of its test part alone."
            )
        if self.validation:
            told.append(f"{len(self.validation)} of these patients chose its weights and thresholds (validation part).")
        return " ".join(told)


def seen_before(info: ModelInfo, weights: Path | None, patients: Iterable[str]) -> Seen:
    """Look patients up in the card of a bundled model, or in the one beside a weights file, if it is of these weights.

    Patients are known by their name in the data alone: one that goes by another name in another copy is not noticed.
    """
    parts = split_of(info, weights)
    if parts is None:
        return Seen(is_known=False)
    names = sorted(set(patients))
    found = {part: tuple(name for name in names if name in known) for part, known in parts.items()}
    return Seen(is_known=True, **found)


def split_of(info: ModelInfo, weights: Path | None) -> Mapping[str, frozenset[str]] | None:
    """Patients by part, "train", "validation" and "test", as the model's card has them; None where there is no card."""
    facts = next((facts for facts in _cards(weights) if facts.get("weights_sha256") == info.weights_sha256), {})
    split = facts.get("split")
    if not isinstance(split, Mapping):
        return None
    return {part: frozenset(map(str, split.get(part, ()))) for part in ("train", "validation", "test")}


def new_to_both(before: ModelInfo, after: ModelInfo, weights: tuple[Path | None, Path | None]) -> frozenset[str] | None:
    """The later model's test patients whom the earlier one did not learn from either; None where a card is missing."""
    old, new = split_of(before, weights[0]), split_of(after, weights[1])
    if old is None or new is None:
        return None
    return new["test"] - old["train"] - old["validation"]


def _cards(weights: Path | None) -> list[Mapping[str, object]]:
    cards = [card.facts for card in bundled_cards()]
    if weights is None:
        return cards
    try:
        table = parse_json(weights.with_suffix(".json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return cards
    return [*cards, table] if isinstance(table, dict) else cards
