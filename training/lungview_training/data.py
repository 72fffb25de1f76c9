"""Everything a run learns from and is judged by, shared out between its parts."""

import logging
from dataclasses import dataclass, field

from lungview.errors import TrainingError
from lungview.reading.case import open_case
from lungview.task import Task
from lungview_training.case_dataset import case_units, require_some
from lungview_training.config import Role, SourceConfig, SourceKind, TrainingConfig
from lungview_training.dataset import crop_units, image_units, in_order, nodules_from
from lungview_training.grouping import Link
from lungview_training.labelled import tell_left_out
from lungview_training.labels import read_labelled
from lungview_training.patients import repeated_links, source_key
from lungview_training.run_files import SPLIT_FILE
from lungview_training.samples import Nodule, Sample, nodules_of
from lungview_training.shard_store import Listed, ShardStore, open_store, samples_of
from lungview_training.split import Part, Split, save_split, split_of_run
from lungview_training.units import TellLeftOut

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Samples by part. crops: nodules with lung around them. nodules: all that may be pasted.

    left_out: sentences on what could not be read.
    """

    split: Split
    train: list[Sample]
    validation: list[Sample]
    test: list[Sample] = field(default_factory=list)
    crops: list[Nodule] = field(default_factory=list)
    nodules: list[Nodule] = field(default_factory=list)
    left_out: tuple[str, ...] = ()


def read_data(
    config: TrainingConfig, *, with_crops: bool = True, on_left_out: TellLeftOut = tell_left_out
) -> TrainingData:
    """Read the sources and share patients out; a split saved in the output folder is kept.

    Slices come from the cache on disk where the settings allow one, as views of files that need not fit into memory.
    on_left_out: told in a sentence of each file or series that could not be read.
    """
    left_out: list[str] = []

    def leave_out(sentence: str) -> None:
        left_out.append(sentence)
        on_left_out(sentence)

    store = open_store(config)
    shared: list[Sample] = []
    only_train: list[Sample] = []
    crops: list[Nodule] = []
    links: list[Link] = []
    for source in config.sources:
        if source.kind is SourceKind.CROPS:
            crops += read_nodules(source, store, leave_out) if with_crops else []
        else:
            samples, more = _read_source(source, store, leave_out)
            (only_train if source.role is Role.TRAIN else shared).extend(samples)
            links += more
    log.info("read %d slices and %d crops", len(shared) + len(only_train), len(crops))
    split = _split(config, shared, only_train, links)
    parts: dict[Part, list[Sample]] = {part: [] for part in Part}
    for sample in shared + only_train:
        parts[split.part_of_sample(sample)].append(sample)
    if not parts[Part.TRAIN]:
        raise TrainingError("No slices are left for training: lower test_share and validation_share.")
    own = [nodule for sample in parts[Part.TRAIN] for nodule in nodules_of(sample)]
    return TrainingData(
        split, parts[Part.TRAIN], parts[Part.VALIDATION], parts[Part.TEST], crops, own + crops, tuple(left_out)
    )


def read_samples(
    source: SourceConfig, store: ShardStore | None = None, on_left_out: TellLeftOut = tell_left_out
) -> list[Sample]:
    """Every slice of a source of whole slices, from the store where there is one."""
    return _read_source(source, store, on_left_out)[0]


def read_nodules(
    source: SourceConfig, store: ShardStore | None = None, on_left_out: TellLeftOut = tell_left_out
) -> list[Nodule]:
    """Every nodule of a source of crops."""
    return nodules_from(samples_of(crop_units(source.path), store, on_left_out))


def _read_source(source: SourceConfig, store: ShardStore | None, on_left_out: TellLeftOut) -> Listed:
    if source.kind is SourceKind.IMAGES:
        return in_order(samples_of(image_units(source.path, source.subtype), store, on_left_out), source.path), []
    if source.kind is SourceKind.LABELS:
        return read_labelled(source.path, on_left_out, subtype=source.subtype), []
    samples, links = _read_case(source, store, on_left_out)
    return require_some(samples, source.path), links


def _read_case(source: SourceConfig, store: ShardStore | None, on_left_out: TellLeftOut) -> Listed:
    key = source_key(source) if store is not None else ""
    if store is not None and (known := store.listed(key)) is not None:
        return known
    case = open_case(source.path, Task(), source.annotations)
    units, links = case_units(case, source.subtype), repeated_links(case)
    samples = samples_of(units, store, on_left_out)
    if store is not None:
        store.list_units(key, units, links)
    return samples, links


def _split(config: TrainingConfig, shared: list[Sample], only_train: list[Sample], links: list[Link]) -> Split:
    path = config.output / SPLIT_FILE
    is_kept = path.is_file()
    split = split_of_run(config, shared, only_train, links)
    if is_kept:
        return split
    try:
        save_split(split, path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise TrainingError(
            f"The split cannot be written into {config.output.name} ({reason}): free space, or name another output."
        ) from error
    return split
