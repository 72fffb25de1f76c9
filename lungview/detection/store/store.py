"""The shelf of models: the bundled ones, which stay as they are, and the reader's own, which can be changed."""

import contextlib
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lungview.detection.cards import DEFAULT_MODEL, ModelCard, bundled_cards, read_card
from lungview.detection.digest import sha256_of
from lungview.detection.safetensors_header import Header, read_header
from lungview.detection.store.card_making import Making, card_text, in_words, make_card, renamed, to_bytes
from lungview.detection.store.default import read_default, write_default
from lungview.detection.store.entries import bundled_model, is_model_folder, kept_model
from lungview.detection.store.files import STEM, TRASH, copy_file, put, require_room, to_trash, told
from lungview.detection.store.resolving import apart, before, resolved
from lungview.domain.model_names import checked_name, file_stem, folded, suggested_name
from lungview.domain.model_shelf import Deleted, Shelf, StoredModel
from lungview.errors import ModelStoreError, WeightsError
from lungview.files import locked, write_atomically
from lungview.places import data_folder
from lungview.task import Task

log = logging.getLogger(__name__)

_WAS_DEFAULT = "was-default"
"""A file in the folder of a deleted model that was the default: brought back, it is so again."""


class ModelStore:
    """Models by name. Safe to use from several threads; what other programs change is seen at the next look."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or data_folder() / "models"
        self._lock = threading.RLock()

    def shelf(self) -> Shelf:
        """All models as they are now, the default first."""
        with self._lock:
            bundled = [bundled_model(card) for card in bundled_cards()]
            own = [kept_model(folder) for folder in self._folders()]
            chosen = read_default(self._folder)
        models = [*bundled, *apart(own, [model.name for model in bundled])]
        usable = {model.key for model in models if not model.trouble}
        default, notices = resolved(chosen, usable, bundled)
        models.sort(key=lambda model: (model.key != default, not model.is_bundled, folded(model.name)))
        shelf = Shelf(tuple(models), default, notices=notices, trash=tuple(name for name, _ in self._trash()))
        earlier = before(chosen, shelf)
        return replace(shelf, previous="" if earlier is None else earlier[0].name)

    def card(self, name: str) -> ModelCard:
        """The card of a model that can be used."""
        model = self._known(name)
        if model.trouble:
            raise ModelStoreError(f"The model {model.name!r} cannot be used. {model.trouble}")
        card = self._card(model)
        return replace(card, info=model.info)

    def text(self, name: str) -> str:
        """A model's card in words, as Markdown."""
        model = self._known(name)
        if model.trouble:
            return f"# {model.name}\n\n{model.trouble}\n"
        card = self._card(model)
        return card_text(card.text, card.facts)

    def add(
        self,
        weights: Path,
        name: str,
        making: Making,
        task: Task | None = None,
        *,
        is_name_free: bool = False,
        sha256: str = "",
    ) -> StoredModel:
        """Keep a safetensors file that LungView can load; it is copied.

        is_name_free: the name is a proposal, to which a number is added where another model has it. sha256: of the
        file, where it is known; a copy that differs from it is refused.
        """
        header = read_header(weights)
        sha256 = sha256 or sha256_of(weights)
        with self._changing("keep the model"):
            taken = [model.name for model in self.shelf().models]
            name = suggested_name(name, taken) if is_name_free else checked_name(name, taken)
            card = make_card(name, _network_of(header, weights), header, sha256, making)
            require_room(self._folder, weights.stat().st_size)
            folder = put(self._folder, file_stem(name), lambda staged: _fill(staged, weights, card, making.text, task))
        log.info("kept a model of the network %s", card["architecture"])
        return kept_model(folder)

    def export(self, name: str, target: Path, task: Task | None = None) -> Path:
        """Write a model's weights and both cards into a folder, or as FILE.safetensors; return the weights' path.

        Nothing that is there already is written over.
        """
        card = self.card(name)
        weights = target if target.suffix == ".safetensors" else target / f"{file_stem(card.info.name)}.safetensors"
        there = [path.name for path in _with_cards(weights) if path.exists()]
        if there:
            raise ModelStoreError(f"{there[0]} is there already: choose another folder or name.")
        with told("export the model"):
            require_room(weights.parent, card.weights.stat().st_size)
            weights.parent.mkdir(parents=True, exist_ok=True)
            with _undone(weights):
                copy_file(card.weights, weights, task)
                write_atomically(weights.with_suffix(".json"), to_bytes(card.facts))
                write_atomically(weights.with_suffix(".md"), card_text(card.text, card.facts).encode())
        return weights

    def rename(self, name: str, new: str) -> StoredModel:
        """Call a model of the reader's own something else."""
        with self._changing("rename the model"):
            model = self._own(name)
            others = [each.name for each in self.shelf().models if each.key != model.key]
            new = checked_name(new, others)
            folder = self._folder / model.key
            card = read_card(folder / f"{STEM}.json")
            text = card_text(card.text, card.facts)
            facts = renamed(card.facts, new)
            if text == in_words(card.facts):
                write_atomically(card.text, in_words(facts).encode())
            write_atomically(folder / f"{STEM}.json", to_bytes(facts))
        return kept_model(folder)

    def delete(self, name: str) -> Deleted:
        """Move a model to the trash, where it can be brought back from for a month."""
        with self._changing("delete the model"):
            model = self._own(name, is_trouble_fine=True)
            was_default = read_default(self._folder).key == model.key
            moved = to_trash(self._folder, model.key)
            if was_default:
                (moved / _WAS_DEFAULT).touch()
                self._stand_in("", "")
        return Deleted(model.name, moved.name, was_default)

    def restore(self, name_or_token: str) -> StoredModel:
        """Bring a deleted model back: by its token, or the one of this name that was deleted last."""
        with self._changing("bring the model back"):
            places = {path.name: path for _, path in self._trash()}
            named = [path for name, path in self._trash() if folded(name) == folded(name_or_token)]
            place = places.get(name_or_token) or next(iter(named), None)
            if place is None:
                raise ModelStoreError(f"There is no deleted model {name_or_token!r} any more.")
            was_default = (place / _WAS_DEFAULT).exists()
            folder = self._folder / place.name.rsplit("~", 1)[0]
            others = [each.name for each in self.shelf().models]
            place.rename(folder)
            (folder / _WAS_DEFAULT).unlink(missing_ok=True)
            model = _named_apart(folder, others)
            if was_default and not model.trouble:
                self._stand_in(model.key, model.name)
        return model

    def set_default(self, name: str) -> StoredModel:
        """Let a model answer where none is named."""
        with self._changing("keep the choice of default model"):
            model = self._known(name)
            if model.trouble:
                raise ModelStoreError(f"{model.name!r} cannot be the default. {model.trouble}")
            self._choose("" if model.key == DEFAULT_MODEL else model.key, model.name)
        return model

    def roll_back(self) -> StoredModel:
        """Let the default before this one answer again."""
        with self._changing("keep the choice of default model"):
            earlier = before(read_default(self._folder), self.shelf())
            if earlier is None:
                raise ModelStoreError("There was no other default model before this one.")
            model, default = earlier
            write_default(self._folder, default)
        return model

    @contextmanager
    def _changing(self, doing: str) -> Iterator[None]:
        """Let nobody else change the shelf meanwhile, in this program or another; doing: as in told."""
        with self._lock, told(doing), locked(self._folder / ".lock"):
            yield

    def _choose(self, key: str, name: str) -> None:
        write_default(self._folder, read_default(self._folder).chosen(key, name))

    def _stand_in(self, key: str, name: str) -> None:
        """Another default without a step in the history: nobody chose it."""
        write_default(self._folder, replace(read_default(self._folder), key=key, name=name))

    def _known(self, name: str) -> StoredModel:
        shelf = self.shelf()
        if model := shelf.by_name(name):
            return model
        known = ", ".join(sorted(each.name for each in shelf.models)) or "none"
        raise ModelStoreError(f"There is no model called {name!r}; there are: {known}.")

    def _own(self, name: str, *, is_trouble_fine: bool = False) -> StoredModel:
        model = self._known(name)
        if model.is_bundled:
            raise ModelStoreError(f"{model.name!r} came with LungView and cannot be changed or deleted.")
        if model.trouble and not is_trouble_fine:
            raise ModelStoreError(f"The model {model.name!r} cannot be changed. {model.trouble}")
        return model

    def _card(self, model: StoredModel) -> ModelCard:
        if model.is_bundled:
            return next(card for card in bundled_cards() if card.info.name == model.key)
        return read_card(self._folder / model.key / f"{STEM}.json")

    def _folders(self) -> list[Path]:
        try:
            return sorted(path for path in self._folder.iterdir() if is_model_folder(path))
        except OSError:
            return []

    def _trash(self) -> list[tuple[str, Path]]:
        """Name and place of each deleted model, the last deleted first."""
        with contextlib.suppress(OSError):
            found = [path for path in (self._folder / TRASH).iterdir() if path.is_dir() and "~" in path.name]
            found.sort(key=lambda path: path.name.rsplit("~", 1)[1], reverse=True)
            return [(kept_model(path).name.rsplit("~", 1)[0], path) for path in found]
        return []


def _named_apart(folder: Path, others: Sequence[str]) -> StoredModel:
    """The model in a folder, renamed where another has taken its name meanwhile."""
    model = kept_model(folder)
    if model.trouble or folded(model.name) not in {folded(each) for each in others}:
        return model
    path = folder / f"{STEM}.json"
    write_atomically(path, to_bytes(renamed(read_card(path).facts, suggested_name(model.name, others))))
    return kept_model(folder)


def _fill(folder: Path, weights: Path, card: dict[str, object], text: str, task: Task | None) -> None:
    copy_file(weights, folder / f"{STEM}.safetensors", task)
    write_atomically(folder / f"{STEM}.md", (text or in_words(card)).encode())
    write_atomically(folder / f"{STEM}.json", to_bytes(card))
    if sha256_of(folder / f"{STEM}.safetensors") != card["weights_sha256"]:
        raise WeightsError(f"{weights.name} changed while it was copied: wait until it is whole, and try again.")


def _network_of(header: Header, weights: Path) -> str:
    if not header.architecture:
        raise WeightsError(f"{weights.name} does not say which network it is for: import it, rather than keep it.")
    return header.architecture


def _with_cards(weights: Path) -> tuple[Path, Path, Path]:
    return weights, weights.with_suffix(".json"), weights.with_suffix(".md")


@contextmanager
def _undone(weights: Path) -> Iterator[None]:
    """Leave nothing of an export that failed or was cancelled."""
    try:
        yield
    except BaseException:
        for path in _with_cards(weights):
            with contextlib.suppress(OSError):
                path.unlink()
        raise
