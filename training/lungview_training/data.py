"""Everything a run learns from and is judged by, read once."""

import logging
from dataclasses import dataclass, field

from lungview.errors import TrainingError
from lungview_training.config import Role, SourceKind, TrainingConfig
from lungview_training.dataset import read_crops, read_samples
from lungview_training.samples import Nodule, Sample, nodules_of
from lungview_training.split import Part, Split, read_split, save_split, split_patients

log = logging.getLogger(__name__)

SPLIT_FILE = "split.csv"


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Samples by part. crops: nodules with lung around them. nodules: all that may be pasted."""

    split: Split
    train: list[Sample]
    validation: list[Sample]
    test: list[Sample] = field(default_factory=list)
    crops: list[Nodule] = field(default_factory=list)
    nodules: list[Nodule] = field(default_factory=list)


def read_data(config: TrainingConfig, *, with_crops: bool = True) -> TrainingData:
    """Read the sources and share patients out; a split saved in the output folder is kept."""
    shared, only_train, crops = [], [], []
    for source in config.sources:
        if source.kind is SourceKind.CROPS:
            crops += read_crops(source.path) if with_crops else []
        elif source.role is Role.TRAIN:
            only_train += read_samples(source)
        else:
            shared += read_samples(source)
    log.info("read %d slices and %d crops", len(shared) + len(only_train), len(crops))
    split = _split(config, shared, only_train)
    parts: dict[Part, list[Sample]] = {part: [] for part in Part}
    for sample in shared + only_train:
        parts[split.part_of(sample.patient)].append(sample)
    if not parts[Part.TRAIN]:
        raise TrainingError("No slices are left for training: lower test_share and validation_share.")
    own = [nodule for sample in parts[Part.TRAIN] for nodule in nodules_of(sample)]
    return TrainingData(split, parts[Part.TRAIN], parts[Part.VALIDATION], parts[Part.TEST], crops, own + crops)


def _split(config: TrainingConfig, shared: list[Sample], only_train: list[Sample]) -> Split:
    path = config.output / SPLIT_FILE
    if path.is_file():
        return read_split(path)
    split = split_patients(
        (sample.patient for sample in shared),
        (sample.patient for sample in only_train),
        config.validation_share,
        config.test_share,
        config.seed,
    )
    config.output.mkdir(parents=True, exist_ok=True)
    save_split(split, path)
    return split
