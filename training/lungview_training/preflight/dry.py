"""One step on a few slices: whether decoding, network and losses go together, and how long it takes."""

import time
from collections.abc import Iterator

import torch

from lungview.detection.device import choose_device
from lungview.errors import LungViewError, TrainingError
from lungview.reading.case import open_case
from lungview.task import Task
from lungview_training.case_dataset import case_units
from lungview_training.config import SourceConfig, SourceKind, TrainingConfig
from lungview_training.data import TrainingData
from lungview_training.dataset import image_units
from lungview_training.labels import read_labelled
from lungview_training.learners.choose import make_learner
from lungview_training.samples import Sample
from lungview_training.split import Split

_PICTURES = 32
_STEPS = 2
"""The first one warms up."""


class DryBatchError(TrainingError):
    """The step could not be taken."""


def time_of_step(config: TrainingConfig) -> float:
    """Seconds of one step on the first slices that can be read; raises DryBatchError where none can be taken."""
    if config.threads:
        torch.set_num_threads(config.threads)
    try:
        samples = [sample for source in config.sources for sample in _some(source)]
        if not samples:
            raise TrainingError("no slice could be decoded")
        names = frozenset(sample.patient for sample in samples)
        data = TrainingData(Split(names, frozenset(), frozenset()), samples, [])
        return _seconds(config, data)
    except (LungViewError, RuntimeError, ValueError) as error:
        raise DryBatchError(f"A trial step failed: {error}") from error


def _some(source: SourceConfig) -> list[Sample]:
    """Slices of one unit with a lesion, or of the first that can be read."""
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
        yield [sample for batch in unit.read(lambda _: None) for sample in batch]


def _seconds(config: TrainingConfig, data: TrainingData) -> float:
    device = choose_device(config.device)
    learner = make_learner(config)
    network = learner.make_network().to(device).train()
    source = learner.make_source(data)
    began = time.monotonic()
    for step in range(_STEPS):
        began = time.monotonic()
        losses = learner.losses(network, source.batch(step).to(device))
        total = torch.stack(list(losses.values())).sum()
        if not bool(torch.isfinite(total)):
            raise TrainingError("the loss is no number.")
        total.backward()  # type: ignore[no-untyped-call]
    return time.monotonic() - began
