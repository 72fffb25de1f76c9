"""Slices with a bright disc in dark lung, enough for a few training steps."""

from pathlib import Path

import numpy as np

from lungview_training.config import SourceConfig, SourceKind, TrainingConfig
from lungview_training.data import TrainingData
from lungview_training.samples import Nodule, Sample, boxes_of
from lungview_training.split import Split


def phantom(patient: str, number: int, size: int = 64, *, has_lesion: bool = True) -> Sample:
    """Return a chest of an oval body, two lungs and, where asked for, one disc in a lung."""
    random = np.random.default_rng(number)
    rows, columns = np.mgrid[:size, :size] / size
    hu = np.full((size, size), -1000, dtype=np.int16)
    hu[((columns - 0.5) / 0.48) ** 2 + ((rows - 0.5) / 0.4) ** 2 < 1] = 40
    for side in (0.3, 0.7):
        hu[((columns - side) / 0.15) ** 2 + ((rows - 0.5) / 0.3) ** 2 < 1] = -850
    labels = np.zeros((size, size), dtype=np.uint8)
    if has_lesion:
        x, y = random.choice((0.3, 0.7)), random.uniform(0.35, 0.65)
        disc = (columns - x) ** 2 + (rows - y) ** 2 < 0.07**2
        hu[disc], labels[disc] = 30, 1
    return Sample(patient, str(number), hu, labels, boxes_of(labels), has_mask=True)


def nodule(size: int = 32) -> Nodule:
    """Return a disc of 9 pixels in lung."""
    rows, columns = np.mgrid[:size, :size] - size / 2
    mask = rows**2 + columns**2 < 20
    return Nodule("N", np.where(mask, 20, -850).astype(np.int16), mask)


def phantom_data(validation: int = 1) -> TrainingData:
    """Return four training patients, and as many validation patients as asked for."""
    train = [phantom(f"T{k}", 10 * k + i, has_lesion=i < 3) for k in range(4) for i in range(5)]
    held = [phantom(f"V{k}", 1000 + 10 * k + i, has_lesion=i < 3) for k in range(validation) for i in range(5)]
    names = [frozenset(sample.patient for sample in part) for part in (train, held)]
    return TrainingData(Split(names[0], names[1], frozenset()), train, held, [], [nodule()], [nodule()])


def phantom_config(output: Path, steps: int) -> TrainingConfig:
    """Return settings for a short run on the CPU."""
    return TrainingConfig(
        name="phantom",
        output=output,
        sources=(SourceConfig(SourceKind.IMAGES, output),),
        steps=steps,
        batch_size=6,
        learning_rate=2e-3,
        warmup_share=0.01,
        field_size=64,
        image_size=64,
        checkpoint_every=2,
        evaluate_every=4,
        threads=0,
        device="cpu",
    )
