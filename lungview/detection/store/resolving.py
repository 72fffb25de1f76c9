"""Which model the chosen default stands for, when models may have gone meanwhile."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from lungview.detection.store.default import Default
from lungview.domain.model_names import folded, suggested_name
from lungview.domain.model_shelf import Shelf, StoredModel


def resolved(chosen: Default, usable: Collection[str], bundled: Sequence[StoredModel]) -> tuple[str, tuple[str, ...]]:
    """The key of the default, and a sentence where it is not the one chosen."""
    first = bundled[0].key if bundled else ""
    if not chosen.key or chosen.key in usable:
        return chosen.key or first, ()
    instead = f"{bundled[0].info.title} answers in its place" if bundled else "there is no other"
    return first, (f"The default model {chosen.name!r} is gone or cannot be used; {instead}.",)


def before(chosen: Default, shelf: Shelf) -> tuple[StoredModel, Default] | None:
    """The last default that was another model than today's and is still here, and what to keep when it is again."""
    for place in reversed(range(len(chosen.history))):
        model = model_of(chosen.history[place], shelf)
        if model is not None and not model.trouble and model.key != shelf.default:
            return model, Default(chosen.history[place], chosen.history[:place], model.name)
    return None


def model_of(key: str, shelf: Shelf) -> StoredModel | None:
    """The model with a key; an empty one is the bundled default's."""
    return shelf.by_key(key) if key else next((model for model in shelf.models if model.is_bundled), None)


def apart(own: Sequence[StoredModel], taken: Collection[str]) -> list[StoredModel]:
    """The models with names of their own: one whose card tells a name that is taken (a copied folder) gets a number."""
    names, made = list(taken), []
    for model in own:
        if folded(model.name) in {folded(name) for name in names}:
            name = suggested_name(model.name, names)
            model = replace(model, info=replace(model.info, name=name, title=name))
        names.append(model.name)
        made.append(model)
    return made
