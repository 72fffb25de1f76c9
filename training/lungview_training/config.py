"""What a training run is told, read from a TOML file; knows no torch, so that a window may show and check it."""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path

from lungview.detection.context import CHANNEL_COUNTS
from lungview.detection.models_info import TRAINABLE
from lungview.detection.safetensors_header import read_header
from lungview.errors import TrainingConfigError, WeightsError

_LARGEST = 1e15
"""Settings beyond this, infinity and NaN among them, are slips."""


class SourceKind(StrEnum):
    """In which form slices are kept on disk."""

    IMAGES = "images"
    """images/<subject>/<slice>.png with boxes.csv, dataset.toml and perhaps masks/."""
    CASE = "case"
    """A DICOM tree with Pascal VOC XML beside it."""
    FOLDER = "folder"
    """A plain folder of DICOM files of one cancer subtype, of one patient or several, XML beside it or named."""
    LABELS = "labels"
    """A DICOM tree with labels.csv: which slices, or which series, hold a lesion, without saying where."""
    CROPS = "crops"
    """As images, but each picture is one nodule and its mask, to be pasted into whole slices."""


class Optimizer(StrEnum):
    """Who turns gradients into steps."""

    ADAMW = "adamw"
    """Weight decay apart from the gradient (Loshchilov 2019); biases and normalisation are not decayed."""
    ADAM = "adam"
    """Kingma 2015; weight_decay is not used."""


class Schedule(StrEnum):
    """How the learning rate goes."""

    COSINE = "cosine"
    """Up over the warm-up, then down along a cosine to a hundredth."""
    CONSTANT = "constant"


class Role(StrEnum):
    """Which part of the split a source's patients may fall into."""

    SPLIT = "split"
    TRAIN = "train"


class SplitKind(StrEnum):
    """What is shared out between training, validation and test."""

    PATIENT = "patient"
    """Whole patients: nobody is learned from and tested on."""
    IMAGE = "image"
    """Single slices, as in the study. Neighbouring slices of a patient stand on both sides, so its figures tell how
    well seen patients are remembered."""


SUBTYPES = ("A", "B", "E", "G")
"""Letters of Lung-PET-CT-Dx: adenocarcinoma, small cell, large cell and squamous cell carcinoma."""

_SHARES = ("negative_share", "sheet_share", "paste_probability", "context_drop")

CACHE_ON, CACHE_OFF = "on", "off"


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """One data set. role: "split" shares its patients out, "train" keeps them all for training.

    title, licence: for the model card; the folder's name and "not stated" where empty. annotations: a folder of
    readers' XML, where it is not found beside a DICOM folder. subtype: of all its patients (A, B, E, G), "" to go by
    their IDs.
    """

    kind: SourceKind
    path: Path
    role: Role = Role.SPLIT
    title: str = ""
    licence: str = ""
    annotations: Path | None = None
    subtype: str = ""

    def as_plain(self) -> dict[str, object]:
        """The settings that decide what is read, as JSON takes them."""
        plain: dict[str, object] = {"kind": self.kind.value, "path": str(self.path), "role": self.role.value}
        if self.annotations is not None:
            plain["annotations"] = str(self.annotations)
        if self.subtype:
            plain["subtype"] = self.subtype
        return plain


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """Every setting of a run.

    network: which one is taught, by the name under which it is saved and loaded.
    steps: weight updates, of batch_size slices each. validation_share, test_share: of the patients that are split.
    negative_share: slices without lesions in a batch. sheet_share: slices tiled from nodule crops.
    paste_probability: chance that a slice gets a lesion of another patient pasted into its lung.
    weights_licence: for the model card. field_size: side of the square of sample pixels a slice is cut to; image_size:
    the same square in network pixels.
    optimizer, schedule: see there. clip_norm, ema_decay: 0 for neither clipping nor averaging.
    micro_batch: slices a pass, where a whole batch does not fit into memory; 0 for all at once. mixed_precision: half
    precision on CUDA. patience: evaluations without a gain of min_delta before the run ends; 0 to go on to the end.
    freeze: how many stages of the network, from its stem on, stay as they are; with start_from and fewer slices a pass
    than fix_norm_below, batch normalisation keeps its statistics too. examples_every: evaluations between pictures.
    split: by patient, or by image as in the study. folds, fold: with 2 folds or more, patients are dealt into so many
    parts and part number fold (from 0) is the test part, instead of test_share.
    cache: "on" keeps decoded slices on disk in the user's cache folder, "off" holds them in memory, anything else is
    the folder to keep them in. cache_gib: above this size the cache drops what was not used longest.
    start_from: weights to go on from instead of random ones. threads: torch's; 0 leaves it alone. in_channels: 3
    windows of one slice, and 0, 2 or 4 neighbouring slices; in a file that does not say it, as many as start_from has.
    context_drop: how often a slice is shown without them.
    crop_size: side of the part of the square, cut at random, that a step learns from; 0 for all of it.
    """

    name: str
    output: Path
    sources: tuple[SourceConfig, ...]
    network: str = "compact"
    seed: int = 1
    steps: int = 2500
    batch_size: int = 16
    learning_rate: float = 2e-3
    weight_decay: float = 0.03
    warmup_share: float = 0.05
    clip_norm: float = 10.0
    ema_decay: float = 0.998
    negative_share: float = 0.3
    sheet_share: float = 0.15
    paste_probability: float = 0.35
    validation_share: float = 0.12
    test_share: float = 0.2
    evaluate_every: int = 250
    checkpoint_every: int = 125
    field_size: int = 256
    image_size: int = 224
    crop_size: int = 0
    in_channels: int = CHANNEL_COUNTS[-1]
    context_drop: float = 0.25
    start_from: Path | None = None
    weights_licence: str = "not stated"
    threads: int = 0
    device: str = "auto"
    optimizer: Optimizer = Optimizer.ADAMW
    schedule: Schedule = Schedule.COSINE
    micro_batch: int = 0
    mixed_precision: bool = True
    patience: int = 0
    min_delta: float = 0.002
    freeze: int = 0
    fix_norm_below: int = 8
    examples_every: int = 4
    split: SplitKind = SplitKind.PATIENT
    folds: int = 0
    fold: int = 0
    cache: str = CACHE_ON
    cache_gib: float = 100.0

    def __post_init__(self) -> None:
        """Refuse values that cannot be trained with."""
        _require(bool(self.sources), "sources", "at least one [[sources]] table is needed")
        _require(self.network in TRAINABLE, "network", f"must be one of {', '.join(TRAINABLE)}")
        is_boxed = all(source.kind is not SourceKind.LABELS for source in self.sources)
        _require(is_boxed or self.network == "mil-attention", "network", "must be mil-attention to learn from labels")
        for name in ("steps", "batch_size", "evaluate_every", "checkpoint_every"):
            _require(getattr(self, name) >= 1, name, "must be at least 1")
        for name in ("micro_batch", "patience", "min_delta", "freeze", "fix_norm_below", "examples_every"):
            _require(getattr(self, name) >= 0, name, "must not be below 0")
        _require(isinstance(self.mixed_precision, bool), "mixed_precision", "must be true or false")
        for name in (*_SHARES, "validation_share", "test_share"):
            _require(0.0 <= getattr(self, name) <= 1.0, name, "must lie between 0 and 1")
        _require(self.negative_share + self.sheet_share <= 1.0, "sheet_share", "with negative_share exceeds 1")
        _require(self.validation_share + self.test_share < 1.0, "test_share", "leaves no patient for training")
        _require(self.folds == 0 or self.folds >= 2, "folds", "must be 0 or at least 2")
        _require(0 <= self.fold < max(1, self.folds), "fold", "must be at least 0 and below folds")
        _require(not self.folds or self.split is SplitKind.PATIENT, "folds", "go with a split by patient only")
        _require(self.cache_gib > 0, "cache_gib", "must be above 0")
        _require(self.learning_rate > 0, "learning_rate", "must be above 0")
        _require(0.0 <= self.ema_decay < 1.0, "ema_decay", "must be at least 0 and below 1")
        _require(self.clip_norm >= 0, "clip_norm", "must be at least 0")
        for name in ("field_size", "image_size"):
            size = getattr(self, name)
            _require(size >= 64 and size % 32 == 0, name, "must be a multiple of 32, 64 or more")
        fits = self.crop_size == 0 or (64 <= self.crop_size <= self.image_size and self.crop_size % 32 == 0)
        _require(fits, "crop_size", "must be 0, or a multiple of 32 from 64 to image_size")
        _require(self.field_size % 64 == 0 or not self.sheet_share, "field_size", "must be a multiple of 64 for sheets")
        _require(self.in_channels in CHANNEL_COUNTS, "in_channels", "must be 3, 5 or 7: 0, 2 or 4 neighbouring slices")

    def as_plain(self) -> dict[str, object]:
        """The settings as JSON takes them."""
        plain: dict[str, object] = asdict(self)
        plain["output"] = str(self.output)
        plain["start_from"] = self.start_from.name if self.start_from else None
        plain["sources"] = [source.as_plain() for source in self.sources]
        for name in ("cache", "cache_gib"):
            del plain[name]  # where slices are kept changes nothing of what is learned
        return plain


def load_config(path: Path) -> TrainingConfig:
    """Read a TOML file; paths in it are taken from the file's own folder."""
    return config_from(read_toml(path), path.parent)


def read_toml(path: Path) -> dict[str, object]:
    """The settings as they stand in a file."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TrainingConfigError(f"{path.name} cannot be read: {error.strerror or error}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TrainingConfigError(f"{path.name} is not valid TOML: {error}.") from error
    except RecursionError as error:
        raise TrainingConfigError(f"{path.name} is not valid TOML: it is nested too deeply.") from error


def config_from(table: Mapping[str, object], folder: Path) -> TrainingConfig:
    """Check a parsed table; relative paths start at folder."""
    values = _known(table, {field.name for field in fields(TrainingConfig)}, "")
    for name in ("name", "output", "sources"):
        _require(name in values, name, "is missing")
    sources = values["sources"]
    _require(isinstance(sources, list), "sources", "must be [[sources]] tables")
    assert isinstance(sources, list)
    values["sources"] = tuple(_source(source, folder) for source in sources)
    values["output"] = folder / _text(values["output"], "output")
    values["name"] = _text(values["name"], "name")
    for name in ("network", "weights_licence"):
        if name in values:
            values[name] = _text(values[name], name)
    for name, choice in (("optimizer", Optimizer), ("schedule", Schedule), ("split", SplitKind)):
        if name in values:
            values[name] = _choice(choice, values[name], name)
    if "start_from" in values:
        values["start_from"] = start = folder / _text(values["start_from"], "start_from")
        values.setdefault("in_channels", _channels_of(start))
    values["cache"] = _cache(values.get("cache", CACHE_ON), folder)
    for field in fields(TrainingConfig):
        if field.name in values and field.type in (int, float, "int", "float"):
            values[field.name] = _number(values[field.name], field.name, whole=field.type in (int, "int"))
    try:
        return TrainingConfig(**values)  # type: ignore[arg-type]
    except TypeError as error:
        raise TrainingConfigError(f"The training settings do not fit: {error}.") from error


def _source(table: object, folder: Path) -> SourceConfig:
    _require(isinstance(table, dict), "sources", "must be [[sources]] tables")
    assert isinstance(table, dict)
    values = _known(table, {field.name for field in fields(SourceConfig)}, "sources.")
    path = _text(values.get("path"), "sources.path")
    try:
        return SourceConfig(
            kind=SourceKind(_text(values.get("kind"), "sources.kind")),
            path=folder / path,
            role=Role(_text(values.get("role", "split"), "sources.role")),
            title=_text(values.get("title", Path(path).name), "sources.title"),
            licence=_text(values.get("licence", "not stated"), "sources.licence"),
            annotations=_annotations(values, folder),
            subtype=_subtype(values.get("subtype", "")),
        )
    except ValueError as error:
        raise TrainingConfigError(f"The training setting sources: {error}.") from error


def _channels_of(start: Path) -> int:
    """As many as weights were learned with; where they do not tell, the run itself will refuse what is unfit."""
    try:
        found = read_header(start).in_channels
    except WeightsError:
        return CHANNEL_COUNTS[-1]
    return found if found in CHANNEL_COUNTS else CHANNEL_COUNTS[-1]


def _cache(value: object, folder: Path) -> str:
    text = _text(value, "cache")
    return text if text in (CACHE_ON, CACHE_OFF) else str(folder / text)


def _annotations(values: Mapping[str, object], folder: Path) -> Path | None:
    return folder / _text(values["annotations"], "sources.annotations") if "annotations" in values else None


def _subtype(value: object) -> str:
    _require(value in ("", *SUBTYPES), "sources.subtype", f"must be one of {', '.join(SUBTYPES)}")
    return str(value)


def _known(table: Mapping[str, object], names: set[str], prefix: str) -> dict[str, object]:
    for key in table:
        _require(key in names, f"{prefix}{key}", f"is unknown; known are {', '.join(sorted(names))}")
    return dict(table)


def _text(value: object, name: str) -> str:
    _require(isinstance(value, str) and bool(value) and "\0" not in value, name, "must be text")
    return str(value)


def _choice(choices: type[StrEnum], value: object, name: str) -> StrEnum:
    try:
        return choices(_text(value, name))
    except ValueError as error:
        raise TrainingConfigError(f"The training setting {name} must be one of {', '.join(choices)}.") from error


def _number(value: object, name: str, *, whole: bool) -> int | float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST
    must_be = "must be a whole number" if whole else "must be a number"
    _require(is_number, name, must_be)
    assert isinstance(value, int | float)
    _require(not whole or value == int(value), name, must_be)
    return int(value) if whole else float(value)


def _require(condition: bool, name: str, message: str) -> None:
    if not condition:
        raise TrainingConfigError(f"The training setting {name} {message}.")
