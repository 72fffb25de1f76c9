"""What the study's experiment is told, read from a TOML file; knows no torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from lungview.detection.models_info import TRAINABLE
from lungview.errors import TrainingConfigError
from lungview_training.config import SUBTYPES, SplitKind, TrainingConfig, config_from, read_toml

STUDY_NETWORK = "simple-cancer-cnn"

_AS_IN_THE_STUDY: Mapping[str, object] = {
    "image_size": 512,
    "batch_size": 16,
    "learning_rate": 1e-4,
    "optimizer": "adam",
    "schedule": "constant",
    "clip_norm": 0.0,
    "ema_decay": 0.0,
}
_EPOCHS = frozenset({"epochs", "fine_tune_epochs"})
_RUN_BY_RUN = frozenset({"name", "output", "sources", "network", "steps", "start_from", "split", "test_share"})


@dataclass(frozen=True, slots=True)
class StudySource:
    """DICOM files of one or more patients. subtype: of all of them, "" to go by their IDs."""

    path: Path
    annotations: Path | None = None
    subtype: str = ""


@dataclass(frozen=True, slots=True)
class StudyConfig:
    """The whole experiment.

    networks: each goes through all of it. splits: likewise. subtypes: learned from scratch on the first that is there,
    then fine-tuned on each of the others. slices: at most so many boxed slices of each subtype, drawn by chance.
    settings: per network, epochs, fine_tune_epochs, and TrainingConfig's, beside the study's own for its network.
    """

    name: str
    output: Path
    sources: tuple[StudySource, ...]
    networks: tuple[str, ...] = (STUDY_NETWORK, "compact")
    splits: tuple[SplitKind, ...] = (SplitKind.IMAGE, SplitKind.PATIENT)
    subtypes: tuple[str, ...] = ("B", "A", "G", "E")
    slices: int = 1000
    test_share: float = 0.2
    epochs: int = 1000
    fine_tune_epochs: int = 100
    seed: int = 1
    threads: int = 0
    device: str = "auto"
    settings: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what cannot be run."""
        _require(bool(self.sources), "sources", "at least one [[sources]] table is needed")
        _require(set(self.networks) <= set(TRAINABLE), "networks", f"may hold {', '.join(TRAINABLE)}")
        _require(set(self.subtypes) <= set(SUBTYPES), "subtypes", f"may hold {', '.join(SUBTYPES)}")
        _require(all((self.networks, self.splits, self.subtypes)), "networks", "splits and subtypes may not be empty")
        _require(0.0 < self.test_share < 1.0, "test_share", "must lie between 0 and 1")
        for name in ("slices", "epochs", "fine_tune_epochs"):
            _require(getattr(self, name) >= 1, name, "must be at least 1")
        for network in self.networks:
            self.run(network, SplitKind.IMAGE, "check", 1)

    def epochs_of(self, network: str, *, is_fine_tuned: bool) -> int:
        """How often a network sees each slice."""
        name = "fine_tune_epochs" if is_fine_tuned else "epochs"
        found = self.settings.get(network, {}).get(name, getattr(self, name))
        _require(isinstance(found, int) and found >= 1, f"settings.{network}.{name}", "must be a whole number above 0")
        assert isinstance(found, int)
        return found

    def run(
        self, network: str, split: SplitKind, name: str, steps: int, start_from: Path | None = None
    ) -> TrainingConfig:
        """The settings of one training of the experiment."""
        table: dict[str, object] = dict(_AS_IN_THE_STUDY) if network == STUDY_NETWORK else {}
        own = self.settings.get(network, {})
        table.update({key: value for key, value in own.items() if key not in _EPOCHS})
        for key in sorted(_RUN_BY_RUN & table.keys()):
            raise TrainingConfigError(f"The study setting settings.{network}.{key} is decided run by run.")
        folder = self.output / network / split.value / name
        table |= {
            "name": f"{self.name}-{network}-{split.value}-{name}",
            "output": str(folder),
            "network": network,
            "steps": steps,
            "split": split.value,
            "validation_share": 0.0,
            "test_share": self.test_share,
            "seed": self.seed,
            "threads": self.threads,
            "device": self.device,
            "sources": [{"kind": "case", "path": str(source.path)} for source in self.sources],
        }
        # A checkpoint of the study's network with its optimiser's memory is some 2 GB.
        for key in ("evaluate_every", "checkpoint_every"):
            table.setdefault(key, max(1, steps // 10))
        if start_from is not None:
            table["start_from"] = str(start_from)
        return config_from(table, folder)


def load_study(path: Path) -> StudyConfig:
    """Read a TOML file; paths in it are taken from the file's own folder."""
    table = read_toml(path)
    known = {each.name for each in fields(StudyConfig)}
    for key in table:
        _require(key in known, key, f"is unknown; known are {', '.join(sorted(known))}")
    for key in ("name", "output", "sources"):
        _require(key in table, key, "is missing")
    # Absolute, for what stands in the runs' own settings starts from their folders.
    return _checked(table, path.absolute().parent)


def _checked(table: dict[str, object], folder: Path) -> StudyConfig:
    values = dict(table)
    try:
        values["output"] = folder / str(values["output"])
        values["sources"] = tuple(_source(each, folder) for each in _list(values["sources"]))
        for name in ("networks", "subtypes"):
            if name in values:
                values[name] = tuple(str(each) for each in _list(values[name]))
        if "splits" in values:
            values["splits"] = tuple(SplitKind(str(each)) for each in _list(values["splits"]))
        return StudyConfig(**values)  # type: ignore[arg-type]
    except (TypeError, ValueError, AttributeError) as error:
        raise TrainingConfigError(f"The study settings do not fit: {error}.") from error


def _source(table: object, folder: Path) -> StudySource:
    _require(isinstance(table, dict) and "path" in table, "sources", "must be [[sources]] tables with a path")
    assert isinstance(table, dict)
    known = {each.name for each in fields(StudySource)}
    for key in table:
        _require(key in known, f"sources.{key}", f"is unknown; known are {', '.join(sorted(known))}")
    subtype = str(table.get("subtype", ""))
    _require(subtype in ("", *SUBTYPES), "sources.subtype", f"must be one of {', '.join(SUBTYPES)}")
    annotations = folder / str(table["annotations"]) if "annotations" in table else None
    return StudySource(folder / str(table["path"]), annotations, subtype)


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise TypeError(f"{value!r} is no list")
    return value


def _require(condition: bool, name: str, message: str) -> None:
    if not condition:
        raise TrainingConfigError(f"The study setting {name} {message}.")
