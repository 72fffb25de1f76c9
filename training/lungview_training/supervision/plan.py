"""From what the reader chose in the window to the settings of a run; knows no torch."""

import os
from dataclasses import dataclass
from pathlib import Path

from lungview.detection.context import CHANNEL_COUNTS
from lungview_training.config import SplitKind, TrainingConfig
from lungview_training.supervision.folder_look import FolderLook
from lungview_training.supervision.sensible import SensibleSettings, averaging_for, rhythm_for, steps_for


@dataclass(frozen=True, slots=True)
class BaseModel:
    """A model that a training can go on from. weights: its file; None to begin with an untrained network."""

    name: str
    title: str
    network: str
    weights: Path | None
    in_channels: int = CHANNEL_COUNTS[-1]


@dataclass(frozen=True, slots=True)
class Choices:
    """What the dialog asks. threads: 0 to leave one core to the window."""

    title: str
    base: BaseModel
    annotations: Path | None
    split: SplitKind
    epochs: int
    batch_size: int
    learning_rate: float
    freeze: int
    patience: int
    validation_share: float
    test_share: float
    device: str = "auto"
    seed: int = 1
    threads: int = 0

    @classmethod
    def from_sensible(cls, sensible: SensibleSettings, base: BaseModel, title: str = "") -> "Choices":
        """What a reader need not change."""
        return cls(
            title=title,
            base=base,
            annotations=None,
            split=sensible.split,
            epochs=sensible.epochs,
            batch_size=sensible.batch_size,
            learning_rate=sensible.learning_rate,
            freeze=sensible.freeze if base.weights else 0,
            patience=sensible.patience,
            validation_share=sensible.validation_share,
            test_share=sensible.test_share,
        )


def plan(look: FolderLook, choices: Choices, output: Path) -> TrainingConfig:
    """The settings of the run; what the reader is not asked follows from the number of slices."""
    learned_from = 1 - choices.validation_share - choices.test_share
    steps = steps_for(choices.epochs, round(look.slices * learned_from), choices.batch_size)
    evaluate, checkpoint = rhythm_for(steps)
    return TrainingConfig(
        name=choices.title or "fine-tuned",
        output=output,
        sources=look.sources(choices.annotations),
        network=choices.base.network,
        in_channels=choices.base.in_channels,
        start_from=choices.base.weights,
        steps=steps,
        batch_size=choices.batch_size,
        learning_rate=choices.learning_rate,
        freeze=choices.freeze,
        patience=choices.patience,
        split=choices.split,
        validation_share=choices.validation_share,
        test_share=choices.test_share,
        evaluate_every=evaluate,
        checkpoint_every=checkpoint,
        examples_every=1,
        ema_decay=averaging_for(steps),
        sheet_share=0.0,
        seed=choices.seed,
        device=choices.device,
        threads=choices.threads or max(1, (os.cpu_count() or 2) - 1),
    )
