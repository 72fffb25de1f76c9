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
class Gain:
    """How much better than another a model boxes lesions: mean IoU of the best box, this one's less the other's.

    Measured on the same patients, whom this model did not learn from. base, base_sha256: the other model. patients: how
    many, 0 where nobody noted it. low, high: 95 % interval of value, None where the patients were too few for one.
    """

    base: str
    base_sha256: str
    value: float
    low: float | None = None
    high: float | None = None
    patients: int = 0
    is_test: bool = True

    @property
    def is_shown(self) -> bool:
        """Whether the patients show this model to be better: the whole interval lies above 0."""
        return self.low is not None and self.low > 0

    def in_words(self) -> str:
        """The difference with its interval."""
        if self.low is None or self.high is None:
            return f"{self.value:+.2f}"
        return f"{self.value:+.2f} (95 % interval {self.low:+.2f} to {self.high:+.2f})"


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
    megabytes: of the weights. gain: over the model it was compared with, None for none. trouble: a sentence where its
    card or weights cannot be used, "" where all is well.
    """

    key: str
    info: ModelInfo
    origin: Origin
    made: str = ""
    lineage: Lineage = field(default_factory=Lineage)
    iou: Figure | None = None
    precision: Figure | None = None
    gain: Gain | None = None
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

    def doubt(self, model: StoredModel) -> str:
        """Why a model should not answer in place of the default, as a sentence; "" where it is shown to be better.

        Nothing is said against the models that came with the program, nor against the default itself.
        """
        default, gain = self.by_key(self.default), model.gain
        if model.is_bundled or default is None or default.key == model.key:
            return ""
        if gain is None:
            return (
                f"Nothing shows that {model.name} is better than {default.name}: they were not compared on patients "
                "held out."
            )
        if gain.low is None:
            return (
                f"Nothing shows yet that {model.name} is better than {gain.base}: too few patients were held out for "
                f"an interval of its gain in box IoU, {gain.in_words()}."
            )
        if not gain.is_shown:
            return (
                f"Held-out patients do not show {model.name} better than {gain.base}: its gain in box IoU, "
                f"{gain.in_words()}, is not clearly above 0."
            )
        if gain.base_sha256 != default.info.weights_sha256:
            return (
                f"{model.name} was compared with {gain.base}, not with {default.name}, which is the default now: "
                "nothing shows which of the two is better."
            )
        return ""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A model in the trash. token: brings it back. was_default: the bundled model answers in its place by now."""

    name: str
    token: str
    was_default: bool = False
