"""Which of the patients a model had seen before, as far as its card tells."""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lungview.detection.cards import bundled_cards, card_beside
from lungview.detection.store.store import ModelStore
from lungview.domain.detection import ModelInfo
from lungview_training.known_patients import Among, is_whole, parts_of


@dataclass(frozen=True, slots=True)
class Seen:
    """Patients of the evaluation by the part of the model's own split they were in; is_known: there is a card.

    is_whole: whether every model that it went on from tells whom it knew, too.
    """

    is_known: bool
    train: tuple[str, ...] = ()
    validation: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    is_whole: bool = True

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
        if not self.is_whole:
            told.append(
                "It went on from weights that do not tell whom they learned from: the figures may be far better than "
                "on patients they never saw."
            )
        return " ".join(told)


def seen_before(info: ModelInfo, weights: Path | None, patients: Iterable[str]) -> Seen:
    """Look patients up in the model's card: a bundled one, one of the reader's own, or one beside a weights file.

    Those that the models knew from which this one went on are known to it too. Patients are known by their ID in the
    data alone: one that goes by another in another copy is not noticed.
    """
    facts = facts_of(info, weights)
    parts = parts_of(facts)
    if parts is None:
        return Seen(is_known=False)
    names = sorted(set(patients))
    found = {part: tuple(name for name in names if name in known) for part, known in parts.items()}
    return Seen(is_known=True, **found, is_whole=is_whole(facts))


def new_to_both(before: ModelInfo, after: ModelInfo, weights: tuple[Path | None, Path | None]) -> Container[str] | None:
    """The later model's test patients whom the earlier one did not learn from either; None where a card is missing."""
    old, new = (parts_of(facts_of(info, file)) for info, file in zip((before, after), weights, strict=True))
    if old is None or new is None:
        return None
    return Among([new["test"]], [old["train"], old["validation"]])


def facts_of(info: ModelInfo, weights: Path | None) -> Mapping[str, object]:
    """What the card of these very weights holds, wherever it lies; empty where there is none."""
    return next((facts for facts in _cards(info, weights) if facts.get("weights_sha256") == info.weights_sha256), {})


def _cards(info: ModelInfo, weights: Path | None) -> Iterator[Mapping[str, object]]:
    yield from (card.facts for card in bundled_cards())
    store = ModelStore()
    same = [each for each in store.shelf().models if each.info.weights_sha256 == info.weights_sha256]
    yield from (store.card(each.name).facts for each in same if not each.trouble)
    if weights is not None and (card := card_beside(weights, info.weights_sha256)) is not None:
        yield card.facts
