"""A trial step on a few slices: whether decoding, network and losses go together, how long it takes, what it needs."""

import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from lungview.errors import LungViewError, TrainingError
from lungview.reading.case import open_case
from lungview.task import Task
from lungview_training.case_dataset import case_units
from lungview_training.config import CACHE_OFF, SourceConfig, SourceKind, TrainingConfig
from lungview_training.data import TrainingData
from lungview_training.dataset import image_units
from lungview_training.device_room import is_crowded
from lungview_training.labels import read_labelled
from lungview_training.parallel.group import ALONE
from lungview_training.preflight.report import DryBatch
from lungview_training.preparing import Run, prepare
from lungview_training.samples import Sample
from lungview_training.split import Split
from lungview_training.update.freezing import set_modes

_PICTURES = 32
_ENOUGH = 32
"""Slices; the sources after them are not looked into."""
_STEPS = 2
"""The first one warms up."""


class DryBatchError(TrainingError):
    """The step could not be taken."""


def dry_batch(config: TrainingConfig) -> DryBatch:
    """Take two steps as a run of these settings would; raises DryBatchError where none can be taken."""
    if config.threads:
        torch.set_num_threads(config.threads)
    try:
        samples = _samples(config)
        if not samples:
            raise TrainingError("no slice could be decoded")
        names = frozenset(sample.patient for sample in samples)
        data = TrainingData(Split(names, frozenset(), frozenset()), samples, [])
        with TemporaryDirectory(prefix="lungview-") as folder:
            return _measured(replace(config, output=Path(folder), cache=CACHE_OFF), data)
    except (LungViewError, RuntimeError, ValueError, MemoryError) as error:
        raise DryBatchError(f"A trial step failed: {error}") from error


def _samples(config: TrainingConfig) -> list[Sample]:
    found: list[Sample] = []
    for source in config.sources:
        found += _some(source)
        if len(found) >= _ENOUGH and any(sample.has_lesion for sample in found):
            break
    return found


def _some(source: SourceConfig) -> list[Sample]:
    """Slices of one part with a lesion, or of the first that can be read."""
    if source.kind is SourceKind.CROPS:
        return []
    first: list[Sample] = []
    for samples in _parts(source):
        if any(sample.has_lesion for sample in samples):
            return samples
        first = first or samples
    return first


def _parts(source: SourceConfig) -> Iterator[list[Sample]]:
    if source.kind is SourceKind.LABELS:
        yield read_labelled(source.path, subtype=source.subtype)
        return
    if source.kind is SourceKind.IMAGES:
        units = image_units(source.path, source.subtype, pack_size=_PICTURES)
    else:
        units = case_units(open_case(source.path, Task(), source.annotations), source.subtype)
    for unit in units:
        for batch in unit.read(lambda _: None):
            yield list(batch)


def _measured(config: TrainingConfig, data: TrainingData) -> DryBatch:
    why = is_crowded(config)
    if why:
        config = replace(config, device="cpu")
    run: Run | None = None

    def shrunk(micro_batch: int) -> None:
        assert run is not None
        set_modes(run.network, config, micro_batch)

    run = prepare(config, data, ALONE, shrunk)
    began = time.monotonic()
    for step in range(_STEPS):
        began = time.monotonic()
        run.stepper.step(run.source.batch(step), config.learning_rate, config.seed)
    seconds = time.monotonic() - began
    on_card = torch.cuda.max_memory_allocated(run.device) if run.device.type == "cuda" else 0
    return DryBatch(seconds, run.device.type, _most_memory(), on_card, run.stepper.micro_batch, why)


def _most_memory() -> int:
    """Bytes that this process held at most; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024
