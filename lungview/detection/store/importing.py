"""Files that a reader brings: checked by building their network, told by their card where they have one."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors.torch import save_file

from lungview.detection.build import build_network
from lungview.detection.cards import card_beside
from lungview.detection.digest import sha256_of
from lungview.detection.models_info import architecture
from lungview.detection.safetensors_header import read_header
from lungview.detection.store.card_making import Making
from lungview.detection.store.entries import lineage_of
from lungview.detection.store.files import told
from lungview.detection.store.store import ModelStore
from lungview.detection.weights import read_weights
from lungview.domain.model_shelf import Lineage, Origin, StoredModel
from lungview.errors import ModelStoreError, WeightsError
from lungview.task import Task

_BARE = "Imported weights; nothing is known of how well they do."


def import_model(store: ModelStore, path: Path, name: str = "", task: Task | None = None) -> StoredModel:
    """Keep weights from a file: safetensors, with or without a card beside them, or a state dict saved by torch.save.

    path: of the weights, or of the card beside them. name: "" for the card's, or the file's own. A pickled program is
    refused with WeightsError, as are weights that fit no network.
    """
    weights = _weights_of(path)
    network = build_network(weights)  # reads every number, so that nothing unfit is kept
    if task is not None:
        task.check()
    sha256 = sha256_of(weights)
    card = card_beside(weights, sha256)
    if card is not None:
        text = card.text.read_text(encoding="utf-8") if card.text.is_file() else ""
        making = Making(
            Origin.IMPORTED,
            lineage_of(card.facts, source=weights.name),
            str(card.facts.get("notes", "")),
            card.facts,
            card.info.summary,
            text,
        )
    else:
        making = Making(Origin.IMPORTED, Lineage(source=weights.name), summary=_summary(network.key))
    proposed = name or (card.info.name if card is not None else path.stem)
    with _named(weights, network.key) as sound:
        digest = sha256 if sound == weights else sha256_of(sound)
        _require_new(store, digest)
        return store.add(sound, proposed, making, task, is_name_free=not name, sha256=digest)


def _weights_of(path: Path) -> Path:
    """The weights file that is meant; a card stands for the weights beside it."""
    if path.suffix.lower() != ".json":
        return path
    weights = path.with_suffix(".safetensors")
    if not weights.is_file():
        raise WeightsError(f"{path.name} is a card without weights: put {weights.name} beside it, and import that.")
    return weights


def _require_new(store: ModelStore, sha256: str) -> None:
    same = next((model for model in store.shelf().models if model.info.weights_sha256 == sha256), None)
    if same is not None and not same.trouble:
        raise ModelStoreError(f"These weights are here already, as {same.name!r}.")


@contextmanager
def _named(weights: Path, network: str) -> Iterator[Path]:
    """The same weights as safetensors that tell their network; a file that does so already is taken as it is."""
    if weights.suffix.lower() == ".safetensors" and read_header(weights).architecture:
        yield weights
        return
    with tempfile.TemporaryDirectory(prefix="lungview-") as folder, told("read the weights"):
        made = Path(folder) / f"{weights.stem}.safetensors"
        tensors = {key: value.contiguous() for key, value in read_weights(weights).items()}
        save_file(tensors, made, {"architecture": network})
        yield made


def _summary(network: str) -> str:
    return f"{architecture(network).title}. {_BARE}"
