"""Models as the reader keeps them: where each comes from, how well it does, which one answers by default."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lungview.domain.detection import ModelInfo


class Origin(StrEnum):
    """How a model came to be here."""

    BUNDLED = "bundled"
    TRAINED = "trained"
    IMPORTED = "imported"


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured share in [0, 1], with its 95 % interval where one was drawn.

    is_test: measured on patients that neither training nor the choice of weights saw; else on validation patients.
    """

    value: float
    low: float | None = None
    high: float | None = None
    is_test: bool = True


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a model was made from; empty where nobody noted it.

    parent, parent_sha256: the model whose weights training began with. data_hash: of slices, boxes and split.
    settings: of the training. source: the file's name it was imported from.
    """

    parent: str = ""
    parent_sha256: str = ""
    data_hash: str = ""
    seed: int | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    source: str = ""


@dataclass(frozen=True, slots=True)
class StoredModel:
    """One model on the shelf.

    key: names it for good, while info.name may be changed. made: date, as YYYY-MM-DD, "" where not known.
    megabytes: of the weights. trouble: a sentence where its card or weights cannot be used, "" where all is well.
    """

    key: str
    info: ModelInfo
    origin: Origin
    made: str = ""
    lineage: Lineage = field(default_factory=Lineage)
    iou: Figure | None = None
    precision: Figure | None = None
    notes: str = ""
    megabytes: float = 0.0
    trouble: str = ""

    @property
    def name(self) -> str:
        """What it is called, and what --model takes."""
        return self.info.name

    @property
    def is_bundled(self) -> bool:
        """Whether it came with the program and cannot be changed."""
        return self.origin is Origin.BUNDLED


@dataclass(frozen=True, slots=True)
class Shelf:
    """All models, the default first.

    default: key of the model that answers where none is named. previous: name of the default before it, "" for none.
    notices: sentences on what is not as it was left. trash: names of deleted models that can be brought back.
    """

    models: tuple[StoredModel, ...] = ()
    default: str = ""
    previous: str = ""
    notices: tuple[str, ...] = ()
    trash: tuple[str, ...] = ()

    @property
    def usable(self) -> tuple[ModelInfo, ...]:
        """What can be named as a model: those without trouble."""
        return tuple(model.info for model in self.models if not model.trouble)

    def by_name(self, name: str) -> StoredModel | None:
        """The model called so; capitals do not matter where no other model differs by them alone."""
        exact = [model for model in self.models if model.name == name]
        loose = [model for model in self.models if model.name.casefold() == name.casefold()]
        return next(iter(exact or loose), None)

    def by_key(self, key: str) -> StoredModel | None:
        """The model with this key."""
        return next((model for model in self.models if model.key == key), None)

    def parent_of(self, model: StoredModel) -> StoredModel | None:
        """The model it was trained from, where that is still here: the same weights, whatever they are called now."""
        wanted = model.lineage.parent_sha256
        return next((each for each in self.models if wanted and each.info.weights_sha256 == wanted), None)


@dataclass(frozen=True, slots=True)
class Deleted:
    """A model in the trash. token: brings it back. was_default: the bundled model answers in its place by now."""

    name: str
    token: str
    was_default: bool = False
