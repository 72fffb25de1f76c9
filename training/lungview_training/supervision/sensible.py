"""Settings that suit so many slices, so that nobody need change any."""

import math
from dataclasses import dataclass

from lungview_training.config import SplitKind

MOST_FROZEN = 4
_FEW, _SOME = 60, 600
_FEWEST_STEPS, _MOST_STEPS = 60, 1500


@dataclass(frozen=True, slots=True)
class SensibleSettings:
    """What the dialog starts with. reasons: a sentence for each choice that a reader may wonder at."""

    epochs: int
    batch_size: int
    learning_rate: float
    freeze: int
    patience: int
    validation_share: float
    test_share: float
    split: SplitKind
    reasons: tuple[str, ...]

    def steps(self, train_slices: int) -> int:
        """Weight updates for so many slices."""
        return steps_for(self.epochs, train_slices, self.batch_size)


def sensible_settings(slice_count: int, patients: int) -> SensibleSettings:
    """Few slices: most of the network stays as it is, small steps, many rounds; many slices: the other way round.

    slice_count: boxed slices. patients: of whom slices are boxed.
    """
    if slice_count <= _FEW:
        epochs, batch, rate, freeze, reason = 40, 8, 3e-4, 2, "few slices: the network's first stages stay as they are"
    elif slice_count <= _SOME:
        epochs, batch, rate, freeze, reason = 20, 16, 5e-4, 1, "all but the network's first stage learns"
    else:
        epochs, batch, rate, freeze, reason = 8, 16, 1e-3, 0, "many slices: the whole network learns"
    validation, test, split, told = _parts(patients)
    return SensibleSettings(
        epochs=epochs,
        batch_size=batch,
        learning_rate=rate,
        freeze=freeze,
        patience=8,
        validation_share=validation,
        test_share=test,
        split=split,
        reasons=(f"{slice_count} boxed slices of {patients} patient{'' if patients == 1 else 's'}: {reason}.", *told),
    )


def steps_for(epochs: int, train_slices: int, batch_size: int) -> int:
    """Weight updates that show so many slices so often, within what makes sense to wait for."""
    wanted = math.ceil(epochs * max(train_slices, 1) / batch_size)
    return min(max(wanted, _FEWEST_STEPS), max(_MOST_STEPS, epochs))


def rhythm_for(steps: int) -> tuple[int, int]:
    """Steps between evaluations, and between checkpoints: about twenty of one and forty of the other."""
    return max(5, round(steps / 20)), max(5, round(steps / 40))


def averaging_for(steps: int) -> float:
    """How slowly the averaged weights follow: over about a tenth of the run."""
    return round(min(0.998, 1 - 10 / max(steps, 20)), 4)


def _parts(patients: int) -> tuple[float, float, SplitKind, tuple[str, ...]]:
    """Shares of validation and test, how to split, and what to say of it."""
    if patients >= 10:
        return 0.15, 0.2, SplitKind.PATIENT, ()
    if patients >= 3:
        share = round(1 / patients, 3)
        return (
            share,
            share,
            SplitKind.PATIENT,
            ("One patient is held back to choose the best weights by, and one for the proof at the end.",),
        )
    return (
        0.15,
        0.2,
        SplitKind.IMAGE,
        (
            "With fewer than three patients, slices are shared out instead of patients: the figures then tell how well "
            "seen patients are remembered, not how new ones will be read.",
        ),
    )
