"""What must be the same for a run to go on, and what tells two data sets apart."""

import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import MISSING, fields

import numpy as np

from lungview_training.config import TrainingConfig
from lungview_training.data import TrainingData
from lungview_training.samples import Sample

_FREE = frozenset(
    {
        *("output", "weights_licence", "threads", "device", "checkpoint_every", "evaluate_every"),
        *("micro_batch", "mixed_precision", "patience", "min_delta", "examples_every", "cache", "cache_gib"),
    }
)
"""Settings that may change while a run is stopped."""

_FIRST = frozenset(
    {
        *("name", "sources", "seed", "steps", "batch_size", "learning_rate", "weight_decay", "warmup_share"),
        *("clip_norm", "ema_decay", "negative_share", "sheet_share", "paste_probability", "validation_share"),
        *("test_share", "field_size", "image_size", "in_channels", "start_from"),
    }
)
"""Settings there have always been. A later one counts from when it is not its default, so that older runs go on."""

_MOST_LOOKED_AT = 256
"""Slices whose pixels go into the data's hash; of a large set to read all would take longer than an epoch."""


def fingerprint(config: TrainingConfig, data: TrainingData) -> str:
    """Of the settings but for what may change, and of who is in which part."""
    defaults = {each.name: each.default for each in fields(TrainingConfig)}
    settings = {
        name: value
        for name, value in config.as_plain().items()
        if name in _FIRST or (name not in _FREE and not _is_default(getattr(config, name), defaults[name]))
    }
    patients = [sorted(part) for part in (data.split.train, data.split.validation, data.split.test)]
    return hashlib.sha256(json.dumps([settings, patients], sort_keys=True, default=str).encode()).hexdigest()


def data_hash(data: TrainingData) -> str:
    """Of every slice's name, part and boxes, and of the pixels of up to 256 slices spread over all."""
    digest = hashlib.sha256()
    for part in (data.train, data.validation, data.test):
        for sample in part:
            digest.update(f"{sample.patient}\0{sample.name}\0{sample.hu.shape}\0{sample.has_mask}".encode())
            digest.update(np.ascontiguousarray(sample.boxes).tobytes())
        digest.update(_pixels(part))
        digest.update(b"part")
    digest.update(f"{len(data.crops)} {len(data.nodules)}".encode())
    return digest.hexdigest()


def _pixels(samples: Sequence[Sample]) -> bytes:
    stride = max(1, len(samples) // _MOST_LOOKED_AT)
    sums = [zlib.crc32(np.ascontiguousarray(sample.hu).tobytes()) for sample in samples[::stride]]
    return json.dumps(sums).encode()


def _is_default(value: object, default: object) -> bool:
    return default is not MISSING and value == default
